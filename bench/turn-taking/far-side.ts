import { samplesOf } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import type { AudioSink } from '../../stream-host/contract/line.ts';

const SAMPLES_PER_MS = 16;
/** A line that runs dry for less than this has not stopped speaking. */
const SAME_SPAN_SAMPLES = 10 * SAMPLES_PER_MS;

/** A stretch in which the agent's audio was played without a break. In samples of the far side's own time. */
export interface HeardSpan {
  readonly start: number;
  end: number;
  /** It ended because the far side was told to stop, not because it had nothing left. */
  stopped: boolean;
}

/**
 * The far end of the line, as ACS is: plays what it gets one after the other and, told to stop, drops what it has not
 * played. Knows to the sample what the caller has heard and when, and gives it back as echo.
 */
export class FarSide implements AudioSink {
  readonly spans: HeardSpan[] = [];
  readonly #clock: Clock;
  #heard = new Int16Array(16_000 * 16);
  #playedOut = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sendAudio(frames: Uint8Array): boolean {
    const samples = samplesOf(frames);
    const now = this.#now();
    const dry = this.spans.length === 0 || now > this.#playedOut + SAME_SPAN_SAMPLES || this.spans.at(-1)?.stopped;
    const at = Math.max(now, this.#playedOut);
    this.#makeRoom(at + samples.length);
    this.#heard.set(samples, at);
    this.#playedOut = at + samples.length;
    if (dry) this.spans.push({ start: at, end: this.#playedOut, stopped: false });
    const span = this.spans.at(-1);
    if (span) span.end = this.#playedOut;
    return true;
  }

  stopAudio(): void {
    const now = this.#now();
    const span = this.spans.at(-1);
    if (!span || this.#playedOut <= now) return;
    this.#heard.fill(0, now, this.#playedOut);
    span.end = now;
    span.stopped = true;
    this.#playedOut = now;
  }

  /** What was heard between two samples; silence where nothing was played. */
  heard(from: number, to: number): Int16Array {
    const part = new Int16Array(Math.max(0, to - from));
    const start = Math.max(0, from);
    if (to > start) part.set(this.#heard.subarray(start, to), start - from);
    return part;
  }

  #now(): number {
    return Math.round(this.#clock.now() * SAMPLES_PER_MS);
  }

  #makeRoom(length: number): void {
    if (length <= this.#heard.length) return;
    const longer = new Int16Array(2 * length);
    longer.set(this.#heard);
    this.#heard = longer;
  }
}
