import { connect, createServer, type Server, type Socket } from 'node:net';
import { listening } from '../../../shared/testing/listening.ts';

/** A piece of wire between a client and a server on this machine, which a test can cut, block and mend. */
export class Line {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'works' | 'stalls' | 'refuses' = 'works';
  connections = 0;
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(port: number): Promise<Line> {
    // As the web sockets at both ends: small messages that wait for one another are 40 ms late.
    const server = createServer({ noDelay: true });
    const line = new Line(server, await listening(server));
    server.on('connection', (client) => line.#join(client, port));
    return line;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  /** Cuts every connection; new ones work. */
  drop(): void {
    for (const socket of this.#sockets) {
      // A socket that has begun to close cannot be reset: Node then keeps its handle, and spins at the exit for ever.
      if (socket.connecting || socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Cuts every connection and every new one, until {@link mend}. */
  goAway(): void {
    this.#state = 'refuses';
    this.drop();
  }

  /** Bytes are swallowed in both directions, as by a firewall that has forgotten the connection. */
  stall(): void {
    this.#state = 'stalls';
  }

  mend(): void {
    this.#state = 'works';
  }

  close(): void {
    this.drop();
    this.#server.close();
  }

  #join(client: Socket, port: number): void {
    this.connections += 1;
    if (this.#state === 'refuses') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (bytes) => void (this.#state === 'works' && to.write(bytes)));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
