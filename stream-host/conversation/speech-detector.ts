import { Background } from './background.ts';
import type { OnsetPolicy } from './turn-policy.ts';

/** One frame of the voice-activity model: 512 samples at 16 kHz. */
export const DETECTOR_FRAME_MS = 32;

/** What the detector is told of one frame. */
export interface DetectorFrame {
  readonly probability: number;
  /** How loud it was, in dB relative to full scale. */
  readonly levelDb: number;
  /** When its last sample arrived. */
  readonly atMs: number;
}

export type SpeechEdge =
  | { readonly type: 'started'; readonly onsetMs: number }
  | { readonly type: 'ended'; readonly lastSpeechMs: number };

/** What is known of the line's sound besides the model's verdicts. */
export interface LineSound {
  /**
   * When speech was last audible that the detector saw last at `speechMs`, and none of until `untilMs`: better than by
   * whole frames. `peakDb`: its loudest level.
   */
  endOfSound(speechMs: number, untilMs: number, peakDb: number): number;
  /** The share of the newest samples before `atMs` that cross zero: above 0.5 in an "s", below 0.2 in a vowel. */
  brightnessAt(atMs: number): number;
  /** How much the sound before `atMs` is like that of one voice on a vowel, from 0 to 1. */
  periodicityAt(atMs: number): number;
}

/** Whose voice a sound may be: the caller's for all that is known, the agent's own come back, or hard to say yet. */
export type VoiceOrigin = 'caller' | 'echo' | 'unsure';

/** From here up a frame is speech beyond doubt. Below, it counts for less, down to nothing at the policy's threshold. */
const CLEAR_PROBABILITY = 0.9;
/**
 * Music sounds a little like speech, for frames on end. So where no frame of a sound is likely speech, and none rises out
 * of what was before, it must last; and where such a sound has just been, rising does not help.
 */
const LIKELY_PROBABILITY = 0.85;
const RISEN_PROBABILITY = 0.6;
const RISE = 0.25;
const UNLIKELY_ONSET_MS = 112;
const UNLIKELY_MEMORY_MS = 2000;
/** Of a voice, so many frames are like this. */
const CERTAIN_PROBABILITY = 0.98;
const CERTAIN_SHARE = 0.5;
/** One voice is looked for in a sound's first frames: some 800 ms. */
const TOLD_BY_FRAMES = 24;
/** Where there are but a few frames, one voice is what nearly all of them are certain of. */
const FEW_FRAMES = 12;
const SURE_SHARE = 0.8;
/**
 * What tells one voice from several: its level swings from syllable to syllable, its vowels are periodic, and the model is
 * certain. Each makes up for the others, in dB of swing. Fitted to 240 interruptions on twelve kinds of line and
 * 360 pieces of babble, and then set stricter by what the whole engine does in babble.
 */
const ONE_VOICE = { leastCertainShare: 0.3, usualPeriodicity: 0.7, periodicityDb: 20, certaintyDb: 15, leastDb: 17 };
/** The model goes on saying "speech" for a frame or two of silence. So far below its peaks no voice goes. */
const DEEPEST_SPEECH_DB = 35;
/** A caller may become quieter: the peak is forgotten by some 15 dB a second. */
const PEAK_FALL_DB = 0.5;
/** An echo is told from a voice by so much sound at most. */
const ORIGIN_WINDOW_MS = 500;
/**
 * A cough or a knock bursts before it sounds like anything: loud and noisy frames without speech, just before. The
 * glottis that opens for a vowel is as loud, but dark.
 */
const BURST_PROBABILITY = 0.2;
const BURST_WITHIN_DB = 8;
const BURST_BRIGHTNESS = 0.2;
const BURST_FRAMES = 3;
/**
 * The model is not sure of an "s" before it has heard the vowel. A loud sound so bright that it has a little of speech
 * counts as half of a clear frame: little else hisses like that.
 */
const HISS_BRIGHTNESS = 0.5;
const HISS_PROBABILITY = 0.2;
const HISS_DB = -45;
const HISS_COUNTS_AS = 0.65;
/** And it only fades from there. What has lasted so long is no cough. */
const LONGEST_FADE_MS = 320;
const HUM_BRIGHTNESS = 0.15;
/** What is louder by so much than all that misled us is another sound, and not doubted. */
const BEYOND_DOUBT_DB = 4;
/** What misled us may well go on for a moment; an agent that stops again as soon as it speaks only stutters. */
const WARY_MS = 250;

/**
 * Turns frames into the edges of speech. Each frame is evidence, as much as its probability says; so clear speech is an
 * onset soon and doubtful speech must last longer. Evidence must be plentiful on a line that has misled us lately, of any
 * sound that is no louder than what did. The agent's echo, sounds of the background, and coughs while they fade, are no
 * evidence.
 */
export class SpeechDetector {
  readonly #policy: OnsetPolicy;
  readonly #sound: LineSound;
  readonly #background = new Background();
  readonly #recent: DetectorFrame[] = [];
  #speaking = false;
  #runMs = 0;
  #evidenceMs = 0;
  /** Some frame of the sound is likely speech. */
  #isLikely = false;
  /** Until then a sound that was not counts against those that only rise. */
  #unlikelyUntilMs = Number.NEGATIVE_INFINITY;
  #peakDb = Number.NEGATIVE_INFINITY;
  #afterBurst = false;
  #frames = 0;
  #certainFrames = 0;
  #levels: number[] = [];
  #periodicities: number[] = [];
  #brightest = 0;
  /** Of a gap that may yet be the end, and then says nothing of the voice. */
  #gapLevels: number[] = [];
  #lastSpeechMs = Number.NEGATIVE_INFINITY;
  #lastVoiceMs = Number.NEGATIVE_INFINITY;
  #undoubtedMs = 0;
  #misledDb = Number.NEGATIVE_INFINITY;
  #waryUntilMs = Number.NEGATIVE_INFINITY;
  #doubtedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(policy: OnsetPolicy, sound: LineSound) {
    this.#policy = policy;
    this.#sound = sound;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** What sounds, or sounded last, is voice beyond doubt: of one or of several. */
  get isVoice(): boolean {
    return this.#certainFrames >= CERTAIN_SHARE * this.#frames;
  }

  /**
   * What sounds, or sounded last, is one voice beyond doubt. Several at once fill each other's gaps and have no common
   * period.
   */
  get isClear(): boolean {
    // A sound that has only just begun is not unclear.
    if (this.#frames < FEW_FRAMES) return this.#certainFrames >= SURE_SHARE * this.#frames;
    const certainShare = this.#certainFrames / this.#frames;
    const { leastCertainShare, usualPeriodicity, periodicityDb, certaintyDb, leastDb } = ONE_VOICE;
    if (certainShare < leastCertainShare) return false;
    const levels = this.#levels.toSorted((a, b) => a - b);
    const periodicities = this.#periodicities.toSorted((a, b) => a - b);
    const swingDb = (levels.at(-2) ?? 0) - (levels[1] ?? 0);
    const periodicity = periodicities[Math.floor(0.75 * periodicities.length)] ?? 0;
    const evidenceDb = periodicityDb * (periodicity - usualPeriodicity) + certaintyDb * (certainShare - CERTAIN_SHARE);
    return swingDb + evidenceDb > leastDb;
  }

  /** What sounds, or sounded last, is a hum as listeners make it: "mhm", "uh-huh". Few long words have no consonant. */
  get isHum(): boolean {
    return this.#brightest < HUM_BRIGHTNESS;
  }

  /** When the newest speech came, of an utterance that has begun. */
  get lastSpeechMs(): number {
    return this.#lastSpeechMs;
  }

  /** When anything came last that sounds like speech, an utterance or not. */
  get lastVoiceMs(): number {
    return this.#lastVoiceMs;
  }

  /** @param origin asked only when an onset hangs on it, of the newest `windowMs` of the line */
  frame(frame: DetectorFrame, origin: (windowMs: number) => VoiceOrigin): SpeechEdge | undefined {
    const edge = this.#speaking ? this.#seekPause(frame) : this.#seekOnset(frame, origin);
    this.#recent.push(frame);
    if (this.#recent.length > BURST_FRAMES) this.#recent.shift();
    return edge;
  }

  /** The last onset was none: a cough, a click. Sounds are doubted for a while; one that goes on is background. */
  misled(nowMs: number): void {
    this.#misledDb = this.#levels.toSorted((a, b) => a - b).at(-2) ?? this.#misledDb;
    this.#doubtedUntilMs = nowMs + this.#policy.doubtMs;
    this.#waryUntilMs = nowMs + WARY_MS;
    this.ignoreSound();
  }

  /** Whatever sounds now is not the caller: from here on only what is louder counts. */
  ignoreSound(): void {
    if (!this.#speaking) return;
    this.#background.isThis();
    this.reset();
  }

  /** The last onset was speech. */
  confirmed(): void {
    this.#waryUntilMs = Number.NEGATIVE_INFINITY;
    this.#doubtedUntilMs = Number.NEGATIVE_INFINITY;
  }

  reset(): void {
    this.#speaking = false;
    this.#isLikely = false;
    this.#runMs = 0;
    this.#evidenceMs = 0;
    this.#undoubtedMs = 0;
  }

  #seekOnset(frame: DetectorFrame, origin: (windowMs: number) => VoiceOrigin): SpeechEdge | undefined {
    const { probability, levelDb, atMs } = frame;
    const { speechProbability, onsetMs, doubtfulOnsetMs } = this.#policy;
    const isBackground = this.#background.covers(levelDb);
    this.#background.hear(probability, levelDb);
    const hisses = this.#hisses(frame);
    const likely = hisses ? Math.max(probability, HISS_COUNTS_AS) : probability;
    if (likely < speechProbability || isBackground) {
      if (this.#runMs > DETECTOR_FRAME_MS && !this.#isLikely) this.#unlikelyUntilMs = atMs + UNLIKELY_MEMORY_MS;
      this.reset();
      return;
    }
    this.#lastVoiceMs = atMs;
    this.#isLikely ||= hisses || probability >= LIKELY_PROBABILITY || this.#rises(frame);
    this.#gather(likely, levelDb);
    if (!this.#isLikely && this.#evidenceMs < UNLIKELY_ONSET_MS) return;
    if (this.#evidenceMs < onsetMs || (this.#afterBurst && this.#fades(levelDb))) return;
    if (atMs < this.#waryUntilMs) return;
    const isDoubted = atMs < this.#doubtedUntilMs && this.#undoubtedMs < onsetMs;
    if (isDoubted && this.#evidenceMs < doubtfulOnsetMs) return;
    if (origin(Math.min(this.#runMs, ORIGIN_WINDOW_MS)) !== 'caller') return;
    const startedMs = atMs - this.#runMs;
    this.reset();
    this.#speaking = true;
    this.#frames = 0;
    this.#certainFrames = 0;
    this.#levels = [levelDb];
    this.#periodicities = [this.#sound.periodicityAt(atMs)];
    this.#brightest = this.#sound.brightnessAt(atMs);
    this.#gapLevels = [];
    this.#lastSpeechMs = atMs;
    return { type: 'started', onsetMs: startedMs };
  }

  #rises({ probability, atMs }: DetectorFrame): boolean {
    const before = this.#recent.at(-1)?.probability ?? 0;
    return probability >= RISEN_PROBABILITY && probability - before >= RISE && atMs > this.#unlikelyUntilMs;
  }

  #hisses({ probability, levelDb, atMs }: DetectorFrame): boolean {
    return probability >= HISS_PROBABILITY && levelDb > HISS_DB && this.#sound.brightnessAt(atMs) > HISS_BRIGHTNESS;
  }

  #gather(probability: number, levelDb: number): void {
    const { speechProbability } = this.#policy;
    if (this.#runMs === 0) this.#peakDb = levelDb;
    this.#peakDb = Math.max(this.#peakDb, levelDb);
    const weight = (probability - speechProbability) / Math.max(0.01, CLEAR_PROBABILITY - speechProbability);
    this.#runMs += DETECTOR_FRAME_MS;
    const evidenceMs = DETECTOR_FRAME_MS * Math.min(1, weight);
    this.#evidenceMs += evidenceMs;
    if (levelDb >= this.#misledDb + BEYOND_DOUBT_DB) this.#undoubtedMs += evidenceMs;
    if (this.#runMs === DETECTOR_FRAME_MS) {
      this.#afterBurst = this.#recent.some(
        (before) =>
          before.probability < BURST_PROBABILITY &&
          before.levelDb >= levelDb - BURST_WITHIN_DB &&
          this.#sound.brightnessAt(before.atMs) > BURST_BRIGHTNESS,
      );
    }
  }

  #fades(levelDb: number): boolean {
    return this.#runMs < LONGEST_FADE_MS && levelDb < (this.#recent.at(-1)?.levelDb ?? levelDb);
  }

  #seekPause({ probability, levelDb, atMs }: DetectorFrame): SpeechEdge | undefined {
    this.#frames += 1;
    if (probability >= CERTAIN_PROBABILITY) this.#certainFrames += 1;
    this.#gapLevels.push(levelDb);
    this.#background.listenOver(levelDb);
    this.#peakDb = Math.max(levelDb, this.#peakDb - PEAK_FALL_DB);
    const isVoice = probability >= this.#policy.silenceProbability && levelDb > this.#peakDb - DEEPEST_SPEECH_DB;
    if (isVoice && !this.#background.covers(levelDb)) {
      this.#runMs = 0;
      this.#lastSpeechMs = atMs;
      this.#lastVoiceMs = atMs;
      if (this.#levels.length < TOLD_BY_FRAMES) {
        this.#levels.push(...this.#gapLevels);
        this.#periodicities.push(this.#sound.periodicityAt(atMs));
        if (levelDb > HISS_DB) this.#brightest = Math.max(this.#brightest, this.#sound.brightnessAt(atMs));
      }
      this.#gapLevels = [];
      return;
    }
    this.#runMs += DETECTOR_FRAME_MS;
    if (this.#runMs < this.#policy.pauseMs) return;
    this.reset();
    this.#lastSpeechMs = this.#sound.endOfSound(this.#lastSpeechMs, atMs, this.#peakDb);
    return { type: 'ended', lastSpeechMs: this.#lastSpeechMs };
  }
}
