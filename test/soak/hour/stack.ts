import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { writeBenchAgent } from '../../../bench/acs/bench-agent.ts';
import { createLog } from '../../../shared/log.ts';
import { freePorts } from '../../../shared/testing/free-ports.ts';
import { SOURCES } from '../../../start/forms.ts';
import { LocalStack } from '../../../start/local-stack.ts';
import { createLogView } from '../../../start/log-lines.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
export const PROCESSES = ['functions', 'stream-host', 'emulator'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** Short, so that what has to expire does while one waits for it. */
export const TTL_SECONDS = 60;
/** Whom callers call, in turn: every third has a speech-to-speech service answer, so that each service is needed. */
export const NUMBERS = ['+15550100', '+15550100', '+15550101'] as const;
const ANSWERED = `numbers:
  "+15550100": { agent: bench, mode: media }
  "+15550101": { agent: bench, mode: voice_live }
`;
/** Of what the log is full while services fail. */
const MOST_KINDS = 2_000;

const answer = z.object({ felt: z.number(), problem: z.string().optional() });

/** `npm start`, as a user has it, but that the emulator's speech, voice and model are scripted. */
export class HourStack {
  readonly folder: string;
  readonly emulatorUrl: string;
  readonly redis: Redis;
  /** Warnings and errors of the log by kind, and how many there were. */
  readonly complaints: ReadonlyMap<string, number>;
  readonly #stack: LocalStack;
  readonly #pids: ReadonlyMap<string, number[]>;

  private constructor(parts: {
    folder: string;
    emulatorUrl: string;
    redisUrl: string;
    stack: LocalStack;
    pids: ReadonlyMap<string, number[]>;
    complaints: ReadonlyMap<string, number>;
  }) {
    this.folder = parts.folder;
    this.emulatorUrl = parts.emulatorUrl;
    this.#stack = parts.stack;
    this.#pids = parts.pids;
    this.complaints = parts.complaints;
    this.redis = new Redis(parts.redisUrl);
    this.redis.on('error', () => {});
  }

  /** @param calls at once */
  static async start(calls: number): Promise<HourStack> {
    const folder = await mkdtemp(path.join(tmpdir(), 'parley-hour-'));
    const pids = new Map<string, number[]>();
    const complaints = new Map<string, number>();
    let redisAddress = '';
    const onLine = (line: string) => {
      appendFileSync(path.join(folder, 'stack.log'), line);
      redisAddress ||= /"redis":"([^"]+)"/.exec(line)?.[1] ?? '';
      const [, name = '', pid] = /started (\S+) \{.*"process":(\d+)/.exec(line) ?? [];
      if (pid !== undefined) pids.set(name, [...(pids.get(name) ?? []), Number(pid)]);
      if (/\b(WARN|ERROR|FATAL)\b/.test(line)) count(complaints, kindOf(line));
    };
    const view = createLogView(onLine, false);
    const log = createLog('start', 'info', { write: (line) => view.show('start', line) });
    const [functions = 0, streamHost = 0, emulator = 0, emulatorTls = 0] = await freePorts(4);
    const agent = await writeBenchAgent(folder);
    await writeFile(path.join(agent.AGENTS_FOLDER, 'numbers.yaml'), ANSWERED);
    const given = {
      ...{ PATH: process.env.PATH, SOAK_FOLDER: folder, NODE_ENV: process.env.NODE_ENV },
      NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'probe.ts')}`,
      ...{ FUNCTIONS_PORT: String(functions), STREAM_HOST_PORT: String(streamHost) },
      ...{ EMULATOR_PORT: String(emulator), EMULATOR_TLS_PORT: String(emulatorTls), EMULATOR_CA_FOLDER: folder },
      ...{ CALL_RECORDS_DIR: path.join(folder, 'records'), SESSION_TTL_SECONDS: String(TTL_SECONDS) },
      ...{ ...agent, MAX_SESSIONS: String(2 * calls + 10), WATCH_AGENTS: 'false' },
    };
    const forms = { ...SOURCES, emulator: { entry: 'test/soak/hour/scripted-emulator.ts', folder: ROOT } };
    const onHopeless = () => log.fatal('a process cannot run with its settings');
    const stack = await LocalStack.start(given, { log, view, onHopeless, forms, identity: false });
    try {
      const refusals = await stack.ready();
      if (refusals.length > 0) throw new Error(`Services refuse the stack: ${JSON.stringify(refusals)}`);
      const emulatorUrl = `http://127.0.0.1:${emulator}`;
      if (redisAddress === '') throw new Error('The stack did not log where its Redis is.');
      return new HourStack({ folder, emulatorUrl, redisUrl: `redis://${redisAddress}`, stack, pids, complaints });
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  /** The process id, as it was started last. */
  pidOf(name: ProcessName): number {
    return this.#pids.get(name)?.at(-1) ?? Number.NaN;
  }

  /** Processes that have ended by themselves, and were started again. */
  get restarts(): string[] {
    return [...this.#pids].flatMap(([name, pids]) => pids.slice(1).map(() => name));
  }

  /** Has something fail, such as `model=slow:7s`, in place of what failed before; '': nothing. @returns how often that was felt */
  async fail(fault: string): Promise<number> {
    const response = await fetch(`${this.emulatorUrl}/emulator/soak-fault`, { method: 'POST', body: fault });
    const { felt, problem } = answer.parse(await response.json());
    if (problem !== undefined) throw new Error(problem);
    return felt;
  }

  /** @param keep its log */
  async close(keep: boolean): Promise<void> {
    this.redis.disconnect();
    await this.#stack.close();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }
}

function count(complaints: Map<string, number>, kind: string): void {
  if (complaints.size < MOST_KINDS || complaints.has(kind)) complaints.set(kind, (complaints.get(kind) ?? 0) + 1);
}

const kindOf = (line: string): string =>
  line
    .split('\n')[0]
    ?.replace(/^\[[^\]]*\] /, '')
    .replace(/(session|call)=\S+/g, '$1=#')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '#')
    .replace(/[\d:.]+/g, '#')
    .slice(0, 150) ?? '';
