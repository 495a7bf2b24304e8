import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../shared/log.ts';
import { type Environment, type LocalPorts, localEnvironment } from './environment.ts';
import type { LogView } from './log-lines.ts';
import { readPorts, requireFreePorts } from './ports.ts';
import { type FoundRedis, findRedis } from './redis.ts';
import { SupervisedProcess } from './supervised-process.ts';

const ROOT = path.join(import.meta.dirname, '..');
const READY_WITHIN_MS = 120_000;

/** The three processes of a deployment, the emulator standing for Azure. Started in this order, none waits for another. */
const ENTRIES = {
  emulator: 'emulator/main.ts',
  functions: 'emulator/functions-host/main.ts',
  'stream-host': 'stream-host/main.ts',
} as const;

/** All of Parley on one machine: a Redis and three processes, which are started again when they die. */
export class LocalStack {
  readonly #log: Logger;
  readonly #redis: FoundRedis;
  readonly #processes: readonly SupervisedProcess[];
  readonly #ports: LocalPorts;

  private constructor(log: Logger, redis: FoundRedis, ports: LocalPorts, processes: readonly SupervisedProcess[]) {
    this.#log = log;
    this.#redis = redis;
    this.#ports = ports;
    this.#processes = processes;
  }

  /**
   * Checks the ports, compiles the page, finds a Redis and spawns the processes.
   * @throws {ConfigError} for a taken port, a bad setting, or a Redis that does not answer
   */
  static async start(given: Environment, log: Logger, view: LogView): Promise<LocalStack> {
    const ports = readPorts(given);
    await requireFreePorts(ports);
    compilePage();
    const redis = await findRedis({ ...(given.REDIS_URL && { url: given.REDIS_URL }), log });
    const env = localEnvironment(given, ports, redis.url);
    const processes = Object.entries(ENTRIES).map(
      ([name, entry]) => new SupervisedProcess({ name, entry: path.join(ROOT, entry), env, log, view }),
    );
    for (const child of processes) child.start();
    return new LocalStack(log, redis, ports, processes);
  }

  get pageUrl(): string {
    return `http://localhost:${this.#ports.streamHost}/`;
  }

  /** Resolves when all three answer that they are ready; rejects after two minutes, naming the one that is not. */
  async ready(): Promise<void> {
    await this.#answers(
      `http://127.0.0.1:${this.#ports.emulator}/readyz`,
      'the emulator, which loads the speech models',
    );
    await this.#answers(`http://127.0.0.1:${this.#ports.functions}/api/v1/health`, 'the functions');
    await this.#answers(`http://127.0.0.1:${this.#ports.streamHost}/readyz`, 'the stream host');
  }

  /** Ends every process and the Redis that was started here. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map((child) => child.close()));
    await this.#redis.close();
  }

  async #answers(url: string, what: string): Promise<void> {
    this.#log.info(`waiting for ${what}`);
    for (const giveUpAt = Date.now() + READY_WITHIN_MS; Date.now() < giveUpAt; await sleep(200)) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) return;
    }
    throw new Error(`Not ready within ${READY_WITHIN_MS / 1000} s: ${what}. The log above says why. (${url})`);
  }
}

/** The page is TypeScript too; browsers want it compiled. */
function compilePage(): void {
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const result = spawnSync(process.execPath, [compiler, '-p', path.join(ROOT, 'web')], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`The page does not compile:\n${result.stdout}${result.stderr}`);
}
