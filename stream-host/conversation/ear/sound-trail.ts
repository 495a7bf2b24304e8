import { samplesOf } from '../../../shared/audio/pcm.ts';
import { PERIODICITY_SAMPLES, periodicityOf } from './periodicity.ts';

const SAMPLES_PER_MS = 16;
/** The line is measured in slices so long. */
const SLICE_MS = 4;
const SLICE_SAMPLES = SLICE_MS * SAMPLES_PER_MS;
/** How loud it is "now": so many slices, a frame of the line. */
const NOW_SLICES = 5;
/** A second of slices: more than a pause, as the detector may be behind. */
const KEPT_SLICES = 256;
/** In noise the model goes on saying "speech" for so long at most after the last of it; and it misses so much of it. */
const MOST_EARLIER_MS = 160;
const MOST_LATER_MS = 32;
/** What a pause sounds like is known from so many slices on. */
const LEAST_QUIET_SLICES = 10;
/** A sound is heard when it stands out from the pause behind it, and is not so far below the loudest of the voice. */
const ABOVE_QUIET_DB = 4;
const BELOW_PEAK_DB = 35;
/** A voice that stands out by less has more than its quietest sounds hidden by the noise: levels say nothing of its end. */
const CLEAR_RANGE_DB = 14;
/** Digital silence, as a power. */
const SILENCE = 1e-10;
const FULL_SCALE = 32_768 * 32_768;

/**
 * What a line sounded like of late: how loud it was in each few milliseconds, which tells where a sound ended better than
 * a detector can, and the sound itself.
 */
export class SoundTrail {
  readonly #samples = new Int16Array(KEPT_SLICES * SLICE_SAMPLES);
  readonly #powers = new Float32Array(KEPT_SLICES);
  readonly #endsAtMs = new Float64Array(KEPT_SLICES).fill(Number.NEGATIVE_INFINITY);
  #next = 0;
  #sum = 0;
  #filled = 0;

  /** Takes in PCM16 mono 16 kHz of any length, the last sample of which arrived now. */
  write(pcm: Uint8Array, nowMs: number): void {
    const samples = samplesOf(pcm);
    const { length } = samples;
    this.#keep(samples);
    for (let at = 0; at < length; ) {
      const end = Math.min(length, at + SLICE_SAMPLES - this.#filled);
      this.#filled += end - at;
      let sum = 0;
      for (; at < end; at += 1) {
        const sample = samples[at] ?? 0;
        sum += sample * sample;
      }
      this.#sum += sum;
      if (this.#filled === SLICE_SAMPLES) this.#endSlice(nowMs - (length - end) / SAMPLES_PER_MS);
    }
  }

  /** How loud the line was just before `atMs`, in dB relative to full scale; -100 where that is not known. */
  levelAt(atMs: number): number {
    let back = 1;
    while (back <= KEPT_SLICES && this.#endOf(back) > atMs) back += 1;
    let power = 0;
    const last = Math.min(KEPT_SLICES, back + NOW_SLICES - 1);
    for (; back <= last; back += 1) power += this.#powerOf(back) / NOW_SLICES;
    return dbOf(power);
  }

  /** The share of samples just before `atMs` that have another sign than the one before: how bright the line sounds. */
  brightnessAt(atMs: number): number {
    const samples = this.#samplesBefore(atMs, NOW_SLICES * SLICE_SAMPLES);
    let crossings = 0;
    for (let i = 1; i < samples.length; i += 1) {
      if ((samples[i] ?? 0) < 0 !== (samples[i - 1] ?? 0) < 0) crossings += 1;
    }
    return crossings / Math.max(1, samples.length);
  }

  /** How periodic the line was just before `atMs`, from 0 to 1: nearly 1 in a vowel. 0 where that is not known. */
  periodicityAt(atMs: number): number {
    const samples = this.#samplesBefore(atMs, PERIODICITY_SAMPLES);
    return samples.length === 0 ? 0 : periodicityOf(samples);
  }

  /**
   * When the caller's speech was last audible: the last slice that stands out from how the pause after it sounds.
   * @param speechMs when the last frame came that the detector took for speech
   * @param untilMs up to when there has been none since
   * @param peakDb how loud the speech was, relative to full scale
   * @returns `speechMs` where levels do not tell
   */
  endOfSound(speechMs: number, untilMs: number, peakDb: number): number {
    const latestMs = speechMs + MOST_LATER_MS;
    const earliestMs = speechMs - MOST_EARLIER_MS;
    let back = 1;
    while (back <= KEPT_SLICES && this.#endOf(back) > untilMs) back += 1;
    let quietDb = 0;
    const firstQuiet = back;
    for (; back <= KEPT_SLICES && this.#endOf(back) > latestMs; back += 1) quietDb += dbOf(this.#powerOf(back));
    const quietSlices = back - firstQuiet;
    if (quietSlices < LEAST_QUIET_SLICES) return speechMs;
    quietDb /= quietSlices;
    if (peakDb - quietDb < CLEAR_RANGE_DB) return speechMs;
    const audibleDb = Math.max(quietDb + ABOVE_QUIET_DB, peakDb - BELOW_PEAK_DB);
    for (; back <= KEPT_SLICES && this.#endOf(back) > earliestMs; back += 1) {
      if (dbOf(this.#powerOf(back)) >= audibleDb) return this.#endOf(back);
    }
    return speechMs;
  }

  /** Copies the sound to where its slices will be. */
  #keep(samples: Int16Array): void {
    const size = this.#samples.length;
    let to = this.#next * SLICE_SAMPLES + this.#filled;
    for (let from = 0; from < samples.length; ) {
      const count = Math.min(samples.length - from, size - to);
      this.#samples.set(count === samples.length ? samples : samples.subarray(from, from + count), to);
      from += count;
      to = (to + count) % size;
    }
  }

  #endSlice(atMs: number): void {
    this.#powers[this.#next] = this.#sum / SLICE_SAMPLES / FULL_SCALE;
    this.#endsAtMs[this.#next] = atMs;
    this.#next = (this.#next + 1) % KEPT_SLICES;
    this.#sum = 0;
    this.#filled = 0;
  }

  /** The newest samples of those that came before `atMs`; none where they are not kept any more. */
  #samplesBefore(atMs: number, count: number): Int16Array {
    let back = 1;
    while (back <= KEPT_SLICES && this.#endOf(back) > atMs) back += 1;
    const size = this.#samples.length;
    if (back - 1 + Math.ceil(count / SLICE_SAMPLES) > KEPT_SLICES) return new Int16Array(0);
    const end = ((this.#next - back + 1 + KEPT_SLICES) * SLICE_SAMPLES) % size || size;
    const start = end - count;
    if (start >= 0) return this.#samples.subarray(start, end);
    const joined = new Int16Array(count);
    joined.set(this.#samples.subarray(start));
    joined.set(this.#samples.subarray(0, end), -start);
    return joined;
  }

  /** @param back 1: the newest slice */
  #endOf(back: number): number {
    return this.#endsAtMs[(this.#next - back + KEPT_SLICES) % KEPT_SLICES] ?? Number.NEGATIVE_INFINITY;
  }

  #powerOf(back: number): number {
    return this.#powers[(this.#next - back + KEPT_SLICES) % KEPT_SLICES] ?? 0;
  }
}

const dbOf = (power: number): number => 10 * Math.log10(Math.max(SILENCE, power));
