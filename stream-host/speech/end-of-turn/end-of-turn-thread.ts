import { Worker } from 'node:worker_threads';
import { disableOnnxTelemetry } from '../../../shared/audio/onnx-telemetry.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import { SupervisedWorker } from '../supervised-worker.ts';
import type {
  EndOfTurnMethod,
  EndOfTurnSettings,
  FromEndOfTurnWorker,
  ToEndOfTurnWorker,
} from './end-of-turn-messages.ts';

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
 * The thread that judges how speech ends: without the model once that has failed, or the thread has died of it, as a
 * caller is served better by half a judgement than by none.
 */
export class EndOfTurnThread {
  readonly #options: EndOfTurnThreadOptions;
  readonly #worker: SupervisedWorker<ToEndOfTurnWorker, FromEndOfTurnWorker>;
  #settings: EndOfTurnSettings;
  #method: EndOfTurnMethod = 'prosody';

  constructor(options: EndOfTurnThreadOptions) {
    const { clock, log, startWorker } = options;
    this.#options = options;
    this.#settings = options.settings;
    this.#worker = new SupervisedWorker({
      name: 'end-of-turn',
      clock,
      log,
      start: () => {
        const settings = this.#settings;
        disableOnnxTelemetry();
        return (
          startWorker?.(settings) ??
          new Worker(siblingModule('./end-of-turn.worker', import.meta.url), { workerData: settings })
        );
      },
      onMessage: (message) => this.#receive(message),
      onCrash: (cause) => {
        this.#giveModelUp(cause.message);
        options.onCrash();
      },
    });
  }

  get isIdle(): boolean {
    return this.#worker.isIdle;
  }

  get method(): EndOfTurnMethod {
    return this.#method;
  }

  get restarts(): number {
    return this.#worker.restarts;
  }

  /** Hands audio over; it is gone from this thread then. Only when {@link isIdle}. */
  judge(samples: Int16Array<ArrayBuffer>): void {
    this.#worker.ask({ samples }, [samples.buffer]);
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  #receive(message: FromEndOfTurnWorker): void {
    if (message.type === 'ready') this.#method = message.method;
    else {
      if (message.failure !== undefined) this.#giveModelUp(message.failure);
      this.#options.onAnswer(message.probability, message.computeMs);
    }
    this.#options.onIdle();
  }

  #giveModelUp(reason: string): void {
    if (this.#settings.modelPath === undefined) return;
    this.#settings = { runtime: this.#settings.runtime };
    this.#method = 'prosody';
    this.#options.onModelFailure(reason);
  }
}
