import type { Worker } from 'node:worker_threads';
import type { SileroRuntime } from '../../../shared/audio/silero-runtime.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { within } from '../../../shared/within.ts';
import type { OpenVoiceActivity, VoiceActivityEvents } from '../../contract/speech.ts';
import { Detector, type DetectorOwner } from './voice-activity-detector.ts';
import { VoiceActivityThread } from './voice-activity-thread.ts';

/** A probability that comes this late is late for barge-in; it is said in the log, once in a while. */
const BEHIND_MS = 100;
const COMPLAIN_EVERY_MS = 10_000;
/** From so many sessions on the whole collecting time is waited. */
const CROWD = 100;

export interface VoiceActivityLaneOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Worker threads. One carries some 500 talking sessions, or 150 as WASM. */
  readonly threads?: number;
  /** What the model runs on: natively where that works, else as WASM; or one to insist on. */
  readonly runtime?: SileroRuntime | 'auto';
  /**
   * How long the first frame waits for those of other sessions, so that one inference serves them all. Few sessions have
   * little to gain from it and wait less in proportion.
   */
  readonly collectMs?: number;
  /** Frames (32 ms) of one session that wait while its thread is behind; the oldest are dropped beyond that. */
  readonly maxWaitingFrames?: number;
  /** How long {@link VoiceActivityLane.start} waits for the threads. */
  readonly startTimeoutMs?: number;
  /** Starts the worker thread; for tests that end it. */
  readonly startWorker?: () => Worker;
}

const voiceActivityLaneDefaults = {
  threads: 1,
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
  /** Frames given up because a thread was behind, or died. They are never reported to the session. */
  readonly dropped: number;
  readonly restarts: number;
  /** What the model runs on. */
  readonly runtime: SileroRuntime | undefined;
  /** From a frame's last sample to its probability, the longest since the last call of `stats()`. */
  readonly slowestMs: number;
}

type LaneSettings = Required<Omit<VoiceActivityLaneOptions, 'startWorker'>>;

/** The sessions of one thread: asks for all that waits, once in a while, when the thread is free. */
class Shard implements DetectorOwner {
  readonly thread: VoiceActivityThread;
  /** Settles when the thread can be used for the first time. */
  readonly ready: Promise<void>;
  readonly detectors = new Set<Detector>();
  batches = 0;
  frames = 0;
  inferred = 0;
  dropped = 0;
  slowestMs = 0;
  readonly #options: LaneSettings;
  readonly #onReady: () => void;
  readonly #onCollected = () => {
    this.#cancelCollect = undefined;
    this.#due = true;
    this.#handOver();
  };
  #due = false;
  #cancelCollect: Cancel | undefined;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LaneSettings, startWorker?: () => Worker) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#onReady = resolve;
    this.thread = new VoiceActivityThread({
      clock: options.clock,
      log: options.log,
      settings: { runtime: options.runtime },
      startWorker,
      onReady: () => this.#introduceAll(),
      onAnswer: (inferred) => this.#answer(inferred),
      onIdle: () => this.#handOver(),
      onCrash: (error) => this.#fail(error),
    });
  }

  open(id: number, events: VoiceActivityEvents): Detector {
    const detector = new Detector(id, events, this, this.#options.maxWaitingFrames);
    this.detectors.add(detector);
    this.thread.open(id, detector.memory.shared);
    return detector;
  }

  arrived(dropped: number): number {
    this.dropped += dropped;
    return this.#collect();
  }

  closed(detector: Detector): void {
    this.detectors.delete(detector);
    this.thread.forget(detector.id);
  }

  listenerThrew(error: unknown): void {
    this.#options.log.error({ err: error }, 'a voice activity listener threw');
  }

  async close(): Promise<void> {
    this.#cancelCollect?.();
    this.detectors.clear();
    await this.thread.close();
  }

  #collect(): number {
    const share = Math.min(1, this.detectors.size / CROWD);
    this.#cancelCollect ??= this.#options.clock.after(share * this.#options.collectMs, this.#onCollected);
    return this.#options.clock.now();
  }

  #introduceAll(): void {
    for (const { id, memory } of this.detectors) this.thread.open(id, memory.shared);
    this.#onReady();
  }

  #handOver(): void {
    if (!this.#due || !this.thread.isIdle) return;
    this.#due = false;
    let isAny = false;
    for (const detector of this.detectors) isAny = detector.handOver() || isAny;
    if (isAny) this.thread.judge();
  }

  #answer(inferred: number): void {
    this.batches += 1;
    this.inferred += inferred;
    const now = this.#options.clock.now();
    let slowestMs = 0;
    for (const detector of this.detectors) {
      this.frames += detector.inFlight;
      slowestMs = Math.max(slowestMs, now - detector.oldestInFlightMs);
      detector.report();
    }
    this.slowestMs = Math.max(this.slowestMs, slowestMs);
    if (slowestMs > BEHIND_MS && now - this.#complainedAtMs > COMPLAIN_EVERY_MS) {
      this.#complainedAtMs = now;
      const { sessions, dropped } = { sessions: this.detectors.size, dropped: this.dropped };
      this.#options.log.warn({ lateMs: Math.round(slowestMs), sessions, dropped }, 'voice activity is behind');
    }
  }

  #fail(error: Error): void {
    const lost = [...this.detectors];
    this.detectors.clear();
    for (const detector of lost) {
      this.dropped += detector.inFlight + detector.waiting;
      detector.fail(error);
    }
  }
}

/**
 * The speech lane: tells speech from noise for all sessions of the process, in worker threads of its own, many sessions
 * in one inference. When a thread dies, its open detectors fail (once each) and a new thread serves the next ones.
 */
export class VoiceActivityLane {
  readonly #shards: readonly Shard[];
  #nextId = 0;
  #closed = false;

  private constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  /** Starts the threads and waits until the model is loaded in each. */
  static async start(options: VoiceActivityLaneOptions): Promise<VoiceActivityLane> {
    const { startWorker, ...given } = options;
    const full = { ...voiceActivityLaneDefaults, ...given };
    const lane = new VoiceActivityLane(Array.from({ length: full.threads }, () => new Shard(full, startWorker)));
    const ready = Promise.all(lane.#shards.map((shard) => shard.ready)).then(() => true);
    if (await within(full.clock, full.startTimeoutMs, ready, () => false)) return lane;
    await lane.close();
    throw new DependencyError(
      'voice-activity.not-started',
      `Voice activity detection did not start within ${full.startTimeoutMs} ms. The log has the reason.`,
    );
  }

  /** Opens a detector on the thread with the fewest sessions. Its frames wait, bounded, while a thread is restarting. */
  readonly open: OpenVoiceActivity = (events) => {
    if (this.#closed) throw new DependencyError('voice-activity.closed', 'The speech lane is closed.');
    const shard = this.#shards.reduce((a, b) => (b.detectors.size < a.detectors.size ? b : a));
    this.#nextId += 1;
    return shard.open(this.#nextId, events);
  };

  stats(): VoiceActivityStats {
    const sum = (count: (shard: Shard) => number) => this.#shards.reduce((total, shard) => total + count(shard), 0);
    const slowestMs = Math.max(...this.#shards.map((shard) => shard.slowestMs));
    for (const shard of this.#shards) shard.slowestMs = 0;
    return {
      sessions: sum((shard) => shard.detectors.size),
      batches: sum((shard) => shard.batches),
      frames: sum((shard) => shard.frames),
      inferred: sum((shard) => shard.inferred),
      dropped: sum((shard) => shard.dropped),
      restarts: sum((shard) => shard.thread.restarts),
      runtime: this.#shards[0]?.thread.runtime,
      slowestMs,
    };
  }

  /** Ends the threads. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }
}
