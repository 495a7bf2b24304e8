import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `down`: nobody answers there. `slow`: whatever is sent is taken, and nothing comes back. `stalled`: the same, and nobody
 * who is connected is told. A number: each request is answered with that HTTP status.
 */
export type LineFault = 'none' | 'down' | 'slow' | 'stalled' | number;

/** A line to a port of this machine, which passes connections on as they are; leads elsewhere, is cut or fails when told to. */
export class FaultyLine {
  readonly port: number;
  /** Local addresses of all connections that it has made, as their other end sees them. */
  readonly sources = new Set<string>();
  readonly #server: Server;
  /** With the port that each leads to. */
  readonly #sockets = new Map<Socket, number>();
  #target: number;
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

  /** Leaves every connection as it is, and sends new ones to another port. */
  sendNewTo(target: number): void {
    this.#target = target;
  }

  /** Cuts the connections that lead to a port. */
  cut(target: number): void {
    for (const [socket, to] of this.#sockets) if (to === target) socket.destroy();
  }

  /** From now on, for those who are connected, too: they are cut off, but where it stalls. */
  become(fault: LineFault): void {
    this.#fault = fault;
    for (const socket of this.#sockets.keys()) {
      if (fault === 'stalled') socket.unpipe().resume();
      else socket.destroy();
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
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
      const outgoing = connect(this.#target, '127.0.0.1', () => {
        this.sources.add(`${outgoing.localAddress}:${outgoing.localPort}`);
      });
      this.#keep(outgoing);
      incoming.on('close', () => outgoing.destroy());
      outgoing.on('close', () => incoming.destroy());
      incoming.pipe(outgoing).pipe(incoming);
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.set(socket, this.#target);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
