import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { whyNotReady } from '../../shared/client/why-not-ready.ts';

/** A host that stands behind, and whether it says that it is ready. */
interface Backend {
  readonly port: number;
  isReady: boolean;
}

const LOOK_EVERY_MS = 500;
const ANSWER_MS = 400;

/**
 * What stands before the hosts, as the ingress of Container Apps does: asks each twice a second whether it is ready, gives new
 * connections to those that are, in turn, and tries the next where one refuses.
 */
const READY_WITHIN_MS = 60_000;

export class Front {
  readonly #server: Server;
  readonly #backends: Backend[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#take(socket));
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  static async listen(port: number): Promise<Front> {
    const front = new Front();
    front.#server.listen(port, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  /** Resolves when the host has said that it is ready. @throws where it does not within a minute */
  async add(port: number): Promise<void> {
    this.#backends.push({ port, isReady: false });
    const giveUpAtMs = performance.now() + READY_WITHIN_MS;
    while (!this.#backends.some((backend) => backend.port === port && backend.isReady)) {
      if (performance.now() > giveUpAtMs) {
        const why = await whyNotReady(`http://127.0.0.1:${port}`);
        throw new Error(`The host on port ${port} did not become ready: ${why}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      await this.#look();
    }
  }

  remove(port: number): void {
    const at = this.#backends.findIndex((backend) => backend.port === port);
    if (at >= 0) this.#backends.splice(at, 1);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #look(): Promise<void> {
    await Promise.all(
      this.#backends.map(async (backend) => {
        const answer = await fetch(`http://127.0.0.1:${backend.port}/readyz`, {
          signal: AbortSignal.timeout(ANSWER_MS),
        }).catch(() => undefined);
        await answer?.body?.cancel();
        backend.isReady = answer?.ok === true;
      }),
    );
  }

  #take(incoming: Socket): void {
    incoming.setNoDelay(true);
    incoming.on('error', () => {});
    this.#keep(incoming);
    const ready = this.#backends.filter(({ isReady }) => isReady);
    this.#next += 1;
    const turn = this.#next % Math.max(1, ready.length);
    this.#pass(incoming, [...ready.slice(turn), ...ready.slice(0, turn)]);
  }

  #pass(incoming: Socket, [backend, ...others]: readonly Backend[]): void {
    if (backend === undefined) {
      incoming.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const outgoing = connect(backend.port, '127.0.0.1');
    outgoing.setNoDelay(true);
    this.#keep(outgoing);
    let isOpen = false;
    outgoing.on('connect', () => {
      isOpen = true;
      incoming.pipe(outgoing).pipe(incoming);
    });
    outgoing.on('error', () => {
      if (!isOpen) this.#pass(incoming, others);
    });
    outgoing.on('close', () => {
      if (isOpen) incoming.destroy();
    });
    incoming.on('close', () => outgoing.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
