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

/**
 * When speech was last audible that the detector saw last at `speechMs`, and none of until `untilMs`: better than by
 * whole frames. `peakDb`: its loudest level.
 */
export type EndOfSound = (speechMs: number, untilMs: number, peakDb: number) => number;

/** Whose voice a sound may be: the caller's for all that is known, the agent's own come back, or hard to say yet. */
export type VoiceOrigin = 'caller' | 'echo' | 'unsure';

/** From here up a frame is speech beyond doubt. Below, it counts for less, down to nothing at the policy's threshold. */
const CLEAR_PROBABILITY = 0.9;
/** Of a voice, so many frames are like this. */
const CERTAIN_PROBABILITY = 0.98;
const CERTAIN_SHARE = 0.5;
/** And from syllable to syllable its level changes by so much, within the first frames: some 800 ms. */
const ONE_VOICE_SWINGS_DB = 12;
const SWING_FRAMES = 24;
/** Where nearly all frames are certain it need not swing as much, and not at all while there are but a few. */
const SURE_SHARE = 0.8;
const SURE_VOICE_SWINGS_DB = 8;
const TOO_FEW_TO_SWING = 12;
/** The model goes on saying "speech" for a frame or two of silence. So far below its peaks no voice goes. */
const DEEPEST_SPEECH_DB = 35;
/** A caller may become quieter: the peak is forgotten by some 15 dB a second. */
const PEAK_FALL_DB = 0.5;
/** An echo is told from a voice by so much sound at most. */
const ORIGIN_WINDOW_MS = 500;
/** A cough or a knock bursts before it sounds like anything: loud frames without speech, just before. */
const BURST_PROBABILITY = 0.2;
const BURST_WITHIN_DB = 8;
const BURST_FRAMES = 3;
/** And it only fades from there. What has lasted so long is no cough. */
const LONGEST_FADE_MS = 320;
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
  readonly #endOfSound: EndOfSound;
  readonly #background = new Background();
  readonly #recent: { probability: number; levelDb: number }[] = [];
  #speaking = false;
  #runMs = 0;
  #evidenceMs = 0;
  #peakDb = Number.NEGATIVE_INFINITY;
  #afterBurst = false;
  #frames = 0;
  #certainFrames = 0;
  #levels: number[] = [];
  /** Of a gap that may yet be the end, and then says nothing of the voice. */
  #gapLevels: number[] = [];
  #lastSpeechMs = Number.NEGATIVE_INFINITY;
  #lastVoiceMs = Number.NEGATIVE_INFINITY;
  #undoubtedMs = 0;
  #misledDb = Number.NEGATIVE_INFINITY;
  #waryUntilMs = Number.NEGATIVE_INFINITY;
  #doubtedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param endOfSound asked once for every pause */
  constructor(policy: OnsetPolicy, endOfSound: EndOfSound) {
    this.#policy = policy;
    this.#endOfSound = endOfSound;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** What sounds, or sounded last, is voice beyond doubt: of one or of several. */
  get isVoice(): boolean {
    return this.#certainFrames >= CERTAIN_SHARE * this.#frames;
  }

  /**
   * What sounds, or sounded last, is one voice beyond doubt. Several at once fill each other's gaps, and never swing as
   * much.
   */
  get isClear(): boolean {
    const isSure = this.#certainFrames >= SURE_SHARE * this.#frames;
    if (this.#frames < TOO_FEW_TO_SWING) return isSure;
    const levels = this.#levels.toSorted((a, b) => a - b);
    const swingDb = (levels.at(-2) ?? 0) - (levels[1] ?? 0);
    return this.isVoice && swingDb >= (isSure ? SURE_VOICE_SWINGS_DB : ONE_VOICE_SWINGS_DB);
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
    this.#runMs = 0;
    this.#evidenceMs = 0;
    this.#undoubtedMs = 0;
  }

  #seekOnset(frame: DetectorFrame, origin: (windowMs: number) => VoiceOrigin): SpeechEdge | undefined {
    const { probability, levelDb, atMs } = frame;
    const { speechProbability, onsetMs, doubtfulOnsetMs } = this.#policy;
    const isBackground = this.#background.covers(levelDb);
    this.#background.hear(probability, levelDb);
    if (probability < speechProbability || isBackground) {
      this.reset();
      return;
    }
    this.#lastVoiceMs = atMs;
    this.#gather(frame, speechProbability);
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
    this.#gapLevels = [];
    this.#lastSpeechMs = atMs;
    return { type: 'started', onsetMs: startedMs };
  }

  #gather({ probability, levelDb }: DetectorFrame, speechProbability: number): void {
    if (this.#runMs === 0) this.#peakDb = levelDb;
    this.#peakDb = Math.max(this.#peakDb, levelDb);
    const weight = (probability - speechProbability) / Math.max(0.01, CLEAR_PROBABILITY - speechProbability);
    this.#runMs += DETECTOR_FRAME_MS;
    const evidenceMs = DETECTOR_FRAME_MS * Math.min(1, weight);
    this.#evidenceMs += evidenceMs;
    if (levelDb >= this.#misledDb + BEYOND_DOUBT_DB) this.#undoubtedMs += evidenceMs;
    if (this.#runMs === DETECTOR_FRAME_MS) {
      this.#afterBurst = this.#recent.some(
        (before) => before.probability < BURST_PROBABILITY && before.levelDb >= levelDb - BURST_WITHIN_DB,
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
      if (this.#levels.length < SWING_FRAMES) this.#levels.push(...this.#gapLevels);
      this.#gapLevels = [];
      return;
    }
    this.#runMs += DETECTOR_FRAME_MS;
    if (this.#runMs < this.#policy.pauseMs) return;
    this.reset();
    this.#lastSpeechMs = this.#endOfSound(this.#lastSpeechMs, atMs, this.#peakDb);
    return { type: 'ended', lastSpeechMs: this.#lastSpeechMs };
  }
}
