import { FRAME_MS, FrameCutter, rmsOf } from '../../shared/audio/pcm.ts';

/** Quieter than this is never sound (RMS of samples from -1 to 1; -46 dB, as the caller of `npm run call` has it). */
const LEAST_RMS = 0.005;
/** And what is not so many times louder than the line's own hiss. */
const ABOVE_FLOOR = 3;
/** So much sound at a stretch is somebody; a click is not. */
const LEAST_SOUND_MS = 80;
/** A gap within a word or between two, which is no silence. */
const GAP_MS = 200;
/** The hiss is the quietest frame of so many, once there are some. */
const FLOOR_FRAMES = 150;
const FIRST_FLOOR_FRAMES = 25;

/** When there is sound on a line, from its audio alone: PCM16 mono 16 kHz. Times are milliseconds of the audio written. */
export class SoundRhythm {
  readonly #cutter = new FrameCutter();
  readonly #levels: number[] = [];
  #nowMs = 0;
  #stretchMs = 0;
  #firstMs: number | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #soundMs = 0;
  #sinceMs = 0;
  #longestGapMs = 0;

  /** How much has been written. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** When the first sound began; undefined while there was none. */
  get firstSoundMs(): number | undefined {
    return this.#firstMs;
  }

  /** When the last one began. */
  get soundSinceMs(): number {
    return this.#sinceMs;
  }

  /** For how long there has been none now; infinite before the first. */
  get silentMs(): number {
    return this.#firstMs === undefined ? Number.POSITIVE_INFINITY : this.#nowMs - this.#lastMs;
  }

  /** The longest silence between two sounds. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  /** All sound so far, with the gaps between words. */
  get soundMs(): number {
    return this.#soundMs;
  }

  write(pcm: Uint8Array): void {
    this.#cutter.write(pcm, (frame) => this.#frame(rmsOf(frame)));
  }

  #frame(level: number): void {
    this.#nowMs += FRAME_MS;
    this.#levels.push(level);
    if (this.#levels.length > FLOOR_FRAMES) this.#levels.shift();
    const floor = this.#levels.length < FIRST_FLOOR_FRAMES ? 0 : Math.min(...this.#levels);
    const gapMs = this.#nowMs - FRAME_MS - this.#lastMs;
    if (level < Math.max(LEAST_RMS, floor * ABOVE_FLOOR)) {
      if (gapMs > GAP_MS) this.#stretchMs = 0;
      return;
    }
    if (this.#firstMs !== undefined) this.#longestGapMs = Math.max(this.#longestGapMs, gapMs);
    this.#stretchMs += FRAME_MS + (this.#stretchMs > 0 ? gapMs : 0);
    this.#lastMs = this.#nowMs;
    if (this.#stretchMs < LEAST_SOUND_MS) return;
    this.#sinceMs = this.#nowMs - this.#stretchMs;
    this.#firstMs ??= this.#sinceMs;
    this.#soundMs += this.#stretchMs === LEAST_SOUND_MS ? LEAST_SOUND_MS : FRAME_MS + Math.min(gapMs, GAP_MS);
  }
}
