import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { within } from '../../../shared/within.ts';
import type { OpenTurnJudge, TurnJudge, TurnJudgeEvents } from '../../contract/speech.ts';
import type { EndOfTurnMethod, EndOfTurnSettings } from './end-of-turn-messages.ts';
import { EndOfTurnThread } from './end-of-turn-thread.ts';
import { MEL_SAMPLES } from './log-mel.ts';
import { PROSODY_MS } from './prosody.ts';
import { RecentAudio } from './recent-audio.ts';
import type { OnnxRuntime } from './smart-turn.ts';

const MODEL_MS = MEL_SAMPLES / 16;

export interface EndOfTurnLaneOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The ONNX file of Smart Turn v3; without one, prosody judges. */
  readonly modelPath?: string | undefined;
  readonly runtime?: OnnxRuntime | 'auto';
  /** Questions that wait for the thread, one of each session; the oldest is dropped beyond that. */
  readonly maxWaiting?: number;
  /** A judgement that took longer than this since it was asked for is not reported: the turn was decided without it. */
  readonly maxAgeMs?: number;
  /** How long {@link EndOfTurnLane.start} waits for the thread. */
  readonly startTimeoutMs?: number;
  /** Starts the worker thread; for tests that end it. */
  readonly startWorker?: (settings: EndOfTurnSettings) => Worker;
}

const endOfTurnLaneDefaults = {
  runtime: 'auto',
  maxWaiting: 32,
  maxAgeMs: 1_000,
  startTimeoutMs: 20_000,
} as const satisfies Partial<EndOfTurnLaneOptions>;

export interface EndOfTurnStats {
  readonly sessions: number;
  /** What judges now; 'prosody' after the model has failed. */
  readonly method: EndOfTurnMethod;
  readonly judged: number;
  /** Questions given up: superseded by a newer one of their session, one too many, answered too late, or lost in a crash. */
  readonly dropped: number;
  readonly restarts: number;
  /** What a judgement has cost the thread on average, in ms of its wall clock. */
  readonly meanComputeMs: number;
}

interface Question {
  readonly judge: SessionJudge;
  readonly samples: Int16Array<ArrayBuffer>;
  readonly lastSpeechMs: number;
  readonly askedAtMs: number;
}

class SessionJudge implements TurnJudge {
  readonly events: TurnJudgeEvents;
  readonly #audio: RecentAudio;
  readonly #ask: (judge: SessionJudge, samples: Int16Array<ArrayBuffer>, lastSpeechMs: number) => void;
  readonly #onClose: (judge: SessionJudge) => void;
  #open = true;

  constructor(
    events: TurnJudgeEvents,
    keepMs: number,
    ask: (judge: SessionJudge, samples: Int16Array<ArrayBuffer>, lastSpeechMs: number) => void,
    onClose: (judge: SessionJudge) => void,
  ) {
    this.events = events;
    this.#audio = new RecentAudio(keepMs);
    this.#ask = ask;
    this.#onClose = onClose;
  }

  write(pcm: Uint8Array): void {
    if (this.#open) this.#audio.write(pcm);
  }

  judge(lastSpeechMs: number): void {
    if (this.#open) this.#ask(this, this.#audio.samples(), lastSpeechMs);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#onClose(this);
  }
}

/**
 * Judges for all sessions of the process whether a caller has finished, by sound alone, in a worker thread of its own:
 * one inference takes as long as a hundred frames of voice activity and must not hold those up. With the model a session
 * keeps 8 s of audio (256 kB), without it 1.5 s (48 kB).
 *
 * When the model fails, open sessions are told once, and prosody judges for them and all others from then on.
 */
export class EndOfTurnLane {
  readonly #options: Required<Omit<EndOfTurnLaneOptions, 'startWorker' | 'modelPath'>>;
  readonly #thread: EndOfTurnThread;
  readonly #keepMs: number;
  /** Told of a model's failure; a session that has been told is not held here any longer. */
  readonly #untold = new Set<SessionJudge>();
  readonly #waiting = new Map<SessionJudge, Question>();
  readonly #outcome = Promise.withResolvers<string | undefined>();
  #asked: Question | undefined;
  #sessions = 0;
  #judged = 0;
  #dropped = 0;
  #computeMs = 0;
  #closed = false;

  private constructor({ startWorker, modelPath, ...options }: EndOfTurnLaneOptions) {
    this.#options = { ...endOfTurnLaneDefaults, ...options };
    this.#keepMs = modelPath === undefined ? PROSODY_MS : MODEL_MS;
    this.#thread = new EndOfTurnThread({
      clock: options.clock,
      log: options.log,
      settings: { modelPath, runtime: this.#options.runtime },
      startWorker,
      onIdle: () => {
        this.#outcome.resolve(undefined);
        this.#next();
      },
      onAnswer: (probability, computeMs) => this.#answered(probability, computeMs),
      onCrash: () => this.#lose(),
      onModelFailure: (reason) => this.#modelFailed(reason),
    });
  }

  /**
   * Starts the thread and waits until it can judge.
   * @throws {DependencyError} `end-of-turn.model` when the model file cannot be used, `end-of-turn.not-started`
   */
  static async start(options: EndOfTurnLaneOptions): Promise<EndOfTurnLane> {
    const lane = new EndOfTurnLane(options);
    const { startTimeoutMs } = lane.#options;
    const known = lane.#outcome.promise.then((problem) => ({ problem }));
    const outcome = await within<{ problem: string | undefined } | 'late'>(
      options.clock,
      startTimeoutMs,
      known,
      () => 'late',
    );
    if (outcome !== 'late' && outcome.problem === undefined) return lane;
    await lane.close();
    if (outcome === 'late') {
      throw new DependencyError(
        'end-of-turn.not-started',
        `The end-of-turn thread did not start within ${startTimeoutMs} ms.`,
      );
    }
    throw new DependencyError(
      'end-of-turn.model',
      `The end-of-turn model ${options.modelPath} cannot be used: ${outcome.problem} Name a Smart Turn v3 ONNX file, or none.`,
    );
  }

  readonly open: OpenTurnJudge = (events) => {
    if (this.#closed) throw new DependencyError('end-of-turn.closed', 'The end-of-turn lane is closed.');
    const judge = new SessionJudge(
      events,
      this.#keepMs,
      (asking, samples, lastSpeechMs) => this.#ask(asking, samples, lastSpeechMs),
      (closing) => this.#forget(closing),
    );
    this.#sessions += 1;
    if (this.#thread.method !== 'prosody') this.#untold.add(judge);
    return judge;
  };

  stats(): EndOfTurnStats {
    return {
      sessions: this.#sessions,
      method: this.#thread.method,
      judged: this.#judged,
      dropped: this.#dropped,
      restarts: this.#thread.restarts,
      meanComputeMs: this.#judged === 0 ? 0 : this.#computeMs / this.#judged,
    };
  }

  /** Ends the thread; questions that wait are never answered. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.clear();
    this.#untold.clear();
    this.#asked = undefined;
    await this.#thread.close();
  }

  #ask(judge: SessionJudge, samples: Int16Array<ArrayBuffer>, lastSpeechMs: number): void {
    if (this.#closed) return;
    if (this.#waiting.delete(judge)) this.#dropped += 1;
    if (this.#asked?.judge === judge) this.#lose();
    this.#waiting.set(judge, { judge, samples, lastSpeechMs, askedAtMs: this.#options.clock.now() });
    const oldest = this.#waiting.keys().next();
    if (this.#waiting.size > this.#options.maxWaiting && !oldest.done) {
      this.#waiting.delete(oldest.value);
      this.#dropped += 1;
    }
    this.#next();
  }

  #next(): void {
    while (this.#thread.isIdle && !this.#closed) {
      const first = this.#waiting.values().next();
      if (first.done) return;
      this.#waiting.delete(first.value.judge);
      if (this.#isLate(first.value)) {
        this.#dropped += 1;
        continue;
      }
      this.#asked = first.value;
      this.#thread.judge(first.value.samples);
    }
  }

  #answered(probability: number, computeMs: number): void {
    this.#judged += 1;
    this.#computeMs += computeMs;
    const asked = this.#asked;
    this.#asked = undefined;
    if (!asked) return;
    if (this.#isLate(asked)) this.#dropped += 1;
    else this.#guard(() => asked.judge.events.onJudgement(probability, asked.lastSpeechMs));
  }

  /** What the thread computes at this moment is of no use any more. */
  #lose(): void {
    if (this.#asked) this.#dropped += 1;
    this.#asked = undefined;
  }

  #modelFailed(reason: string): void {
    this.#outcome.resolve(reason);
    this.#options.log.error({ reason }, 'the end-of-turn model failed; prosody judges from now on');
    const error = new DependencyError(
      'end-of-turn.model-failed',
      `The end-of-turn model failed (${reason}); prosody judges from now on.`,
    );
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const judge of untold) this.#guard(() => judge.events.onFailure(error));
  }

  #forget(judge: SessionJudge): void {
    this.#sessions -= 1;
    this.#untold.delete(judge);
    this.#waiting.delete(judge);
    if (this.#asked?.judge === judge) this.#asked = undefined;
  }

  #isLate(question: Question): boolean {
    return this.#options.clock.now() - question.askedAtMs > this.#options.maxAgeMs;
  }

  #guard(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.log.error({ err: error }, 'an end-of-turn listener threw');
    }
  }
}
