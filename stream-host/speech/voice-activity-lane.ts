import type { Worker } from 'node:worker_threads';
import { FrameCutter, samplesOf } from '../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES } from '../../shared/audio/silero.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { OpenVoiceActivity, VoiceActivity, VoiceActivityEvents } from '../conversation/ports.ts';
import { VoiceActivityThread } from './voice-activity-thread.ts';

const FRAME_BYTES = SILERO_FRAME_SAMPLES * 2;

export interface VoiceActivityLaneOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Worker threads. One carries some 150 talking sessions. */
  readonly threads?: number;
  /** How long the first frame waits for those of other sessions, so that one inference serves them all. */
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
  collectMs: 10,
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
  /** From a frame's last sample to its probability, the longest since the last call of `stats()`. */
  readonly slowestMs: number;
}

type LaneSettings = Required<Omit<VoiceActivityLaneOptions, 'startWorker'>>;

interface WaitingFrame {
  readonly samples: Int16Array;
  readonly atMs: number;
}

/** One session's detector. Failed or closed, it ignores what is written. */
class Detector implements VoiceActivity {
  readonly id: number;
  readonly waiting: WaitingFrame[] = [];
  readonly #events: VoiceActivityEvents;
  readonly #shard: Shard;
  readonly #cutter = new FrameCutter(FRAME_BYTES);
  #open = true;

  constructor(id: number, events: VoiceActivityEvents, shard: Shard) {
    this.id = id;
    this.#events = events;
    this.#shard = shard;
  }

  write(pcm: Uint8Array): void {
    if (!this.#open) return;
    this.#cutter.write(pcm, (frame) => this.#shard.take(this, samplesOf(frame)));
  }

  report(probability: number, atMs: number): void {
    if (this.#open) this.#shard.guard(() => this.#events.onFrame(probability, atMs));
  }

  fail(error: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#shard.guard(() => this.#events.onFailure(error));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#shard.remove(this);
  }
}

/** The sessions of one thread: gathers their frames and hands them over, all that there are, when the thread is free. */
class Shard {
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
  #inFlight: { readonly detector: Detector; readonly atMs: number }[] = [];
  #due = false;
  #cancelCollect: Cancel | undefined;
  readonly #onReady: () => void;

  constructor(options: LaneSettings, startWorker?: () => Worker) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#onReady = resolve;
    this.thread = new VoiceActivityThread({
      clock: options.clock,
      log: options.log,
      startWorker,
      onIdle: () => this.#idle(),
      onAnswer: (values, inferred) => this.#answer(values, inferred),
      onCrash: (error) => this.#fail(error),
    });
  }

  take(detector: Detector, samples: Int16Array): void {
    detector.waiting.push({ samples, atMs: this.#options.clock.now() });
    if (detector.waiting.length > this.#options.maxWaitingFrames) {
      detector.waiting.shift();
      this.dropped += 1;
    }
    this.#cancelCollect ??= this.#options.clock.after(this.#options.collectMs, () => {
      this.#cancelCollect = undefined;
      this.#due = true;
      this.#handOver();
    });
  }

  remove(detector: Detector): void {
    this.detectors.delete(detector);
    this.thread.forget(detector.id);
  }

  guard(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.log.error({ err: error }, 'a voice activity listener threw');
    }
  }

  async close(): Promise<void> {
    this.#cancelCollect?.();
    this.detectors.clear();
    await this.thread.close();
  }

  #idle(): void {
    this.#onReady();
    this.#handOver();
  }

  /** All that waits, the first frame of each session before anyone's second, as the worker's rounds want it. */
  #handOver(): void {
    if (!this.#due || !this.thread.isIdle) return;
    this.#due = false;
    const batch: { detector: Detector; frame: WaitingFrame }[] = [];
    for (let depth = 0; ; depth += 1) {
      const before = batch.length;
      for (const detector of this.detectors) {
        const frame = detector.waiting[depth];
        if (frame) batch.push({ detector, frame });
      }
      if (batch.length === before) break;
    }
    if (batch.length === 0) return;

    const samples = new Int16Array(batch.length * SILERO_FRAME_SAMPLES);
    for (const [i, { frame }] of batch.entries()) samples.set(frame.samples, i * SILERO_FRAME_SAMPLES);
    for (const detector of this.detectors) detector.waiting.length = 0;
    this.#inFlight = batch.map(({ detector, frame }) => ({ detector, atMs: frame.atMs }));
    this.thread.judge(
      Uint32Array.from(batch, ({ detector }) => detector.id),
      samples,
    );
  }

  #answer(values: Float32Array, inferred: number): void {
    const judged = this.#inFlight;
    this.#inFlight = [];
    this.batches += 1;
    this.frames += judged.length;
    this.inferred += inferred;
    const now = this.#options.clock.now();
    for (const [i, { detector, atMs }] of judged.entries()) {
      this.slowestMs = Math.max(this.slowestMs, now - atMs);
      detector.report(values[i] ?? 0, atMs);
    }
  }

  #fail(error: Error): void {
    this.dropped += this.#inFlight.length;
    this.#inFlight = [];
    const lost = [...this.detectors];
    this.detectors.clear();
    for (const detector of lost) {
      this.dropped += detector.waiting.length;
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
  #nextId = 1;
  #closed = false;

  private constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  /** Starts the threads and waits until the model is loaded in each. */
  static async start(options: VoiceActivityLaneOptions): Promise<VoiceActivityLane> {
    const { startWorker, ...given } = options;
    const full = { ...voiceActivityLaneDefaults, ...given };
    const lane = new VoiceActivityLane(Array.from({ length: full.threads }, () => new Shard(full, startWorker)));
    const { promise: timeout, resolve } = Promise.withResolvers<'late'>();
    const cancel = full.clock.after(full.startTimeoutMs, () => resolve('late'));
    const outcome = await Promise.race([timeout, Promise.all(lane.#shards.map((shard) => shard.ready))]);
    cancel();
    if (outcome !== 'late') return lane;
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
    const detector = new Detector(this.#nextId, events, shard);
    this.#nextId += 1;
    shard.detectors.add(detector);
    return detector;
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
