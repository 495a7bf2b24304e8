import { Worker } from 'node:worker_threads';
import type { OnnxRuntime } from '../../../shared/audio/onnx-session.ts';
import { disableOnnxTelemetry } from '../../../shared/audio/onnx-telemetry.ts';
import { FrameCutter } from '../../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES } from '../../../shared/audio/silero.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import { within } from '../../../shared/within.ts';
import type { OpenVoiceActivity, VoiceActivity, VoiceActivityEvents } from '../../contract/speech.ts';
import { SupervisedWorker } from '../supervised-worker.ts';
import type { Judged } from './voice-activity-judge.ts';
import type {
  FromVoiceActivityWorker,
  ToVoiceActivityWorker,
  VoiceActivityWorkerSettings,
} from './voice-activity-messages.ts';

/** A probability that comes this late is late for barge-in. */
const BEHIND_MS = 100;
/** It is said in the log, once in a while, where it was so in this many different ones of the last ten seconds: that a call begins takes a moment on any machine. */
const LATE_SECONDS = 4;
const COMPLAIN_EVERY_MS = 10_000;
const FRAME_BYTES = SILERO_FRAME_SAMPLES * 2;
/**
 * How long the first frame waits for those of other sessions, so that one inference serves them all. From 25 frames on
 * more make a frame hardly cheaper, and a hundred sessions have as many in this time. Fewer wait less in proportion.
 */
const COLLECT_MS = 8;
const CROWD = 100;

interface VoiceActivityLaneOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** What the model runs on: natively where that works, else as WASM; or one to insist on. */
  readonly runtime?: OnnxRuntime | 'auto';
  /** Frames (32 ms) of one session that wait while the thread is behind; the oldest are dropped beyond that. */
  readonly maxWaitingFrames?: number;
  /** How long {@link VoiceActivityLane.start} waits for the thread. */
  readonly startTimeoutMs?: number;
  /** Starts the worker thread; for tests that end it. */
  readonly startWorker?: () => Worker;
}

const voiceActivityLaneDefaults = {
  runtime: 'auto',
  maxWaitingFrames: 16,
  startTimeoutMs: 20_000,
} as const satisfies Partial<VoiceActivityLaneOptions>;

interface VoiceActivityStats {
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
  readonly runtime: OnnxRuntime | undefined;
}

/** 512 samples of one session, and when the last of them came. */
interface Frame {
  readonly detector: Detector;
  readonly pcm: Uint8Array<ArrayBuffer>;
  readonly atMs: number;
}

interface DetectorOwner {
  readonly allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
  readonly onFrame: (pcm: Uint8Array<ArrayBuffer>) => void;
  readonly onClose: () => void;
}

/** One session's detector. Failed or closed, it ignores what is written, and says nothing. */
class Detector implements VoiceActivity {
  readonly id: number;
  readonly #events: VoiceActivityEvents;
  readonly #owner: DetectorOwner;
  readonly #cutter: FrameCutter;
  #open = true;

  constructor(id: number, events: VoiceActivityEvents, owner: DetectorOwner) {
    this.id = id;
    this.#events = events;
    this.#owner = owner;
    this.#cutter = new FrameCutter(FRAME_BYTES, owner.allocate);
  }

  write(pcm: Uint8Array): void {
    if (this.#open) this.#cutter.write(pcm, this.#owner.onFrame);
  }

  report(probability: number, atMs: number): void {
    if (this.#open) this.#events.onFrame(probability, atMs);
  }

  fail(error: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#events.onFailure(error);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.onClose();
  }
}

/**
 * The speech lane: tells speech from noise for all sessions of the process, in a worker thread of its own, many sessions
 * in one inference: it asks for all that waits, once in a while, when the thread is free. One thread carries some 500
 * talking sessions, or 150 as WASM. When it dies, open detectors fail (once each) and a new thread serves the next ones.
 */
export class VoiceActivityLane {
  readonly #options: Required<Omit<VoiceActivityLaneOptions, 'startWorker'>>;
  readonly #thread: SupervisedWorker<ToVoiceActivityWorker, FromVoiceActivityWorker>;
  /** Settles when the thread can be used for the first time. */
  readonly #up = Promise.withResolvers<void>();
  readonly #detectors = new Set<Detector>();
  /** What has come and is not with the thread yet, and what the thread has in hand; oldest first. */
  #waiting: Frame[] = [];
  #inHand: Frame[] = [];
  /** Memory of frames that the thread has got: to make it anew for each is a thirtieth of what a call costs. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  readonly #onCollected = () => {
    this.#cancelCollect = undefined;
    this.#due = true;
    this.#handOver();
  };
  #runtime: OnnxRuntime | undefined;
  #batches = 0;
  #frames = 0;
  #inferred = 0;
  #dropped = 0;
  #slowestMs = 0;
  #due = false;
  #cancelCollect: Cancel | undefined;
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  /** The seconds in which something came late, of the last ten. */
  #lateSeconds: readonly number[] = [];
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
    const detector = new Detector(this.#nextId, events, {
      allocate: (bytes) => this.#spare.pop() ?? new Uint8Array(bytes),
      onFrame: (pcm) => this.#arrived({ detector, pcm, atMs: this.#options.clock.now() }),
      onClose: () => this.#closedOne(detector),
    });
    this.#detectors.add(detector);
    return detector;
  };

  stats(): VoiceActivityStats {
    return {
      sessions: this.#detectors.size,
      batches: this.#batches,
      frames: this.#frames,
      inferred: this.#inferred,
      dropped: this.#dropped,
      restarts: this.#thread.restarts,
      runtime: this.#runtime,
    };
  }

  /** From a frame's last sample to its probability: the longest since this was asked last. For one reader. */
  takeSlowestMs(): number {
    const slowestMs = this.#slowestMs;
    this.#slowestMs = 0;
    return slowestMs;
  }

  /** Ends the thread. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelCollect?.();
    this.#detectors.clear();
    this.#waiting = [];
    await this.#thread.close();
  }

  #arrived(frame: Frame): void {
    if (this.#closed) return;
    const { clock, maxWaitingFrames } = this.#options;
    this.#waiting.push(frame);
    const isSame = ({ detector }: Frame) => detector === frame.detector;
    if (this.#waiting.length > maxWaitingFrames && this.#waiting.filter(isSame).length > maxWaitingFrames) {
      this.#waiting.splice(this.#waiting.findIndex(isSame), 1);
      this.#dropped += 1;
    }
    const share = Math.min(1, this.#detectors.size / CROWD);
    this.#cancelCollect ??= clock.after(share * COLLECT_MS, this.#onCollected);
  }

  #closedOne(detector: Detector): void {
    this.#detectors.delete(detector);
    this.#waiting = this.#waiting.filter((frame) => frame.detector !== detector);
    this.#thread.tell({ type: 'close', stream: detector.id });
  }

  #receive(message: FromVoiceActivityWorker): void {
    if (message.type === 'judged') {
      this.#answer(message);
    } else {
      const { runtime, nativeProblem } = message;
      this.#runtime = runtime;
      this.#options.log.info({ runtime, ...(nativeProblem && { nativeProblem }) }, 'voice activity detection is up');
      this.#up.resolve();
    }
    this.#handOver();
  }

  #handOver(): void {
    if (!this.#due || !this.#thread.isIdle) return;
    this.#due = false;
    if (this.#waiting.length === 0) return;
    this.#inHand = this.#waiting;
    this.#waiting = [];
    const pcm = new Uint8Array(this.#inHand.length * FRAME_BYTES);
    for (const [i, frame] of this.#inHand.entries()) {
      pcm.set(frame.pcm, i * FRAME_BYTES);
      if (this.#spare.length < CROWD) this.#spare.push(frame.pcm);
    }
    this.#thread.ask({ type: 'judge', streams: this.#inHand.map(({ detector }) => detector.id), pcm });
  }

  #answer({ probabilities, inferred }: Judged): void {
    const { clock, log } = this.#options;
    const judged = this.#inHand;
    const now = clock.now();
    const slowestMs = now - (judged[0]?.atMs ?? now);
    this.#inHand = [];
    this.#batches += 1;
    this.#frames += judged.length;
    this.#inferred += inferred;
    this.#slowestMs = Math.max(this.#slowestMs, slowestMs);
    for (const [i, { detector, atMs }] of judged.entries()) {
      try {
        detector.report(probabilities[i] ?? 0, atMs);
      } catch (error) {
        log.error({ err: error }, 'a voice activity listener threw');
      }
    }
    if (slowestMs > BEHIND_MS && this.#isLateOften(now) && now - this.#complainedAtMs > COMPLAIN_EVERY_MS) {
      this.#complainedAtMs = now;
      const { sessions, dropped } = { sessions: this.#detectors.size, dropped: this.#dropped };
      log.warn(
        { lateMs: Math.round(slowestMs), sessions, dropped },
        'voice activity is behind: who cuts in is heard late. This machine has too little processor for what it does: ' +
          'lower MAX_SESSIONS, or give it more cores',
      );
    }
  }

  #isLateOften(nowMs: number): boolean {
    const recent = this.#lateSeconds.filter((second) => second * 1000 > nowMs - COMPLAIN_EVERY_MS);
    this.#lateSeconds = [...new Set([...recent, Math.floor(nowMs / 1000)])];
    return this.#lateSeconds.length >= LATE_SECONDS;
  }

  /** The thread died, and with it all that it knew of its streams. */
  #fail(cause: Error): void {
    const message = 'The voice activity thread died and is being restarted.';
    const error = new DependencyError('voice-activity.crashed', message, cause);
    const lost = [...this.#detectors];
    this.#detectors.clear();
    this.#dropped += this.#waiting.length + this.#inHand.length;
    this.#waiting = [];
    this.#inHand = [];
    for (const detector of lost) {
      try {
        detector.fail(error);
      } catch (thrown) {
        this.#options.log.error({ err: thrown }, 'a voice activity listener threw');
      }
    }
  }
}
