import { Worker } from 'node:worker_threads';
import { disableOnnxTelemetry } from '../../../shared/audio/onnx-telemetry.ts';
import type { SileroRuntime } from '../../../shared/audio/silero-runtime.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import type {
  FromVoiceActivityWorker,
  ToVoiceActivityWorker,
  VoiceActivityWorkerSettings,
} from './voice-activity-messages.ts';

/** A batch takes a few milliseconds. A thread that is silent for this long hangs. */
const REPLY_TIMEOUT_MS = 5_000;
/** Reading and compiling the model takes half a second, on a crowded machine several. */
const START_TIMEOUT_MS = 20_000;
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;

export interface VoiceActivityThreadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: VoiceActivityWorkerSettings;
  readonly startWorker?: (() => Worker) | undefined;
  /** The thread came up and knows of no stream yet. */
  onReady(): void;
  /** The thread has judged what it was asked to. */
  onAnswer(inferred: number): void;
  /** The thread can take the next batch. */
  onIdle(): void;
  /** The thread died, and with it all that it knew of its streams. A new one is on its way. */
  onCrash(error: Error): void;
}

/** One worker thread, started again (100 ms, doubling up to 10 s) for as long as it is not closed. One batch at a time. */
export class VoiceActivityThread {
  readonly #options: VoiceActivityThreadOptions;
  #worker: Worker | undefined;
  #state: 'starting' | 'idle' | 'busy' | 'waiting' | 'closed' = 'waiting';
  #cancelTimer: Cancel = () => undefined;
  #restartMs = RESTART_MIN_MS;
  #restarts = 0;
  #runtime: SileroRuntime | undefined;

  constructor(options: VoiceActivityThreadOptions) {
    this.#options = options;
    this.#start();
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** What the model runs on; not known before the thread came up for the first time. */
  get runtime(): SileroRuntime | undefined {
    return this.#runtime;
  }

  /** Asks for what the memory of each open stream asks. Only when {@link isIdle}. */
  judge(): void {
    if (!this.#worker || this.#state !== 'idle') throw new Error('the voice-activity thread is not idle');
    this.#state = 'busy';
    this.#limit(REPLY_TIMEOUT_MS);
    this.#post({ type: 'judge' });
  }

  /** Tells the thread of a stream. One that is not up yet is to be told in `onReady`. */
  open(stream: number, memory: SharedArrayBuffer): void {
    if (this.#isUp) this.#post({ type: 'open', stream, memory });
  }

  forget(stream: number): void {
    if (this.#isUp) this.#post({ type: 'close', stream });
  }

  get #isUp(): boolean {
    return this.#state === 'idle' || this.#state === 'busy';
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#cancelTimer();
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): void {
    const { settings, startWorker } = this.#options;
    disableOnnxTelemetry();
    const worker =
      startWorker?.() ??
      new Worker(siblingModule('./voice-activity.worker', import.meta.url), { workerData: settings });
    this.#worker = worker;
    this.#state = 'starting';
    this.#limit(START_TIMEOUT_MS);
    let failure: Error | undefined;
    worker.on('error', (error: Error) => {
      failure = error;
    });
    worker.on('message', (message: FromVoiceActivityWorker) => {
      if (worker === this.#worker) this.#receive(message);
    });
    worker.on('exit', (code) => {
      if (worker === this.#worker) this.#crashed(failure ?? new Error(`exit code ${code}`));
    });
  }

  #receive(message: FromVoiceActivityWorker): void {
    this.#cancelTimer();
    this.#state = 'idle';
    if (message.type === 'judged') {
      this.#restartMs = RESTART_MIN_MS;
      this.#options.onAnswer(message.inferred);
    } else {
      const { runtime, nativeProblem } = message;
      this.#runtime = runtime;
      this.#options.log.info({ runtime, ...(nativeProblem && { nativeProblem }) }, 'voice activity detection is up');
      this.#options.onReady();
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
    this.#options.log.error({ err: cause, restartInMs: delayMs }, 'voice activity thread died');
    this.#options.onCrash(
      new DependencyError('voice-activity.crashed', 'The voice activity thread died and is being restarted.', cause),
    );
  }

  /** Ends a thread that hangs; its exit is then handled as any crash. */
  #limit(timeoutMs: number): void {
    this.#cancelTimer();
    const worker = this.#worker;
    this.#cancelTimer = this.#options.clock.after(timeoutMs, () => void worker?.terminate());
  }

  #post(message: ToVoiceActivityWorker): void {
    this.#worker?.postMessage(message);
  }
}
