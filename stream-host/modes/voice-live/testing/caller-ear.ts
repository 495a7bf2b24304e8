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

/** What the caller hears, millisecond by millisecond: frames are played one after the other from when they came. */
export class CallerEar {
  readonly #clock: VirtualClock;
  readonly #played: { atMs: number; tag: number; place: number }[] = [];
  #queued: { atMs: number; tag: number; place: number }[] = [];
  #untilMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  take(frames: Uint8Array): void {
    this.#settle();
    let atMs = Math.max(this.#clock.now(), this.#untilMs);
    const samples = samplesOf(frames);
    for (let at = 0; at < samples.length; at += 16, atMs += 1) {
      this.#queued.push({ atMs, tag: samples[at] ?? 0, place: samples[at + 1] ?? 0 });
    }
    this.#untilMs = atMs;
  }

  stop(): void {
    this.#settle();
    this.#queued = [];
    this.#untilMs = this.#clock.now();
  }

  /** What was heard by now, in order. */
  get played(): readonly { readonly atMs: number; readonly tag: number; readonly place: number }[] {
    this.#settle();
    return this.#played;
  }

  /** How much of an item was heard by now, from its beginning, in ms. */
  heardMs(tag: number): number {
    return this.played.reduce((most, each) => (each.tag === tag ? Math.max(most, each.place + 1) : most), 0);
  }

  /** When sound was heard, in order. */
  get soundAtMs(): number[] {
    return this.played.filter(({ tag }) => tag > 0).map(({ atMs }) => atMs);
  }

  #settle(): void {
    const nowMs = this.#clock.now();
    const count = this.#queued.findIndex(({ atMs }) => atMs >= nowMs);
    this.#played.push(...this.#queued.splice(0, count < 0 ? this.#queued.length : count));
  }
}
