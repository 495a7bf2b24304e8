import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Histogram } from './histogram.ts';
import type { Mark } from './marker.ts';
import type { PhoneCounts } from './messages.ts';

/** Where a line writes what it sees; another object for each block of the measurement. */
export interface LineRecord {
  readonly counts: PhoneCounts;
  readonly jitter: Histogram;
}

/**
 * Frames at an answer's beginning that are sent ahead of the schedule, to fill the far side's buffer, or as soon as the
 * synthesiser has them: 400 ms of lead, and what is played until it is full, which takes a third of that.
 */
const LEAD_FRAMES = 28;
/** The model's own rounding: a frame that comes in the very moment in which the last one has been played is in time. */
const TOLERANCE_MS = 0.5;

/**
 * The far end of one call's media socket, as ACS plays it: each frame is queued and takes its 20 ms; StopAudio drops the
 * queue. It counts what a caller would hear as a glitch. Jitter is a message's delay behind its answer's own schedule, by
 * which its first frame is due 20 ms after the one before; the message that came earliest sets the beginning (packet
 * delay variation, RFC 5481 §4.2).
 */
export class FarSide {
  readonly #record: (nowMs: number) => LineRecord;
  #playing: Mark | undefined;
  #playedOutAtMs = 0;
  #framesOfAnswer = 0;
  #offsetsMs: number[] = [];
  /** All answers up to this one are over. */
  #stoppedAnswer = 0;

  /** @param record where what is seen at this moment belongs */
  constructor(record: (nowMs: number) => LineRecord) {
    this.#record = record;
  }

  /** The answer that was heard last, or is. */
  get answer(): number {
    return this.#playing?.answer ?? 0;
  }

  /** For how long the caller has not heard the agent; 0 while it does. */
  quietMsAt(nowMs: number): number {
    return Math.max(0, nowMs - this.#playedOutAtMs);
  }

  /**
   * Takes the frames of one message, each by its mark.
   * @returns whether an answer begins with them
   */
  take(marks: readonly (Mark | undefined)[], nowMs: number): boolean {
    let begins = false;
    for (const [index, mark] of marks.entries()) {
      if (this.#takeFrame(mark, nowMs)) begins = true;
      const place = this.#framesOfAnswer - 1;
      if (index === 0 && place >= LEAD_FRAMES) this.#offsetsMs.push(nowMs - place * FRAME_MS);
    }
    return begins;
  }

  /** @returns whether this is the first frame of an answer */
  #takeFrame(mark: Mark | undefined, nowMs: number): boolean {
    const { counts } = this.#record(nowMs);
    counts.frames += 1;
    const before = this.#playing;
    const isNew = mark !== undefined && mark.answer !== before?.answer;
    if (isNew) this.#endAnswer(nowMs);
    if (mark && mark.answer > 0 && mark.answer <= this.#stoppedAnswer) this.#takeStopped(mark, before, counts);
    else if (!isNew) this.#checkOrder(before, mark, counts);
    if (!isNew && this.#framesOfAnswer > 0 && nowMs > this.#playedOutAtMs + TOLERANCE_MS) {
      counts.lateFrames += 1;
      counts.gapMs += nowMs - this.#playedOutAtMs;
    }
    this.#playedOutAtMs = Math.max(this.#playedOutAtMs, nowMs) + FRAME_MS;
    this.#framesOfAnswer += 1;
    if (mark) this.#playing = mark;
    return isNew;
  }

  /** StopAudio came: what is queued is dropped. */
  stop(nowMs: number): void {
    this.#stoppedAnswer = Math.max(this.#stoppedAnswer, this.answer);
    this.#playedOutAtMs = Math.min(this.#playedOutAtMs, nowMs);
    this.#endAnswer(nowMs);
  }

  /**
   * An answer that is taken up again begins with what the caller has not heard, so with frames that have come before
   * and were dropped. What goes on after the last one, as if nothing had been said, is left over from before the stop.
   */
  #takeStopped(mark: Mark, last: Mark | undefined, counts: PhoneCounts): void {
    const goesBack =
      mark.answer === last?.answer &&
      (mark.synthesis === last.synthesis ? mark.frame <= last.frame : mark.synthesis < last.synthesis);
    if (!goesBack) {
      counts.oldFrames += 1;
      return;
    }
    counts.resumptions += 1;
    this.#stoppedAnswer = mark.answer - 1;
  }

  #checkOrder(before: Mark | undefined, mark: Mark | undefined, counts: PhoneCounts): void {
    if (!before || !mark || before.answer === 0) return;
    const expected = mark.synthesis === before.synthesis ? before.frame + 1 : 0;
    if (mark.frame > expected) counts.lostFrames += mark.frame - expected;
    else if (mark.frame < expected) counts.repeatedFrames += 1;
  }

  #endAnswer(nowMs: number): void {
    const { jitter } = this.#record(nowMs);
    const earliestMs = this.#offsetsMs.reduce((least, offset) => Math.min(least, offset), Number.POSITIVE_INFINITY);
    for (const offset of this.#offsetsMs) jitter.add(offset - earliestMs);
    this.#offsetsMs = [];
    this.#framesOfAnswer = 0;
  }
}
