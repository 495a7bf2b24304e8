import { FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS, samplesOf } from '../../shared/audio/pcm.ts';
import { type Position, readPosition } from './position-mark.ts';

/** Audio of the past that an echo may still bring back. */
const KEPT_MS = 1000;
/** A stop with less than this left to play cut nothing that anybody hears. */
const AUDIBLE_MS = 1;
/**
 * Frames at a turn's beginning that are sent ahead of the schedule, to fill the far side's buffer, or as soon as the
 * synthesiser has them: 400 ms of lead, and what is played until it is full, which takes a third of that.
 */
const LEAD_FRAMES = 28;
/** A frame that comes in the very moment in which the last one has been played is in time. */
const TOLERANCE_MS = 0.5;

/** The agent's voice came, or came back after a stop or a gap. */
export interface AudioRun {
  readonly turn: number;
  readonly startMs: number;
  /** Where in the turn the run begins. */
  readonly fromMs: number;
}

/** The agent's voice was cut off. */
export interface Stop {
  readonly atMs: number;
  readonly turn: number;
  /** How far into the turn the listener had heard. */
  readonly heardMs: number;
}

/** What was counted on a line, and each message's delay behind its turn's own schedule. */
export interface LineRecord {
  readonly counts: ReturnType<typeof newLineCounts>;
  readonly jitterMs: number[];
}

export const newLineCounts = () => ({
  /** Frames of the agent's voice. */
  frames: 0,
  /** Frames that came after the far side had played all that it had, in the middle of a turn; the silence they caused. */
  lateFrames: 0,
  gapMs: 0,
  /** Frames of a turn that a stop had ended, or of one before it; those that are said again do not count. */
  oldFrames: 0,
  /** Turns that were taken up again after a stop, from where the caller had heard them. */
  resumptions: 0,
  /** Frames of a turn that never came, and those that came twice. */
  lostFrames: 0,
  repeatedFrames: 0,
});

interface Playing {
  readonly startMs: number;
  endMs: number;
  readonly samples: Int16Array;
}

/**
 * The listener's end of the line, as ACS and any telephone plays it: each frame is queued and takes its 20 ms, a stop
 * drops the queue. It tells what was heard and when, what an echo brings back, and what a caller would hear as a glitch.
 * Jitter is packet delay variation (RFC 5481 §4.2): the message that came earliest sets the beginning of its turn's
 * schedule. Turns are numbered upwards; what has turn 0 (a greeting) is in no order.
 */
export class FarEnd {
  readonly runs: AudioRun[] = [];
  readonly stops: Stop[] = [];
  readonly #record: (atMs: number) => LineRecord;
  #queue: Playing[] = [];
  #playedOutAtMs = Number.NEGATIVE_INFINITY;
  #turn = -1;
  /** The turn's position at the end of the queue. */
  #endPositionMs = 0;
  #beginsRun = true;
  #framesOfTurn = 0;
  #offsetsMs: number[] = [];
  /** All turns up to this one are over. */
  #stoppedTurn = 0;

  /** @param record where what is seen at a moment belongs */
  constructor(record?: (atMs: number) => LineRecord) {
    const own: LineRecord = { counts: newLineCounts(), jitterMs: [] };
    this.#record = record ?? (() => own);
  }

  /** The turn that was heard last, or is. */
  get turn(): number {
    return Math.max(0, this.#turn);
  }

  /** For how long the agent has not been heard; 0 while it is. */
  quietMsAt(atMs: number): number {
    return Math.max(0, atMs - this.#playedOutAtMs);
  }

  /** When all will have been played that has come; minus infinity before anything has. */
  get playedOutAtMs(): number {
    return this.#playedOutAtMs;
  }

  /** Takes the frames of one message. @returns whether a turn begins with them */
  receive(atMs: number, pcm: Uint8Array): boolean {
    let begins = false;
    for (let at = 0; at + FRAME_BYTES <= pcm.length; at += FRAME_BYTES) {
      if (this.#take(atMs, samplesOf(new Uint8Array(pcm.subarray(at, at + FRAME_BYTES))))) begins = true;
      const place = this.#framesOfTurn - 1;
      if (at === 0 && place >= LEAD_FRAMES) this.#offsetsMs.push(atMs - place * FRAME_MS);
    }
    return begins;
  }

  /** What is queued is dropped. */
  stop(atMs: number): void {
    const leftMs = this.#playedOutAtMs - atMs;
    this.#stoppedTurn = Math.max(this.#stoppedTurn, this.#turn);
    this.#endTurn(atMs);
    if (leftMs <= AUDIBLE_MS) return;
    this.stops.push({ atMs, turn: this.turn, heardMs: this.#endPositionMs - leftMs });
    this.#queue = this.#queue.filter(({ startMs }) => startMs < atMs);
    const last = this.#queue.at(-1);
    if (last) last.endMs = Math.min(last.endMs, atMs);
    this.#playedOutAtMs = atMs;
    this.#beginsRun = true;
  }

  /** Adds what was played from `fromMs` on to `samples`, made louder or softer by `gain`. */
  mixInto(samples: Int16Array, fromMs: number, gain: number): void {
    const toMs = fromMs + samples.length / SAMPLES_PER_MS;
    for (const { startMs, endMs, samples: played } of this.#queue) {
      if (endMs <= fromMs || startMs >= toMs) continue;
      const shift = Math.round((startMs - fromMs) * SAMPLES_PER_MS);
      const length = Math.min(FRAME_SAMPLES, Math.round((endMs - startMs) * SAMPLES_PER_MS));
      for (let i = Math.max(0, -shift); i < length && i + shift < samples.length; i += 1) {
        const mixed = (samples[i + shift] ?? 0) + (played[i] ?? 0) * gain;
        samples[i + shift] = Math.max(-32_768, Math.min(32_767, Math.round(mixed)));
      }
    }
  }

  #take(atMs: number, samples: Int16Array): boolean {
    const { counts } = this.#record(atMs);
    const position = readPosition(samples);
    const begins = position !== undefined && position.turn !== this.#turn;
    counts.frames += 1;
    if (begins) this.#endTurn(atMs);
    if (position) this.#check(position, begins, counts);
    if (this.#framesOfTurn > 0 && atMs > this.#playedOutAtMs + TOLERANCE_MS) {
      counts.lateFrames += 1;
      counts.gapMs += atMs - this.#playedOutAtMs;
    }
    const startMs = Math.max(this.#playedOutAtMs, atMs);
    if (begins || this.#playedOutAtMs < atMs - FRAME_MS) this.#beginsRun = true;
    if (position && this.#beginsRun) {
      this.runs.push({ turn: position.turn, startMs, fromMs: position.ms });
      this.#beginsRun = false;
    }
    this.#turn = position?.turn ?? this.#turn;
    this.#endPositionMs = (position?.ms ?? this.#endPositionMs) + FRAME_MS;
    this.#playedOutAtMs = startMs + FRAME_MS;
    this.#framesOfTurn += 1;
    this.#queue.push({ startMs, endMs: this.#playedOutAtMs, samples });
    while (this.#queue[0] && this.#queue[0].endMs < atMs - KEPT_MS) this.#queue.shift();
    return begins;
  }

  /**
   * A turn that is taken up again begins with what the caller has not heard, so with frames that have come before and
   * were dropped. What goes on after the last one, as if nothing had been said, is left over from before the stop.
   */
  #check({ turn, ms }: Position, begins: boolean, counts: LineRecord['counts']): void {
    const skippedMs = ms - this.#endPositionMs;
    if (turn > 0 && turn <= this.#stoppedTurn) {
      if (begins || skippedMs > -TOLERANCE_MS) counts.oldFrames += 1;
      else {
        counts.resumptions += 1;
        this.#stoppedTurn = turn - 1;
      }
    } else if (!begins && turn > 0 && Math.abs(skippedMs) > TOLERANCE_MS) {
      if (skippedMs > 0) counts.lostFrames += Math.ceil(skippedMs / FRAME_MS);
      else counts.repeatedFrames += 1;
    }
  }

  #endTurn(atMs: number): void {
    const earliestMs = this.#offsetsMs.reduce((least, offset) => Math.min(least, offset), Number.POSITIVE_INFINITY);
    for (const offset of this.#offsetsMs) this.#record(atMs).jitterMs.push(offset - earliestMs);
    this.#offsetsMs = [];
    this.#framesOfTurn = 0;
  }
}
