import type { Worker } from 'node:worker_threads';
import { endWorker } from '../../shared/audio/end-worker.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';

/** A thread that answers nothing for so long hangs. An answer takes a fraction of a second at most. */
const REPLY_TIMEOUT_MS = 5_000;
/** Reading and compiling a model takes half a second, on a crowded machine several. */
const START_TIMEOUT_MS = 20_000;
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;

interface SupervisedWorkerOptions<Answer> {
  /** For the log. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts a thread, the first one and each that replaces it. Its first message says that it is up. */
  start(): Worker;
  /** The thread is up, or has answered, and can take the next question. */
  onMessage(message: Answer): void;
  /** The thread died or hung, and what it was asked is lost. A new one is on its way. */
  onCrash(cause: Error): void;
}

/**
 * One worker thread that is asked one thing at a time, and started again (after 100 ms, doubling up to 10 s) for as long
 * as it is not closed. A thread that hangs is ended, and is then one that died.
 */
export class SupervisedWorker<Question, Answer> {
  readonly #options: SupervisedWorkerOptions<Answer>;
  #worker: Worker | undefined;
  #state: 'starting' | 'idle' | 'busy' | 'waiting' | 'closed' = 'waiting';
  #cancelTimer: Cancel = () => undefined;
  #restartMs = RESTART_MIN_MS;
  #restarts = 0;

  constructor(options: SupervisedWorkerOptions<Answer>) {
    this.#options = options;
    this.#start();
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Asks what is answered by one message. Only when {@link isIdle}. */
  ask(question: Question): void {
    if (!this.#worker || this.#state !== 'idle') throw new Error(`the ${this.#options.name} thread is not idle`);
    this.#state = 'busy';
    this.#limit(REPLY_TIMEOUT_MS);
    this.#worker.postMessage(question);
  }

  /** Says what is not answered. A thread that is not up does not hear it. */
  tell(message: Question): void {
    if (this.#state === 'idle' || this.#state === 'busy') this.#worker?.postMessage(message);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#cancelTimer();
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker) await endWorker(worker);
  }

  #start(): void {
    const worker = this.#options.start();
    this.#worker = worker;
    this.#state = 'starting';
    this.#limit(START_TIMEOUT_MS);
    let failure: Error | undefined;
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('message', (message: Answer) => {
      if (worker === this.#worker) this.#receive(message);
    });
    worker.on('exit', (code) => {
      if (worker === this.#worker) this.#crashed(failure ?? new Error(`exit code ${code}`));
    });
  }

  #receive(message: Answer): void {
    this.#cancelTimer();
    if (this.#state === 'busy') this.#restartMs = RESTART_MIN_MS;
    this.#state = 'idle';
    this.#options.onMessage(message);
  }

  #crashed(cause: Error): void {
    const { name, clock, log, onCrash } = this.#options;
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(delayMs * 2, RESTART_MAX_MS);
    this.#restarts += 1;
    this.#worker = undefined;
    this.#state = 'waiting';
    this.#cancelTimer();
    this.#cancelTimer = clock.after(delayMs, () => this.#start());
    log.error({ err: cause, restartInMs: delayMs }, `the ${name} thread died`);
    onCrash(cause);
  }

  /** A thread that hangs counts as dead at once. When it really ends, as it may never, is nobody's concern. */
  #limit(timeoutMs: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(timeoutMs, () => {
      const worker = this.#worker;
      if (!worker) return;
      void endWorker(worker);
      this.#crashed(new Error(`no answer within ${timeoutMs} ms`));
    });
  }
}
