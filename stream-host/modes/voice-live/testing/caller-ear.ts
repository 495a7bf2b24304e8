import { bytesOf, samplesOf } from '../../../../shared/audio/pcm.ts';
import type { VirtualClock } from '../../../../shared/virtual-clock.ts';

/** Sound that says where it is from: of each millisecond the first samples are the item's tag and the place in it. */
export function voiceOf(tag: number, fromMs: number, ms: number): Uint8Array {
  const samples = new Int16Array(ms * 16);
  for (let at = 0; at < ms; at += 1) {
    samples[at * 16] = tag;
    samples[at * 16 + 1] = fromMs + at;
    for (let i = 2; i < 16; i += 1) samples[at * 16 + i] = i % 2 === 0 ? 3000 : -3000;
  }
  return bytesOf(samples);
}

/**
 * What the caller hears, millisecond by millisecond: frames are played one after the other from when they came. Kept in plain
 * lists, as a hundred calls have millions of them.
 */
export class CallerEar {
  readonly #clock: VirtualClock;
  /** Of each millisecond, heard or still to come: when it is, and what is in it. */
  readonly #atMs: number[] = [];
  readonly #tags: number[] = [];
  readonly #places: number[] = [];
  /** So many of them were heard. */
  #heard = 0;
  #untilMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  take(frames: Uint8Array): void {
    this.#settle();
    let atMs = Math.max(this.#clock.now(), this.#untilMs);
    const samples = samplesOf(frames);
    for (let at = 0; at < samples.length; at += 16, atMs += 1) {
      this.#atMs.push(atMs);
      this.#tags.push(samples[at] ?? 0);
      this.#places.push(samples[at + 1] ?? 0);
    }
    this.#untilMs = atMs;
  }

  stop(): void {
    this.#settle();
    for (const list of [this.#atMs, this.#tags, this.#places]) list.length = this.#heard;
    this.#untilMs = this.#clock.now();
  }

  /** What was heard by now, in order. */
  get played(): readonly { readonly atMs: number; readonly tag: number; readonly place: number }[] {
    this.#settle();
    return Array.from({ length: this.#heard }, (_, at) => ({
      atMs: this.#atMs[at] ?? 0,
      tag: this.#tags[at] ?? 0,
      place: this.#places[at] ?? 0,
    }));
  }

  /** How much of an item was heard by now, from its beginning, in ms. */
  heardMs(tag: number): number {
    this.#settle();
    let most = 0;
    for (let at = 0; at < this.#heard; at += 1) {
      if (this.#tags[at] === tag) most = Math.max(most, (this.#places[at] ?? 0) + 1);
    }
    return most;
  }

  /** When sound was heard, in order. */
  get soundAtMs(): number[] {
    this.#settle();
    return this.#atMs.filter((_, at) => at < this.#heard && (this.#tags[at] ?? 0) > 0);
  }

  /** When sound was heard last; minus infinity before there was any. */
  get lastSoundAtMs(): number {
    this.#settle();
    let at = this.#heard - 1;
    while (at >= 0 && (this.#tags[at] ?? 0) === 0) at -= 1;
    return this.#atMs[at] ?? Number.NEGATIVE_INFINITY;
  }

  #settle(): void {
    const nowMs = this.#clock.now();
    while (this.#heard < this.#atMs.length && (this.#atMs[this.#heard] ?? 0) < nowMs) this.#heard += 1;
  }
}
