import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { LateLine } from '../disturbances/late-line.ts';
import { type RedisFault, redisFelt } from '../disturbances/redis-order.ts';
import { RespCommands } from './resp-commands.ts';

const order = z.object({
  redis: z
    .object({ fault: z.enum(['slow', 'down', 'silent', 'refused']), amountMs: z.number().min(0).max(600_000) })
    .nullable(),
  redisOrder: z.int(),
});

/** As a Redis answers whose password has changed. */
const NO_AUTH = Buffer.from('-NOAUTH Authentication required.\r\n');
/** Beyond it Redis waits until its client reads. */
const MOST_HELD_BYTES = 4 * 1024 * 1024;

/**
 * The line from the processes of a local stack to their Redis. It passes every byte on as it comes, until somebody wants to
 * hear how it is without Redis, or with a slow one.
 */
export class RedisLine {
  readonly url: string;
  readonly #upstream: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #connections = new Set<RedisConnection>();
  #fault: RedisFault;
  #order = 0;
  #tell: (message: object) => void = () => {};

  private constructor(server: Server, port: number, upstreamUrl: string, clock: Clock) {
    const { hostname, port: upstreamPort } = new URL(upstreamUrl);
    this.url = `redis://127.0.0.1:${port}`;
    this.#upstream = { host: hostname, port: Number(upstreamPort) || 6379 };
    this.#server = server;
    this.#clock = clock;
    server.on('connection', (client) => this.#serve(client));
  }

  /** @param upstreamUrl `redis://host:port` of a Redis that asks for no password */
  static async to(upstreamUrl: string, clock: Clock = systemClock): Promise<RedisLine> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return new RedisLine(server, typeof address === 'object' && address ? address.port : 0, upstreamUrl, clock);
  }

  /**
   * What the emulator has sent; anything else, as that it has ended, has the line whole again.
   * @param reply tells it how often what it wants is felt
   */
  obey(message: unknown, reply: (message: object) => void = () => {}): void {
    const wanted = order.safeParse(message).data;
    this.#tell = reply;
    this.#order = wanted?.redisOrder ?? 0;
    this.become(wanted?.redis ?? undefined);
  }

  become(fault: RedisFault): void {
    const before = this.#fault;
    this.#fault = fault;
    // Who has no right any more is cut off; and whoever was told so connects again once he has it back.
    const breaks = fault?.fault === 'down' || fault?.fault === 'refused' || before?.fault === 'refused';
    for (const connection of this.#connections) {
      if (!breaks) connection.recheck();
      else {
        this.#felt();
        this.#connections.delete(connection);
        connection.close();
      }
    }
  }

  /** Cuts every connection. Idempotent. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#fault?.fault === 'down') {
      this.#felt();
      client.destroy();
      return;
    }
    if (this.#fault?.fault === 'refused') {
      this.#felt();
      refuse(client);
      client.on('close', () => this.#connections.delete(refused));
      const refused: RedisConnection = { close: () => client.destroy(), recheck: () => {} };
      this.#connections.add(refused);
      return;
    }
    const connection: RedisConnection = carry(client, connect(this.#upstream), {
      clock: this.#clock,
      fault: () => this.#fault,
      onFelt: () => this.#felt(),
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  #felt(): void {
    if (this.#fault !== undefined) this.#tell(redisFelt(1, this.#order));
  }
}

interface RedisConnection {
  close(): void;
  /** How it fails has changed. */
  recheck(): void;
}

/** Answers each command that it may not be asked. */
function refuse(client: Socket): void {
  const commands = new RespCommands();
  client.on('data', (chunk: Buffer) => {
    try {
      for (const _ of commands.read(chunk)) client.write(NO_AUTH);
    } catch {
      client.destroy();
    }
  });
}

/** Both ways; what Redis answers is late, or held back, as long as that is wanted. */
function carry(
  client: Socket,
  upstream: Socket,
  {
    clock,
    fault,
    onFelt,
    onClose,
  }: {
    readonly clock: Clock;
    readonly fault: () => RedisFault;
    readonly onFelt: () => void;
    readonly onClose: () => void;
  },
): RedisConnection {
  let heldBytes = 0;
  const answers = new LateLine<Buffer>({
    clock,
    holdBack: () => {
      const wanted = fault();
      if (wanted?.fault === 'slow') return { lateMs: wanted.amountMs };
      return wanted?.fault === 'silent' ? 'all' : undefined;
    },
    hand: (chunk) => {
      heldBytes -= chunk.length;
      if (!client.write(chunk)) upstream.pause();
      else if (heldBytes < MOST_HELD_BYTES) upstream.resume();
    },
  });
  const close = () => {
    answers.clear();
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', close);
  }
  client.on('close', onClose);
  client.on('drain', () => upstream.resume());
  client.pipe(upstream);
  upstream.on('data', (chunk: Buffer) => {
    heldBytes += chunk.length;
    onFelt();
    answers.put(chunk);
    if (heldBytes >= MOST_HELD_BYTES) upstream.pause();
  });
  return { close, recheck: () => answers.recheck() };
}
