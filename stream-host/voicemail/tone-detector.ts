/** A tone of one frequency that was heard, in milliseconds of the audio written. */
export interface Tone {
  readonly hz: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Where announcement and answering machines beep: ITU-T E.180 and E.182 have theirs at 425 to 1,800 Hz. */
const LOWEST_HZ = 400;
const HIGHEST_HZ = 2000;
/** A block: long enough to tell 33 Hz apart, short enough for a beep of 200 ms to fill several. */
const BLOCK_MS = 30;
/** Of a block's power, what lies in the strongest place and its neighbours. Two tones of a key share it; so do harmonics. */
const PURE = 0.8;
/** Quieter than this is nothing (RMS of samples from -1 to 1; -40 dB). */
const AUDIBLE_RMS = 0.01;
/** A beep stands still; a vowel does not. */
const SAME_HZ = 25;
const SAME_LEVEL = 2;
const LEAST_MS = 150;

interface Running {
  readonly hz: number;
  readonly rms: number;
  readonly startMs: number;
  endMs: number;
}

/**
 * Finds pure tones from 400 to 2,000 Hz that last, in PCM16 mono: the beep after which a message is recorded, and the
 * tones of the network. Goertzel's filter at each multiple of the block's own frequency (Am. Math. Monthly 65, 1958).
 */
export class ToneDetector {
  readonly #rateHz: number;
  readonly #block: Float64Array;
  readonly #coefficients: readonly number[];
  /** Told of a tone that has ended. */
  onTone: (tone: Tone) => void;
  #filled = 0;
  #blocks = 0;
  #running: Running | undefined;

  constructor(rateHz: number, onTone: (tone: Tone) => void) {
    this.#rateHz = rateHz;
    this.onTone = onTone;
    this.#block = new Float64Array(Math.round((rateHz * BLOCK_MS) / 1000));
    const stepHz = rateHz / this.#block.length;
    // One more on each side, so that the lowest and the highest have their neighbours.
    const first = Math.floor(LOWEST_HZ / stepHz) - 1;
    const count = Math.ceil(HIGHEST_HZ / stepHz) + 1 - first + 1;
    this.#coefficients = Array.from(
      { length: count },
      (_, i) => 2 * Math.cos((2 * Math.PI * (first + i)) / this.#block.length),
    );
  }

  write(pcm: Uint8Array): void {
    const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    for (let at = 0; at + 1 < pcm.byteLength; at += 2) {
      this.#block[this.#filled++] = view.getInt16(at, true) / 32768;
      if (this.#filled < this.#block.length) continue;
      this.#filled = 0;
      this.#judge();
    }
  }

  #judge(): void {
    const startMs = this.#blocks * BLOCK_MS;
    this.#blocks += 1;
    let energy = 0;
    for (const sample of this.#block) energy += sample * sample;
    const rms = Math.sqrt(energy / this.#block.length);
    const hz = rms < AUDIBLE_RMS ? undefined : this.#pureHz(energy);
    const running = this.#running;
    const goesOn =
      running &&
      hz !== undefined &&
      Math.abs(running.hz - hz) <= SAME_HZ &&
      rms < running.rms * SAME_LEVEL &&
      rms > running.rms / SAME_LEVEL;
    if (goesOn) {
      running.endMs = startMs + BLOCK_MS;
      return;
    }
    this.#running = hz === undefined ? undefined : { hz, rms, startMs, endMs: startMs + BLOCK_MS };
    if (running && running.endMs - running.startMs >= LEAST_MS) {
      this.onTone({ hz: running.hz, startMs: running.startMs, endMs: running.endMs });
    }
  }

  /** The frequency that has nearly all of the block's power, if one has. */
  #pureHz(energy: number): number | undefined {
    const powers = this.#coefficients.map((coefficient) => this.#powerAt(coefficient));
    let peak = 1;
    for (let i = 1; i + 1 < powers.length; i++) if ((powers[i] ?? 0) > (powers[peak] ?? 0)) peak = i;
    const [before = 0, at = 0, after = 0] = powers.slice(peak - 1, peak + 2);
    // Parseval: a sine in the middle of a place has all of its energy there, as N/2 times its power.
    const share = ((before + at + after) * 2) / this.#block.length / energy;
    if (share < PURE) return undefined;
    const stepHz = this.#rateHz / this.#block.length;
    const first = Math.floor(LOWEST_HZ / stepHz) - 1;
    const between = (after - before) / (before + at + after);
    return (first + peak + between) * stepHz;
  }

  #powerAt(coefficient: number): number {
    let [last, previous] = [0, 0];
    for (const sample of this.#block) [last, previous] = [sample + coefficient * last - previous, last];
    return last * last + previous * previous - coefficient * last * previous;
  }
}
