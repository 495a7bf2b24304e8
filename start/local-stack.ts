import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RedisLine } from '../emulator/redis-proxy/redis-line.ts';
import { ParleyClient } from '../shared/client/client.ts';
import { whyNotReady } from '../shared/client/why-not-ready.ts';
import type { Logger } from '../shared/log.ts';
import { STREAM_HOST_FLAGS } from '../shared/stream-host-flags.ts';
import { requireGoodAgents } from './agents.ts';
import { DEFAULT_PORTS, type Environment, type LocalPorts, localEnvironment } from './environment.ts';
import { type Forms, SOURCES } from './forms.ts';
import { clientIdOf, prepareIdentity, withoutKeys } from './identity.ts';
import type { LogView } from './log-lines.ts';
import { findFreePort, portProblems, readPorts, requireFreePorts } from './ports.ts';
import { type FoundRedis, findRedis } from './redis.ts';
import { idleSettings, mistypedSettings, requireGoodSettings } from './settings.ts';
import { SupervisedProcess } from './supervised-process.ts';

const ROOT = path.join(import.meta.dirname, '..');
const READY_WITHIN_MS = 120_000;
/** Once a service has refused us: how long the others are waited for, so that all that is to be mended is told at once. */
const REST_WITHIN_MS = 10_000;

/** How long the stream host lets calls go on once it is asked to end. */
const drainMsOf = ({ DRAIN_LIMIT_SECONDS: limitS, DRAIN_MS: ms }: Environment): number =>
  limitS ? Number(limitS) * 1000 : Number(ms || 0);

/** The three processes of a deployment, the emulator standing for Azure. */
type Processes = Readonly<Record<keyof Forms, SupervisedProcess>>;

export interface LocalStackOptions {
  readonly log: Logger;
  readonly view: LogView;
  /** A process ended because it cannot run with its settings, or the private Redis for good. */
  readonly onHopeless: () => void;
  /** What the processes run; the sources, when not given. */
  readonly forms?: Forms;
  /** No process gets a key: they show tokens of a managed identity, as in Azure. */
  readonly identity: boolean;
}

/** All of Parley on one machine: a Redis and three processes, which are started again when they die. */
export class LocalStack {
  readonly #log: Logger;
  readonly #redis: FoundRedis;
  /** Through which the processes reach a Redis that was started here. */
  readonly #redisLine: RedisLine | undefined;
  readonly #processes: Processes;
  readonly #ports: LocalPorts;
  /** Whether they are running from the beginning. */
  readonly #hasFunctions: boolean;

  private constructor(
    log: Logger,
    redis: { readonly found: FoundRedis; readonly line: RedisLine | undefined },
    ports: LocalPorts,
    processes: Processes,
    hasFunctions: boolean,
  ) {
    this.#log = log;
    this.#redis = redis.found;
    this.#redisLine = redis.line;
    this.#ports = ports;
    this.#processes = processes;
    this.#hasFunctions = hasFunctions;
  }

  /**
   * Checks settings and ports, compiles the page of the sources, finds a Redis, and spawns the emulator and the functions.
   * @throws {ConfigError} for a taken port, a bad setting or agent, or a Redis that does not answer
   */
  static async start(given: Environment, options: LocalStackOptions): Promise<LocalStack> {
    const { log, view, onHopeless, forms = SOURCES } = options;
    const ports = readPorts(given);
    const identity = options.identity
      ? await prepareIdentity(given, ROOT, await findFreePort(given.EMULATOR_REDIS_PORT))
      : undefined;
    const environment = (redisUrl: string) => {
      const env = localEnvironment(given, ports, redisUrl);
      return identity ? withoutKeys(env, identity, ports) : env;
    };
    // The Redis is found later; one that was given is checked then.
    const checked = environment(given.REDIS_URL || 'redis://127.0.0.1');
    requireGoodSettings(checked, portProblems(given));
    for (const text of [...mistypedSettings(given), ...idleSettings(given)]) log.warn(text);
    await requireGoodAgents(checked);
    await requireFreePorts(ports);
    if (forms === SOURCES) await compilePage();
    const redis = await findRedis({ ...(given.REDIS_URL && { url: given.REDIS_URL }), log, onHopeless });
    // One of the user's own is left alone: it may ask for more than a line through here has.
    const line = redis.kind === 'given' ? undefined : await RedisLine.to(redis.url);
    const env = environment(line?.url ?? redis.url);
    const supervise = (name: keyof Processes, flags: readonly string[] = [], drainMs = 0) =>
      new SupervisedProcess({
        ...{ ...forms[name], name, flags, drainMs, log, view, onHopeless },
        // What somebody who calls wants to go wrong with it.
        onMessage: name === 'emulator' && line ? (message, reply) => line.obey(message, reply) : undefined,
        env: identity ? { AZURE_CLIENT_ID: clientIdOf(name), ...env } : env,
      });
    const processes: Processes = {
      emulator: supervise('emulator'),
      functions: supervise('functions'),
      'stream-host': supervise('stream-host', STREAM_HOST_FLAGS, drainMsOf(env)),
    };
    processes.emulator.start();
    // With identities it would ask for tokens at once, and there is nobody yet who gives them.
    if (!identity) processes.functions.start();
    return new LocalStack(log, { found: redis, line }, ports, processes, !identity);
  }

  get pageUrl(): string {
    return `http://localhost:${this.#ports.streamHost}/`;
  }

  /** What calls the agent from a terminal. */
  get callCommand(): string {
    const options = { emulator: 'emulator', functions: 'functions', streamHost: 'stream-host' } as const;
    const moved = (['emulator', 'functions', 'streamHost'] as const).filter(
      (name) => this.#ports[name] !== DEFAULT_PORTS[name],
    );
    const where = moved.map((name) => `--${options[name]} http://127.0.0.1:${this.#ports[name]} `).join('');
    return `npm run call -- ${where}--say "What is the status of order 1042?"`;
  }

  /**
   * Starts the stream host too, and resolves when all three answer that they are ready, or a service refuses one of them,
   * which waiting does not mend; rejects where one of them takes more than two minutes, naming it. The stream host could start with the others and wait for speech by itself, as it
   * does when the emulator dies, but then each start would begin with warnings.
   * @returns which services refuse the stream host
   */
  async ready(): Promise<readonly Refusal[]> {
    const { emulator, functions, streamHost } = this.#ports;
    if (!this.#hasFunctions) {
      await this.#answers(`http://127.0.0.1:${emulator}/healthz`, 'the emulator');
      this.#processes.functions.start();
    }
    await this.#answers(`http://127.0.0.1:${emulator}/readyz`, 'the emulator, which loads the speech models');
    this.#processes['stream-host'].start();
    await this.#answers(`http://127.0.0.1:${functions}/api/v1/health`, 'the functions');
    return this.#answers(`http://127.0.0.1:${streamHost}/readyz`, 'the stream host', () =>
      refusalsAt(`http://127.0.0.1:${streamHost}`),
    );
  }

  /** Ends every process and the Redis that was started here. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#processes).map((child) => child.close()));
    await this.#redisLine?.close();
    await this.#redis.close();
  }

  async #answers(
    url: string,
    what: string,
    refusals: () => Promise<Refusals> = async () => NONE,
  ): Promise<readonly Refusal[]> {
    const startedAt = Date.now();
    let firstMs: number | undefined;
    for (let attempt = 1; Date.now() < startedAt + READY_WITHIN_MS; attempt++) {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) return [];
      const { refused, complete } = answer === undefined ? NONE : await refusals();
      if (refused.length > 0) {
        firstMs ??= Date.now();
        if (complete || Date.now() > firstMs + REST_WITHIN_MS) return refused;
      }
      if (attempt === 1) this.#log.info(`waiting for ${what}`);
      await sleep(200);
    }
    const why = await whyNotReady(new URL(url).origin);
    throw new Error(`Not ready within ${READY_WITHIN_MS / 1000} s: ${what}: ${why}. The log above says more. (${url})`);
  }
}

/** A service that does not take what the settings show it. */
export interface Refusal {
  readonly name: string;
  /** What to do, in one line. */
  readonly advice: string;
}

/** All of them in one line, with where they are shown. */
export const toldRefusals = (refusals: readonly Refusal[], pageUrl: string): string => {
  const told = refusals.map(({ name, advice }) => `${name}: ${advice}`).join(' ');
  return `Not ready, as a service does not take us. ${told} The page shows it: ${pageUrl}`;
};

interface Refusals {
  readonly refused: readonly Refusal[];
  /** Every service has been asked once. */
  readonly complete: boolean;
}

const NONE: Refusals = { refused: [], complete: true };

async function refusalsAt(baseUrl: string): Promise<Refusals> {
  const { api } = new ParleyClient({ baseUrl, timeoutMs: 2000 });
  const { data } = await api.GET('/api/v1/health/dependencies').catch(() => ({ data: undefined }));
  const dependencies = data?.dependencies ?? [];
  const refused = dependencies.filter(({ state }) => state === 'refused');
  return {
    refused: refused.map(({ name, advice = '' }) => ({ name, advice })),
    complete: dependencies.every(({ state, ageMs }) => state === 'not configured' || ageMs !== undefined),
  };
}

/** The page is TypeScript too; browsers want it compiled. What it was compiled of stands beside it: the next start compiles what has changed. */
async function compilePage(): Promise<void> {
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const kept = ['--incremental', '--tsBuildInfoFile', path.join(ROOT, 'dist/page.tsbuildinfo')];
  await promisify(execFile)(process.execPath, [compiler, '-p', path.join(ROOT, 'web'), ...kept]).catch((failure) => {
    throw new Error(`The page does not compile:\n${failure.stdout}${failure.stderr}`);
  });
}
