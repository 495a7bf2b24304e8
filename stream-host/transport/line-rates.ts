import { type AudioRate, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';

/** So many participants' sound is kept apart at a time; ACS sends the four loudest. Beyond it the oldest one is forgotten. */
const MAX_SPEAKERS = 16;

/** The rates of a line, in Hz. */
interface LineHz {
  /** Of what the far side sends. */
  readonly heardHz: number;
  /** Of what it plays. */
  readonly playedHz: number;
}

/**
 * Brings a line's audio to its mode's rate and back. Where the rates agree, the audio passes as it is. Each participant's
 * sound is a stream of its own.
 */
export class LineRates {
  #line: LineHz;
  #modeHz: AudioRate = SAMPLE_RATE;
  readonly #heard = new Map<string | undefined, Resampler>();
  #played: Resampler | undefined;

  constructor(line: LineHz) {
    this.#line = line;
  }

  get modeHz(): AudioRate {
    return this.#modeHz;
  }

  /** The far side has said what its rates are. */
  lineIs(line: LineHz): void {
    this.#line = line;
    this.#forget();
  }

  modeIs(rateHz: AudioRate): void {
    this.#modeHz = rateHz;
    this.#forget();
  }

  toMode(pcm: Uint8Array, from: string | undefined): Uint8Array {
    if (this.#line.heardHz === this.#modeHz) return pcm;
    let resampler = this.#heard.get(from);
    if (!resampler) {
      if (this.#heard.size >= MAX_SPEAKERS) this.#heard.delete(this.#heard.keys().next().value);
      resampler = new Resampler(this.#line.heardHz, this.#modeHz);
      this.#heard.set(from, resampler);
    }
    return resampler.write(pcm);
  }

  /** Whole frames stay whole frames. */
  toLine(frames: Uint8Array): Uint8Array {
    if (this.#line.playedHz === this.#modeHz) return frames;
    this.#played ??= new Resampler(this.#modeHz, this.#line.playedHz);
    return this.#played.write(frames);
  }

  /** What comes next is not heard as the end of what went before. */
  silenced(): void {
    this.#played?.reset();
  }

  #forget(): void {
    this.#heard.clear();
    this.#played = undefined;
  }
}
