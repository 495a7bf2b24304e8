import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');
const ANSWER_MS = 30_000;
const END_MS = 8000;

export interface ChildOptions {
  /** From the project's folder. */
  readonly script: string;
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** A process of the load test, and the messages to and from it. */
export class Child<Out extends object, In extends { readonly type?: string }> {
  readonly #process: ChildProcess;
  readonly #name: string;

  constructor(options: ChildOptions) {
    this.#name = options.script;
    this.#process = fork(path.join(ROOT, options.script), {
      cwd: ROOT,
      execArgv: [...(options.execArgv ?? [])],
      env: { PATH: process.env.PATH ?? '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const log = createWriteStream(options.logFile);
    // Neither may end the file before the other has written its last.
    this.#process.stdout?.pipe(log, { end: false });
    this.#process.stderr?.pipe(log, { end: false });
    this.#process.once('close', () => log.end());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  tell(message: Out): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Tells it something, and resolves with the next message of this type. @throws when none comes in time */
  async ask<Type extends In['type']>(
    message: Out,
    type: Type,
    withinMs = ANSWER_MS,
  ): Promise<Extract<In, { type: Type }>> {
    const { promise, resolve, reject } = Promise.withResolvers<Extract<In, { type: Type }>>();
    const fail = () => reject(new Error(`${this.#name} did not answer with "${type}" in time, or has ended`));
    const onMessage = (answer: In) => {
      if (answer.type === type) resolve(answer as Extract<In, { type: Type }>);
    };
    const timer = setTimeout(fail, withinMs);
    this.#process.on('message', onMessage);
    this.#process.once('exit', fail);
    this.tell(message);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#process.off('message', onMessage);
      this.#process.off('exit', fail);
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
