import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `down`: nobody answers there. `slow`: whatever is sent is taken, and nothing comes back. `stalled`: the same, and nobody
 * who is connected is told. A number: each request is answered with that HTTP status.
 */
export type LineFault = 'none' | 'down' | 'slow' | 'stalled' | number;

/** A line to a service on this machine that fails when told to. */
export class FaultyLine {
  readonly port: number;
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #fault: LineFault = 'none';

  private constructor(server: Server, port: number, target: number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on('connection', (socket) => this.#take(socket));
  }

  /** @param target the loopback port that it leads to */
  static async to(target: number, port = 0): Promise<FaultyLine> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return new FaultyLine(server, typeof address === 'object' && address ? address.port : port, target);
  }

  /** From now on, for those who are connected, too: they are cut off, but where it stalls. */
  become(fault: LineFault): void {
    this.#fault = fault;
    for (const socket of this.#sockets) {
      if (fault === 'stalled') socket.unpipe().resume();
      else socket.destroy();
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(incoming: Socket): void {
    this.#keep(incoming);
    const fault = this.#fault;
    if (fault === 'down') incoming.destroy();
    else if (fault === 'slow' || fault === 'stalled') incoming.resume();
    else if (fault !== 'none') {
      incoming.once('data', () =>
        incoming.end(`HTTP/1.1 ${fault} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
      );
    } else {
      const outgoing = connect(this.#target, '127.0.0.1');
      this.#keep(outgoing);
      incoming.on('close', () => outgoing.destroy());
      outgoing.on('close', () => incoming.destroy());
      incoming.pipe(outgoing).pipe(incoming);
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
