import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What stands in front of replicas, or between one of them and something else: passes connections on as they are, and
 * cuts them when told to.
 */
export class Balancer {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly target: number; cut(): void }>();
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

  /** Cuts the connections that lead to a port. */
  cut(target: number): void {
    for (const pair of this.#pairs) if (pair.target === target) pair.cut();
  }

  async close(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const pair of this.#pairs) pair.cut();
    await closed;
  }

  #pass(incoming: Socket): void {
    const target = this.#target;
    const outgoing = connect(target, '127.0.0.1', () => {
      this.sources.add(`${outgoing.localAddress}:${outgoing.localPort}`);
    });
    const pair = {
      target,
      cut: () => {
        this.#pairs.delete(pair);
        incoming.destroy();
        outgoing.destroy();
      },
    };
    this.#pairs.add(pair);
    for (const socket of [incoming, outgoing]) {
      socket.setNoDelay(true);
      // Whichever end goes, the other goes with it.
      socket.on('error', () => {});
      socket.on('close', pair.cut);
    }
    incoming.pipe(outgoing).pipe(incoming);
  }
}
