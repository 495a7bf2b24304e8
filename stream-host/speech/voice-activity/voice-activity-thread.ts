import { Worker } from 'node:worker_threads';
import { disableOnnxTelemetry } from '../../../shared/audio/onnx-telemetry.ts';
import type { SileroRuntime } from '../../../shared/audio/silero-runtime.ts';
import type { Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import { SupervisedWorker } from '../supervised-worker.ts';
import type {
  FromVoiceActivityWorker,
  ToVoiceActivityWorker,
  VoiceActivityWorkerSettings,
} from './voice-activity-messages.ts';

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

/** The thread that judges voice activity. One batch at a time. */
export class VoiceActivityThread {
  readonly #options: VoiceActivityThreadOptions;
  readonly #worker: SupervisedWorker<ToVoiceActivityWorker, FromVoiceActivityWorker>;
  #runtime: SileroRuntime | undefined;

  constructor(options: VoiceActivityThreadOptions) {
    const { clock, log, settings, startWorker } = options;
    this.#options = options;
    this.#worker = new SupervisedWorker({
      name: 'voice activity',
      clock,
      log,
      start: () => {
        disableOnnxTelemetry();
        return (
          startWorker?.() ??
          new Worker(siblingModule('./voice-activity.worker', import.meta.url), { workerData: settings })
        );
      },
      onMessage: (message) => this.#receive(message),
      onCrash: (cause) =>
        options.onCrash(
          new DependencyError(
            'voice-activity.crashed',
            'The voice activity thread died and is being restarted.',
            cause,
          ),
        ),
    });
  }

  get isIdle(): boolean {
    return this.#worker.isIdle;
  }

  get restarts(): number {
    return this.#worker.restarts;
  }

  /** What the model runs on; not known before the thread came up for the first time. */
  get runtime(): SileroRuntime | undefined {
    return this.#runtime;
  }

  /** Asks for what the memory of each open stream asks. Only when {@link isIdle}. */
  judge(): void {
    this.#worker.ask({ type: 'judge' });
  }

  /** Tells the thread of a stream. One that is not up yet is to be told in `onReady`. */
  open(stream: number, memory: SharedArrayBuffer): void {
    this.#worker.tell({ type: 'open', stream, memory });
  }

  forget(stream: number): void {
    this.#worker.tell({ type: 'close', stream });
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  #receive(message: FromVoiceActivityWorker): void {
    if (message.type === 'judged') {
      this.#options.onAnswer(message.inferred);
    } else {
      const { runtime, nativeProblem } = message;
      this.#runtime = runtime;
      this.#options.log.info({ runtime, ...(nativeProblem && { nativeProblem }) }, 'voice activity detection is up');
      this.#options.onReady();
    }
    this.#options.onIdle();
  }
}
