import { Worker } from 'node:worker_threads';
import { disableOnnxTelemetry } from '../../../shared/audio/onnx-telemetry.ts';
import type { SileroRuntime } from '../../../shared/audio/silero-runtime.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import { within } from '../../../shared/within.ts';
import type { OpenVoiceActivity } from '../../contract/speech.ts';
import { SupervisedWorker } from '../supervised-worker.ts';
import { Detector, type DetectorOwner } from './voice-activity-detector.ts';
import type {
  FromVoiceActivityWorker,
  ToVoiceActivityWorker,
  VoiceActivityWorkerSettings,
} from './voice-activity-messages.ts';

/** A probability that comes this late is late for barge-in; it is said in the log, once in a while. */
const BEHIND_MS = 100;
const COMPLAIN_EVERY_MS = 10_000;
/** From so many sessions on the whole collecting time is waited. */
const CROWD = 100;

export interface VoiceActivityLaneOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** What the model runs on: natively where that works, else as WASM; or one to insist on. */
  readonly runtime?: SileroRuntime | 'auto';
  /**
   * How long the first frame waits for those of other sessions, so that one inference serves them all. Few sessions have
   * little to gain from it and wait less in proportion.
   */
  readonly collectMs?: number;
  /** Frames (32 ms) of one session that wait while the thread is behind; the oldest are dropped beyond that. */
  readonly maxWaitingFrames?: number;
  /** How long {@link VoiceActivityLane.start} waits for the thread. */
  readonly startTimeoutMs?: number;
  /** Starts the worker thread; for tests that end it. */
  readonly startWorker?: () => Worker;
}

const voiceActivityLaneDefaults = {
  runtime: 'auto',
  // From 25 frames in one inference on, more make a frame hardly cheaper: 100 sessions have as many in 8 ms.
  collectMs: 8,
  maxWaitingFrames: 16,
  startTimeoutMs: 20_000,
} as const satisfies Partial<VoiceActivityLaneOptions>;

export interface VoiceActivityStats {
  readonly sessions: number;
  /** Batches answered; frames divided by batches is how well batching works. */
  readonly batches: number;
  readonly frames: number;
  /** Of `frames`, how many the model looked at; the energy gate answered the rest. */
  readonly inferred: number;
  /** Frames given up because the thread was behind, or died. They are never reported to the session. */
  readonly dropped: number;
  readonly restarts: number;
  /** What the model runs on. */
  readonly runtime: SileroRuntime | undefined;
  /** From a frame's last sample to its probability, the longest since the last call of `stats()`. */
  readonly slowestMs: number;
}

/**
 * The speech lane: tells speech from noise for all sessions of the process, in a worker thread of its own, many sessions
 * in one inference: it asks for all that waits, once in a while, when the thread is free. One thread carries some 500
 * talking sessions, or 150 as WASM. When it dies, open detectors fail (once each) and a new thread serves the next ones.
 */
export class VoiceActivityLane implements DetectorOwner {
  readonly #options: Required<Omit<VoiceActivityLaneOptions, 'startWorker'>>;
  readonly #thread: SupervisedWorker<ToVoiceActivityWorker, FromVoiceActivityWorker>;
  /** Settles when the thread can be used for the first time. */
  readonly #up = Promise.withResolvers<void>();
  readonly #detectors = new Set<Detector>();
  readonly #onCollected = () => {
    this.#cancelCollect = undefined;
    this.#due = true;
    this.#handOver();
  };
  #runtime: SileroRuntime | undefined;
  #batches = 0;
  #frames = 0;
  #inferred = 0;
  #dropped = 0;
  #slowestMs = 0;
  #due = false;
  #cancelCollect: Cancel | undefined;
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  #nextId = 0;
  #closed = false;

  private constructor({ startWorker, ...options }: VoiceActivityLaneOptions) {
    this.#options = { ...voiceActivityLaneDefaults, ...options };
    const { clock, log, runtime } = this.#options;
    const workerData: VoiceActivityWorkerSettings = { runtime };
    this.#thread = new SupervisedWorker({
      name: 'voice activity',
      clock,
      log,
      start: () => {
        disableOnnxTelemetry();
        return startWorker?.() ?? new Worker(siblingModule('./voice-activity.worker', import.meta.url), { workerData });
      },
      onMessage: (message) => this.#receive(message),
      onCrash: (cause) => this.#fail(cause),
    });
  }

  /** Starts the thread and waits until the model is loaded in it. */
  static async start(options: VoiceActivityLaneOptions): Promise<VoiceActivityLane> {
    const lane = new VoiceActivityLane(options);
    const { clock, startTimeoutMs } = lane.#options;
    const up = lane.#up.promise.then(() => true);
    if (await within(clock, startTimeoutMs, up, () => false)) return lane;
    await lane.close();
    throw new DependencyError(
      'voice-activity.not-started',
      `Voice activity detection did not start within ${startTimeoutMs} ms. The log has the reason.`,
    );
  }

  /** Opens a detector. Its frames wait, bounded, while the thread is restarting. */
  readonly open: OpenVoiceActivity = (events) => {
    if (this.#closed) throw new DependencyError('voice-activity.closed', 'The speech lane is closed.');
    this.#nextId += 1;
    const detector = new Detector(this.#nextId, events, this, this.#options.maxWaitingFrames);
    this.#detectors.add(detector);
    this.#introduce(detector);
    return detector;
  };

  stats(): VoiceActivityStats {
    const slowestMs = this.#slowestMs;
    this.#slowestMs = 0;
    return {
      sessions: this.#detectors.size,
      batches: this.#batches,
      frames: this.#frames,
      inferred: this.#inferred,
      dropped: this.#dropped,
      restarts: this.#thread.restarts,
      runtime: this.#runtime,
      slowestMs,
    };
  }

  arrived(dropped: number): number {
    this.#dropped += dropped;
    const share = Math.min(1, this.#detectors.size / CROWD);
    this.#cancelCollect ??= this.#options.clock.after(share * this.#options.collectMs, this.#onCollected);
    return this.#options.clock.now();
  }

  closed(detector: Detector): void {
    this.#detectors.delete(detector);
    this.#thread.tell({ type: 'close', stream: detector.id });
  }

  listenerThrew(error: unknown): void {
    this.#options.log.error({ err: error }, 'a voice activity listener threw');
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelCollect?.();
    this.#detectors.clear();
    await this.#thread.close();
  }

  /** A thread that is not up yet does not hear it, and is told of all when it is. */
  #introduce({ id, memory }: Detector): void {
    this.#thread.tell({ type: 'open', stream: id, memory: memory.shared });
  }

  #receive(message: FromVoiceActivityWorker): void {
    if (message.type === 'judged') {
      this.#answer(message.inferred);
    } else {
      const { runtime, nativeProblem } = message;
      this.#runtime = runtime;
      this.#options.log.info({ runtime, ...(nativeProblem && { nativeProblem }) }, 'voice activity detection is up');
      for (const detector of this.#detectors) this.#introduce(detector);
      this.#up.resolve();
    }
    this.#handOver();
  }

  #handOver(): void {
    if (!this.#due || !this.#thread.isIdle) return;
    this.#due = false;
    let isAny = false;
    for (const detector of this.#detectors) isAny = detector.handOver() || isAny;
    if (isAny) this.#thread.ask({ type: 'judge' });
  }

  #answer(inferred: number): void {
    this.#batches += 1;
    this.#inferred += inferred;
    const now = this.#options.clock.now();
    let slowestMs = 0;
    for (const detector of this.#detectors) {
      this.#frames += detector.inFlight;
      slowestMs = Math.max(slowestMs, now - detector.oldestInFlightMs);
      detector.report();
    }
    this.#slowestMs = Math.max(this.#slowestMs, slowestMs);
    if (slowestMs > BEHIND_MS && now - this.#complainedAtMs > COMPLAIN_EVERY_MS) {
      this.#complainedAtMs = now;
      const { sessions, dropped } = { sessions: this.#detectors.size, dropped: this.#dropped };
      this.#options.log.warn({ lateMs: Math.round(slowestMs), sessions, dropped }, 'voice activity is behind');
    }
  }

  /** The thread died, and with it all that it knew of its streams. */
  #fail(cause: Error): void {
    const message = 'The voice activity thread died and is being restarted.';
    const error = new DependencyError('voice-activity.crashed', message, cause);
    const lost = [...this.#detectors];
    this.#detectors.clear();
    for (const detector of lost) {
      this.#dropped += detector.inFlight + detector.waiting;
      detector.fail(error);
    }
  }
}
