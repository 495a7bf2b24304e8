import { Worker } from 'node:worker_threads';
import { disableOnnxTelemetry } from '../../../shared/audio/onnx-telemetry.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import type {
  EndOfTurnMethod,
  EndOfTurnSettings,
  FromEndOfTurnWorker,
  ToEndOfTurnWorker,
} from './end-of-turn-messages.ts';

/** A judgement takes a fraction of a second even on WASM. A thread that is silent for this long hangs. */
const REPLY_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 20_000;
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;

export interface EndOfTurnThreadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: EndOfTurnSettings;
  readonly startWorker?: ((settings: EndOfTurnSettings) => Worker) | undefined;
  onAnswer(probability: number, computeMs: number): void;
  /** The thread can take the next audio. */
  onIdle(): void;
  /** The thread died or hung, and what it was asked is lost. A new one is on its way. */
  onCrash(): void;
  /** The model is given up; prosody judges from now on. Told once at most. */
  onModelFailure(reason: string): void;
}

/**
 * One worker thread, started again (100 ms, doubling up to 10 s) for as long as it is not closed: without the model once
 * that has failed, or the thread has died of it, as a caller is served better by half a judgement than by none.
 */
export class EndOfTurnThread {
  readonly #options: EndOfTurnThreadOptions;
  #settings: EndOfTurnSettings;
  #worker: Worker | undefined;
  #state: 'starting' | 'idle' | 'busy' | 'waiting' | 'closed' = 'waiting';
  #method: EndOfTurnMethod = 'prosody';
  #cancelTimer: Cancel = () => undefined;
  #restartMs = RESTART_MIN_MS;
  #restarts = 0;

  constructor(options: EndOfTurnThreadOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#start();
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get method(): EndOfTurnMethod {
    return this.#method;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Hands audio over; it is gone from this thread then. Only when {@link isIdle}. */
  judge(samples: Int16Array<ArrayBuffer>): void {
    if (!this.#worker || this.#state !== 'idle') throw new Error('the end-of-turn thread is not idle');
    this.#state = 'busy';
    this.#limit(REPLY_TIMEOUT_MS);
    const message: ToEndOfTurnWorker = { samples };
    this.#worker.postMessage(message, [samples.buffer]);
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#cancelTimer();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): void {
    const settings = this.#settings;
    disableOnnxTelemetry();
    const worker =
      this.#options.startWorker?.(settings) ??
      new Worker(siblingModule('./end-of-turn.worker', import.meta.url), { workerData: settings });
    this.#worker = worker;
    this.#state = 'starting';
    this.#limit(START_TIMEOUT_MS);
    let failure: Error | undefined;
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('message', (message: FromEndOfTurnWorker) => {
      if (worker === this.#worker) this.#receive(message);
    });
    worker.on('exit', (code) => {
      if (worker === this.#worker) this.#crashed(failure ?? new Error(`exit code ${code}`));
    });
  }

  #receive(message: FromEndOfTurnWorker): void {
    if (message.type === 'unusable') {
      this.#giveModelUp(message.reason);
      return;
    }
    this.#cancelTimer();
    this.#state = 'idle';
    if (message.type === 'ready') this.#method = message.method;
    else {
      this.#restartMs = RESTART_MIN_MS;
      if (message.failure !== undefined) this.#giveModelUp(message.failure);
      this.#options.onAnswer(message.probability, message.computeMs);
    }
    this.#options.onIdle();
  }

  #crashed(cause: Error): void {
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(delayMs * 2, RESTART_MAX_MS);
    this.#restarts += 1;
    this.#worker = undefined;
    this.#state = 'waiting';
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#start());
    this.#options.log.error({ err: cause, restartInMs: delayMs }, 'end-of-turn thread died');
    this.#giveModelUp(cause.message);
    this.#options.onCrash();
  }

  #giveModelUp(reason: string): void {
    if (this.#settings.modelPath === undefined) return;
    this.#settings = { runtime: this.#settings.runtime };
    this.#method = 'prosody';
    this.#options.onModelFailure(reason);
  }

  /** Ends a thread that hangs; its exit is then handled as any crash. */
  #limit(timeoutMs: number): void {
    this.#cancelTimer();
    const worker = this.#worker;
    this.#cancelTimer = this.#options.clock.after(timeoutMs, () => void worker?.terminate());
  }
}
