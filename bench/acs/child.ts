import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const ANSWER_MS = 120_000;
const END_MS = 8000;

/** What a process of the load test does when it is told to: see {@link serve}. */
type Api = Readonly<Record<string, (...args: never[]) => unknown>>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: never[];
}
type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

export interface ChildOptions {
  /** From the project's folder. */
  readonly script: string;
  readonly logFile: string;
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of the load test, whose functions can be called. */
export class Child<Served extends Api> {
  readonly #process: ReturnType<typeof fork>;
  readonly #script: string;
  #calls = 0;

  constructor({ script, logFile, execArgv = [], env }: ChildOptions) {
    this.#script = script;
    this.#process = fork(path.join(ROOT, script), {
      cwd: ROOT,
      execArgv: [...execArgv],
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#process.setMaxListeners(50);
    // It ended while something was being sent to it: whoever calls is told of the end.
    this.#process.on('error', () => {});
    const log = createWriteStream(logFile);
    // Neither may end the file before the other has written its last.
    this.#process.stdout?.pipe(log, { end: false });
    this.#process.stderr?.pipe(log, { end: false });
    this.#process.once('close', () => log.end());
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** @throws what the function threw; or when no answer comes in time, or the process has ended */
  async call<Name extends keyof Served & string>(
    name: Name,
    ...args: Parameters<Served[Name]>
  ): Promise<Awaited<ReturnType<Served[Name]>>> {
    const id = ++this.#calls;
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Served[Name]>>>();
    const fail = () => reject(new Error(`${this.#script} did not answer "${name}" in time, or has ended`));
    const onMessage = (answer: Answer) => {
      if (answer.id !== id) return;
      if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.result as Awaited<ReturnType<Served[Name]>>);
    };
    const timer = setTimeout(fail, ANSWER_MS);
    this.#process.on('message', onMessage).once('exit', fail);
    const request: Request = { id, name, args };
    if (this.#process.connected) this.#process.send(request);
    else fail();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#process.off('message', onMessage).off('exit', fail);
    });
  }

  /** Asks it to end, and kills it where it does not. Idempotent. */
  async close(): Promise<void> {
    if (!this.running) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
  }
}

/** In the child: answers the calls of {@link Child.call}, and ends with the process that makes them. */
export function serve(api: Api): void {
  process.on('message', async ({ id, name, args }: Request) => {
    let answer: Answer;
    try {
      answer = { id, result: await api[name]?.(...args) };
    } catch (error) {
      answer = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(answer);
  });
  process.once('disconnect', () => process.exit(0));
}
