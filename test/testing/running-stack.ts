import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { mixToMono, parseWav } from '../../shared/audio/wav.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** For what must come, on however busy a machine. */
const PATIENCE_MS = 120_000;
/** A stack that is not ready by then has said why. */
const START_PATIENCE_MS = 150_000;

type ProcessName = 'functions' | 'stream-host' | 'emulator';

/** What `npm start` starts, on ports of its own, as a user would have it: the processes, and their log. */
export class RunningStack {
  readonly log: string[] = [];
  readonly functionsUrl: string;
  readonly streamHostUrl: string;
  readonly emulatorUrl: string;
  readonly #process: ChildProcess;

  private constructor(process_: ChildProcess, ports: Record<'functions' | 'streamHost' | 'emulator', number>) {
    this.#process = process_;
    this.functionsUrl = `http://127.0.0.1:${ports.functions}`;
    this.streamHostUrl = `http://127.0.0.1:${ports.streamHost}`;
    this.emulatorUrl = `http://127.0.0.1:${ports.emulator}`;
    for (const output of [process_.stdout, process_.stderr]) {
      if (output) createInterface({ input: output }).on('line', (line) => this.log.push(line));
    }
  }

  /** @param args of `npm start` */
  static async start(env: Readonly<Record<string, string>> = {}, ...args: string[]): Promise<RunningStack> {
    const free = await freePorts(4);
    const names = ['FUNCTIONS_PORT', 'STREAM_HOST_PORT', 'EMULATOR_PORT', 'EMULATOR_TLS_PORT'];
    const ports = Object.fromEntries(names.map((name, index) => [name, env[name] ?? String(free[index])]));
    const child = spawn(process.execPath, ['start/main.ts', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, REDIS_URL: '', ...env, ...ports },
    });
    const stack = new RunningStack(child, {
      functions: Number(ports.FUNCTIONS_PORT),
      streamHost: Number(ports.STREAM_HOST_PORT),
      emulator: Number(ports.EMULATOR_PORT),
    });
    try {
      await stack.logged(/ready\. Talk with the agent/, 0, START_PATIENCE_MS);
    } catch (error) {
      await stack.close();
      throw error;
    }
    return stack;
  }

  /** Of the Redis that this stack has started for itself. */
  get redisUrl(): string {
    const address = /"redis":"([^"]+)"/.exec(this.log.join('\n'))?.[1];
    if (address === undefined) throw new Error('The stack did not log where its Redis is.');
    return `redis://${address}`;
  }

  /** The first line of the log, from line `from` on, that matches. Rejects with the log's end when none comes. */
  async logged(pattern: RegExp, from = 0, patienceMs = PATIENCE_MS): Promise<string> {
    for (const giveUpAt = Date.now() + patienceMs; Date.now() < giveUpAt; await sleep(50)) {
      const line = this.log.slice(from).find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      if (this.#process.exitCode !== null) break;
    }
    throw new Error(`The stack never logged ${pattern}. Its last lines:\n${this.log.slice(-30).join('\n')}`);
  }

  /** Kills one of the processes outright, as a crash would. */
  async kill(name: ProcessName): Promise<void> {
    process.kill(this.pidOf(name), 'SIGKILL');
  }

  /** The process id, as it was started last. */
  pidOf(name: ProcessName): number {
    const started = this.log.findLast((line) => line.includes(`started ${name} {`)) ?? '';
    const pid = Number(/"process":(\d+)/.exec(started)?.[1]);
    if (!pid) throw new Error(`The log does not tell the process ${name}.`);
    return pid;
  }

  /** Runs `npm run call` against this stack. Its events, parsed, and what it has to say against them. */
  async call(...args: string[]): Promise<{ exitCode: number; events: Record<string, unknown>[]; problems: string }> {
    const urls = [
      '--emulator',
      this.emulatorUrl,
      '--functions',
      this.functionsUrl,
      '--stream-host',
      this.streamHostUrl,
    ];
    const { exitCode, stdout, stderr } = await run(process.execPath, [
      'emulator/phone/cli.ts',
      '--json',
      ...urls,
      ...args,
    ]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    return { exitCode, events, problems: stderr + lines.filter((_, at) => isProblem(events[at])).join('\n') };
  }

  /** Somebody's words, as they sound: samples at 16 kHz. */
  async record(text: string, voice = 'awb'): Promise<Int16Array> {
    const response = await fetch(`${this.emulatorUrl}/emulator/say`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text, voice }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) throw new Error(`The emulator would not speak: ${response.status} ${await response.text()}`);
    return mixToMono(parseWav(new Uint8Array(await response.arrayBuffer())));
  }

  async getJson(address: string): Promise<Record<string, unknown>> {
    const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await response.json()) as Record<string, unknown>;
  }

  /** `POST calls/…`. @throws where the answer is a refusal */
  async askOfCalls(route: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.functionsUrl}/api/v1/calls/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`POST calls/${route}: ${response.status} ${answer}`);
    return JSON.parse(answer) as Record<string, unknown>;
  }

  /** Ctrl-C. Resolves with the exit code once everything has ended. `STACK_LOGS=folder` keeps what it has logged. */
  async close(): Promise<number | null> {
    const { STACK_LOGS } = process.env;
    if (STACK_LOGS) writeFileSync(path.join(STACK_LOGS, `${this.#process.pid}.log`), this.log.join('\n'));
    if (this.#process.exitCode !== null) return this.#process.exitCode;
    this.#process.kill('SIGINT');
    const [code] = (await once(this.#process, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [number | null];
    return code;
  }
}

const isProblem = (event: Record<string, unknown> | undefined) => /^(missed|failed)$/.test(String(event?.event));

async function run(command: string, args: readonly string[]) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const [exitCode] = (await once(child, 'close')) as [number];
  return { exitCode, stdout, stderr };
}
