import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import { FaultyLine } from '../testing/faulty-line.ts';

export interface HostOptions {
  readonly name: string;
  readonly port: number;
  /** The folder of Parley that it runs: this one, or another release. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly redisPort: number;
  readonly logFile: string;
}

/** A stream host as a process of its own, which reaches Redis by an address of its own, so that its writes can be told apart. */
export class Host {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly #toRedis: FaultyLine;

  private constructor(options: HostOptions, toRedis: FaultyLine) {
    this.name = options.name;
    this.port = options.port;
    this.#toRedis = toRedis;
    this.process = spawn(process.execPath, [...STREAM_HOST_FLAGS, 'stream-host/main.ts'], {
      cwd: options.folder,
      env: {
        ...{ PATH: process.env.PATH, ...options.env, STREAM_HOST_PORT: String(options.port) },
        REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // However this program ends, nothing of it is left.
    process.once('exit', () => this.process.kill('SIGKILL'));
    const log = createWriteStream(options.logFile, { flags: 'a' });
    this.process.stdout?.pipe(log, { end: false });
    this.process.stderr?.pipe(log, { end: false });
  }

  static async start(options: HostOptions, redisDoorPort: number): Promise<Host> {
    return new Host(options, await FaultyLine.to(options.redisPort, redisDoorPort));
  }

  /** Its connections to Redis, as that sees them. */
  get sources(): ReadonlySet<string> {
    return this.#toRedis.sources;
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Resolves with its exit code, or the signal that has ended it. */
  async ended(withinMs = 120_000): Promise<number | string> {
    if (!this.hasEnded) await once(this.process, 'exit', { signal: AbortSignal.timeout(withinMs) });
    return this.process.exitCode ?? this.process.signalCode ?? '';
  }

  async close(): Promise<void> {
    if (!this.hasEnded) {
      this.process.kill('SIGKILL');
      await this.ended(10_000);
    }
    await this.#toRedis.close();
  }
}
