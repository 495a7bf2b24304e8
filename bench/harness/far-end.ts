import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { copyOf } from './message-stream.ts';
import { readPosition } from './position-mark.ts';

const SAMPLES_PER_MS = 16;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
/** Audio of the past that an echo may still bring back. */
const KEPT_MS = 1000;
/** A stop with less than this left to play cut nothing that anybody hears. */
const AUDIBLE_MS = 1;

interface Playing {
  readonly startMs: number;
  endMs: number;
  readonly samples: Int16Array;
}

/** The agent's voice came, or came back after a stop. */
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

/**
 * The listener's telephone: plays what comes, frame after frame, as it comes or after what is queued, and drops its
 * queue at a stop. From it one learns what was heard, when it fell silent, and what an echo carries back.
 * Times are on the machine's monotonic clock.
 */
export class FarEnd {
  readonly runs: AudioRun[] = [];
  readonly stops: Stop[] = [];
  /** Frames by turn and time, of all that was received. */
  frames = 0;
  /** Frames of a turn that has been told to stop for good; see {@link expectNoMoreOf}. */
  staleFrames = 0;
  #queue: Playing[] = [];
  #playedOutAtMs = Number.NEGATIVE_INFINITY;
  #turn = 0;
  /** The turn's position at the end of the queue. */
  #endPositionMs = 0;
  #deadTurn = 0;

  receive(atMs: number, pcm: Uint8Array): void {
    const samples = new Int16Array(copyOf(pcm).buffer);
    const position = readPosition(samples);
    this.frames += 1;
    if (position && position.turn === this.#deadTurn) this.staleFrames += 1;
    const startMs = Math.max(this.#playedOutAtMs, atMs);
    const isNewRun = this.#playedOutAtMs < atMs - FRAME_MS || (position && position.turn !== this.#turn);
    if (position && isNewRun) this.runs.push({ turn: position.turn, startMs, fromMs: position.ms });
    this.#turn = position?.turn ?? this.#turn;
    this.#endPositionMs = (position?.ms ?? this.#endPositionMs) + FRAME_MS;
    this.#playedOutAtMs = startMs + FRAME_MS;
    this.#queue.push({ startMs, endMs: this.#playedOutAtMs, samples });
    while (this.#queue[0] && this.#queue[0].endMs < atMs - KEPT_MS) this.#queue.shift();
  }

  stop(atMs: number): void {
    const leftMs = this.#playedOutAtMs - atMs;
    if (leftMs <= AUDIBLE_MS) return;
    this.stops.push({ atMs, turn: this.#turn, heardMs: this.#endPositionMs - leftMs });
    this.#queue = this.#queue.filter((frame) => frame.startMs < atMs);
    const last = this.#queue.at(-1);
    if (last) last.endMs = Math.min(last.endMs, atMs);
    // A far end that has just been cleared starts a new run with whatever comes next.
    this.#playedOutAtMs = Number.NEGATIVE_INFINITY;
  }

  /** From now on each frame of the turn that plays is stale. */
  expectNoMoreOf(turn: number): void {
    this.#deadTurn = turn;
  }

  get turn(): number {
    return this.#turn;
  }

  isAudibleAt(atMs: number): boolean {
    return this.#queue.some((frame) => frame.startMs <= atMs && atMs < frame.endMs);
  }

  /** Adds what was played from `fromMs` on to `samples`, made louder or softer by `gain`. */
  mixInto(samples: Int16Array, fromMs: number, gain: number): void {
    const toMs = fromMs + samples.length / SAMPLES_PER_MS;
    for (const frame of this.#queue) {
      if (frame.endMs <= fromMs || frame.startMs >= toMs) continue;
      const shift = Math.round((frame.startMs - fromMs) * SAMPLES_PER_MS);
      const length = Math.min(FRAME_SAMPLES, Math.round((frame.endMs - frame.startMs) * SAMPLES_PER_MS));
      for (let i = Math.max(0, -shift); i < length && i + shift < samples.length; i += 1) {
        const mixed = (samples[i + shift] ?? 0) + (frame.samples[i] ?? 0) * gain;
        samples[i + shift] = Math.max(-32_768, Math.min(32_767, Math.round(mixed)));
      }
    }
  }
}
