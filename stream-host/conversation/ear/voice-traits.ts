import type { DetectorFrame, LineSound } from './line-sound.ts';

/** Of a voice, so many frames are like this. */
const CERTAIN_PROBABILITY = 0.98;
const CERTAIN_SHARE = 0.5;
/** What a sound is shows in its first frames: some 800 ms. */
const TOLD_BY_FRAMES = 24;
/** Where there are but a few frames, one voice is what nearly all of them are certain of. */
const FEW_FRAMES = 12;
const SURE_SHARE = 0.8;
/**
 * What tells one voice from several: its level swings from syllable to syllable, and its vowels are periodic. Each makes
 * up for the other, in dB of swing. Fitted to 869 beginnings of interruptions, on twelve kinds of line and in every
 * alignment of the detector's frames, of which all but 25 pass after 680 ms, and to 432 of babble, of which 3 do.
 */
const ONE_VOICE = { leastCertainShare: 0.3, usualPeriodicity: 0.7, periodicityDb: 60, leastDb: 19 };
/** A hum is nowhere as bright as this, where it is loud enough to tell. */
const HUM_BRIGHTNESS = 0.15;
const AUDIBLE_DB = -45;

/** What kind of sound was taken for speech: one voice, several, or the hum of a listener. */
export class VoiceTraits {
  #frames = 0;
  #certainFrames = 0;
  readonly #levels: number[] = [];
  readonly #periodicities: number[] = [];
  #brightest = 0;
  /** Of a gap that may yet be the end, and then says nothing of the voice. */
  readonly #gapLevels: number[] = [];

  readonly #sound: LineSound;

  /** @param first the frame with which it began */
  constructor(first: DetectorFrame, sound: LineSound) {
    this.#sound = sound;
    this.#hear(first);
  }

  /** Takes in a frame that follows. */
  frame(frame: DetectorFrame, isVoice: boolean): void {
    this.#frames += 1;
    if (frame.probability >= CERTAIN_PROBABILITY) this.#certainFrames += 1;
    if (!isVoice) {
      this.#gapLevels.push(frame.levelDb);
      return;
    }
    if (this.#levels.length < TOLD_BY_FRAMES) {
      this.#levels.push(...this.#gapLevels);
      this.#hear(frame);
    }
    this.#gapLevels.length = 0;
  }

  /** Voice beyond doubt: of one or of several. */
  get isVoice(): boolean {
    return this.#certainFrames >= CERTAIN_SHARE * this.#frames;
  }

  /** One voice beyond doubt. Several at once fill each other's gaps and have no common period. */
  get isClear(): boolean {
    // A sound that has only just begun is not unclear.
    if (this.#frames < FEW_FRAMES) return this.#certainFrames >= SURE_SHARE * this.#frames;
    const { leastCertainShare, usualPeriodicity, periodicityDb, leastDb } = ONE_VOICE;
    if (this.#certainFrames < leastCertainShare * this.#frames) return false;
    const levels = this.#levels.toSorted((a, b) => a - b);
    const periodicities = this.#periodicities.toSorted((a, b) => a - b);
    const swingDb = (levels.at(-2) ?? 0) - (levels[1] ?? 0);
    const periodicity = periodicities[Math.floor(0.75 * periodicities.length)] ?? 0;
    return swingDb + periodicityDb * (periodicity - usualPeriodicity) > leastDb;
  }

  /** A hum as listeners make it: "mhm", "uh-huh". Few words that last have no consonant. */
  get isHum(): boolean {
    return this.#brightest < HUM_BRIGHTNESS;
  }

  /** How loud it is at its loudest, but for one frame where there are several. */
  get loudDb(): number {
    const levels = this.#levels.toSorted((a, b) => a - b);
    return levels.at(-2) ?? levels.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  #hear({ levelDb, atMs }: DetectorFrame): void {
    this.#levels.push(levelDb);
    this.#periodicities.push(this.#sound.periodicityAt(atMs));
    if (levelDb > AUDIBLE_DB) this.#brightest = Math.max(this.#brightest, this.#sound.brightnessAt(atMs));
  }
}
