import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNotReady } from '../shared/client/why-not-ready.ts';

const ROOT = path.join(import.meta.dirname, '..');
const ANSWER_MS = 120_000;
const READY_MS = 60_000;
const END_MS = 8000;
const KEPT_OUTPUT_CHARS = 4000;

/** What a process of the bench does when it is told to: see {@link serve}. */
type Api = Readonly<Record<string, (...args: never[]) => unknown>>;

/** `id` 0: nobody waits for what comes of it. */
interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: never[];
}
/** `id` 0: not asked for, see {@link ChildOptions.onEvents}. */
type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** How this Node is started once more, in the project's folder. */
export interface ChildCommand {
  readonly name: string;
  readonly args: readonly string[];
  /** Left out: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile?: string;
}

/** A process of the bench, whose functions can be called. */
export class Child<Served extends Api> {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;
  #output = '';

  /** @param onEvents gets what the process tells without having been asked */
  constructor(command: ChildCommand, onEvents?: (events: unknown) => void) {
    const { name, args, env, logFile } = command;
    this.#name = name;
    this.#process = spawn(process.execPath, args, {
      cwd: ROOT,
      env: env ? { PATH: process.env.PATH ?? '', ...env } : process.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    // It ended while something was being sent to it: whoever calls is told of the end.
    this.#process.on('error', (error) => this.#keep(error.message));
    const log = logFile === undefined ? undefined : createWriteStream(logFile);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (text: Buffer) => this.#keep(text.toString()));
      // Neither may end the file before the other has written its last.
      if (log) stream?.pipe(log, { end: false });
    }
    this.#process.on('message', (answer: Answer) => {
      if (answer.id > 0) this.#waiting.get(answer.id)?.(answer);
      else if ('result' in answer) onEvents?.(answer.result);
    });
    this.#process.once('close', () => {
      log?.end();
      for (const told of this.#waiting.values()) told({ id: 0, error: this.#end });
    });
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /**
   * Waits until it answers at a URL of its own.
   * @throws when it does not within a minute, or has ended, or the signal says to stop
   */
  async answersAt(url: string, signal?: AbortSignal): Promise<void> {
    for (const giveUpAtMs = performance.now() + READY_MS; performance.now() < giveUpAtMs && this.running; ) {
      signal?.throwIfAborted();
      const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(100);
    }
    if (!this.running) throw new Error(`Nobody answers at ${url}. ${this.#end}`);
    throw new Error(`Not ready: ${url}: ${await whyNotReady(new URL(url).origin)}. ${this.#output}`);
  }

  /** @throws what the function threw; or when no answer comes in time, or the process has ended */
  async call<Name extends keyof Served & string>(
    name: Name,
    ...args: Parameters<Served[Name]>
  ): Promise<Awaited<ReturnType<Served[Name]>>> {
    const id = ++this.#calls;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const fail = () => resolve({ id, error: `${this.#name} did not answer "${name}" in time` });
    const timer = setTimeout(fail, ANSWER_MS);
    this.#waiting.set(id, resolve);
    this.#send({ id, name, args });
    if (!this.running) resolve({ id, error: this.#end });
    const answer = await promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if ('error' in answer) throw new Error(answer.error);
    return answer.result as Awaited<ReturnType<Served[Name]>>;
  }

  /** Calls a function of which nothing is to be known. */
  tell<Name extends keyof Served & string>(name: Name, ...args: Parameters<Served[Name]>): void {
    this.#send({ id: 0, name, args });
  }

  /** Asks it to end, and kills it where it does not; with `SIGKILL`, without asking. Idempotent. */
  async close(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (!this.running || this.#process.pid === undefined) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
  }

  get #end(): string {
    const { exitCode, signalCode } = this.#process;
    return `${this.#name} has ended: exit code ${signalCode ?? exitCode}\n${this.#output}`;
  }

  #keep(output: string): void {
    this.#output = (this.#output + output).slice(-KEPT_OUTPUT_CHARS);
  }

  #send(request: Request): void {
    if (this.#process.connected) this.#process.send(request);
  }
}

/**
 * In the child: answers the calls of {@link Child.call}, and ends with the process that makes them.
 * @returns tells that process something that it has not asked for
 */
export function serve(api: Api): (events: unknown) => void {
  process.on('message', async ({ id, name, args }: Request) => {
    let answer: Answer;
    try {
      answer = { id, result: await api[name]?.(...args) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    if (id > 0) process.send?.(answer);
  });
  process.once('disconnect', () => process.exit(0));
  return (result) => process.send?.({ id: 0, result });
}
