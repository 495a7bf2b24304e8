import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What stands in front of replicas, or between one of them and something else: passes connections on as they are, and
 * cuts them when told to.
 */
export class Balancer {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Local addresses of all connections that it has made, as their other end sees them. */
  readonly sources = new Set<string>();
  #target: number;

  /** Where it listens. */
  readonly port: number;

  private constructor(port: number, target: number) {
    this.port = port;
    this.#target = target;
    this.#server = createServer((socket) => this.#pass(socket));
  }

  /** @param target the loopback port that new connections go to */
  static async listen(port: number, target: number): Promise<Balancer> {
    const balancer = new Balancer(port, target);
    balancer.#server.listen(port, '127.0.0.1');
    await once(balancer.#server, 'listening');
    return balancer;
  }

  /** Leaves every connection as it is, and sends new ones to another port. */
  sendNewTo(target: number): void {
    this.#target = target;
  }

  /** Cuts every connection, and sends new ones to another port. */
  moveTo(target: number): void {
    this.#target = target;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.moveTo(this.#target);
    await closed;
  }

  #pass(incoming: Socket): void {
    const outgoing = connect(this.#target, '127.0.0.1', () => {
      this.sources.add(`${outgoing.localAddress}:${outgoing.localPort}`);
    });
    const pair = [incoming, outgoing] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      // Whichever end goes, the other goes with it.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    incoming.pipe(outgoing).pipe(incoming);
  }
}
