import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
 * Runs `redis-server` until it ends or our standard input does, which it does however its writer dies: without that, a
 * starter that is killed would leave its Redis behind. $1 is the folder, the rest the server's arguments.
 */
const RUN_WHILE_INPUT_IS_OPEN = `
  folder=$1; shift
  exec 3<&0
  redis-server --dir "$folder" "$@" </dev/null 3<&- &
  server=$!
  { read -r _ <&3; kill "$server"; } &
  watch=$!
  wait "$server"; status=$?
  kill "$watch"
  rmdir "$folder"
  exit "$status"
`;
/** What a shell answers where there is no such program. */
const NOT_FOUND = 127;

/**
 * Starts the `redis-server` on the path, on a loopback port, with nothing kept on disk. It ends with this process,
 * however that ends.
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
  readonly #ended: Promise<End>;
  #lastWords = '';
  #state: 'starting' | 'running' | 'ended' = 'starting';

  constructor(port: number, folder: string, onLost?: (reason: string) => void) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#port = port;
    this.#folder = folder;
    this.#onLost = onLost;
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#process = spawn('sh', ['-c', RUN_WHILE_INPUT_IS_OPEN, 'sh', folder, ...settings], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // A group of its own: Ctrl-C in a terminal reaches the whole group, and Redis must outlive those who use it.
      detached: true,
    });
    this.#process.stdin?.on('error', () => {}); // The shell has ended before us.
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2000);
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error: NodeJS.ErrnoException) => {
        resolve({ reason: error.message, missing: error.code === 'ENOENT' });
      });
      this.#process.once('exit', (code, signal) => {
        resolve({ reason: signal ? `killed by ${signal}` : `exit code ${code}`, missing: code === NOT_FOUND });
      });
    });
    void this.#ended.then(({ reason }) => {
      if (this.#state === 'running') this.#onLost?.(reason);
      this.#state = 'ended';
    });
  }

  /** @returns false where there is no such program */
  async start(): Promise<boolean> {
    const controller = new AbortController();
    const outcome = await Promise.race([
      this.#ended,
      this.#answers(controller.signal),
      delay(START_TIMEOUT_MS, { reason: 'no answer in time', missing: false }, { signal: controller.signal }),
    ]).finally(() => controller.abort());
    if (outcome === 'running') {
      this.#state = 'running';
      return true;
    }
    await this.close();
    if (outcome.missing) return false;
    const lines = this.#lastWords.trim().split('\n').slice(-3).join(' | ');
    throw new DependencyError(
      'redis.start-failed',
      `redis-server on port ${this.#port} did not start (${outcome.reason}). Its last words: ${lines || 'none'}`,
    );
  }

  async close(): Promise<void> {
    this.#state = 'ended';
    this.#process.stdin?.destroy();
    const force = setTimeout(() => this.#killGroup(), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(force);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #killGroup(): void {
    if (this.#process.pid === undefined) return;
    try {
      process.kill(-this.#process.pid, 'SIGKILL');
    } catch {
      // It has ended in this moment.
    }
  }

  async #answers(signal: AbortSignal): Promise<'running'> {
    while (!signal.aborted && !(await isRedisWithFolder(this.#port, this.#folder))) await delay(20);
    return 'running';
  }
}

/** Asks whether the Redis on a loopback port is the one that we started, rather than one that was there before it. */
async function isRedisWithFolder(port: number, folder: string): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write('CONFIG GET dir\r\n');
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(500) });
    return String(answer).includes(basename(folder));
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
