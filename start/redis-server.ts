import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DependencyError } from '../shared/errors.ts';

/** A Redis that is ours alone and ends with us. */
export interface PrivateRedis {
  readonly url: string;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 5000;
const STOP_TIMEOUT_MS = 2000;
/** Between finding a free port and taking it, somebody else can. */
const PORT_ATTEMPTS = 3;

/**
 * Starts the `redis-server` on the path, on a loopback port, with nothing kept on disk.
 *
 * @param options.port 0, the default: any free one
 * @param options.onLost is told when it ends without having been closed
 * @returns undefined where there is no `redis-server`
 * @throws {DependencyError} `redis.start-failed`
 */
export async function startRedisServer(
  options: { readonly port?: number; readonly onLost?: (reason: string) => void } = {},
): Promise<PrivateRedis | undefined> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort());
    const server = new RedisServer(port, await mkdtemp(join(tmpdir(), 'parley-redis-')), options.onLost);
    try {
      return (await server.start()) ? server : undefined;
    } catch (error) {
      if (options.port || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

interface End {
  readonly reason: string;
  /** There is no such program. */
  readonly missing: boolean;
}

class RedisServer implements PrivateRedis {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #onLost: ((reason: string) => void) | undefined;
  readonly #killWithUs = () => this.#process.kill('SIGKILL');
  readonly #ended: Promise<End>;
  #lastWords = '';
  #state: 'starting' | 'running' | 'ended' = 'starting';

  constructor(port: number, folder: string, onLost?: (reason: string) => void) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#onLost = onLost;
    this.#process = spawn(
      'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
      // A group of its own: Ctrl-C in a terminal reaches the whole group, and Redis must outlive those who use it.
      { stdio: ['ignore', 'pipe', 'ignore'], detached: process.platform !== 'win32' },
    );
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2000);
    });
    process.once('exit', this.#killWithUs);
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error: NodeJS.ErrnoException) => {
        resolve({ reason: error.message, missing: error.code === 'ENOENT' });
      });
      this.#process.once('exit', (code, signal) => {
        resolve({ reason: signal ? `killed by ${signal}` : `exit code ${code}`, missing: false });
      });
    });
    void this.#ended.then(({ reason }) => this.#afterEnd(reason));
  }

  /** @returns false where there is no such program */
  async start(): Promise<boolean> {
    const controller = new AbortController();
    const outcome = await Promise.race([
      this.#ended,
      this.#answers(controller.signal),
      delay(START_TIMEOUT_MS, { reason: 'no answer in time', missing: false }, { signal: controller.signal }),
    ]).finally(() => controller.abort());
    if (outcome !== 'running') {
      await this.close();
      if (outcome.missing) return false;
      throw new DependencyError('redis.start-failed', this.#complaint(outcome.reason));
    }
    this.#state = 'running';
    return true;
  }

  async close(): Promise<void> {
    this.#state = 'ended';
    process.removeListener('exit', this.#killWithUs);
    if (this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGTERM');
      const force = setTimeout(this.#killWithUs, STOP_TIMEOUT_MS);
      await this.#ended;
      clearTimeout(force);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #afterEnd(reason: string): void {
    if (this.#state !== 'running') return;
    void this.close();
    this.#onLost?.(reason);
  }

  #complaint(outcome: string): string {
    const lines = this.#lastWords.trim().split('\n').slice(-3).join(' | ');
    return `redis-server on port ${this.#port} did not start (${outcome}). Its last words: ${lines || 'none'}`;
  }

  async #answers(signal: AbortSignal): Promise<'running'> {
    while (!signal.aborted) {
      if (await isRedis(this.#port, this.#process.pid)) break;
      await delay(20);
    }
    return 'running';
  }
}

/** Asks whether the Redis that listens on a loopback port is the one that we started. */
async function isRedis(port: number, pid: number | undefined): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write('INFO server\r\n');
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(500) });
    return String(answer).includes(`process_id:${pid}\r\n`);
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
