import type { OnsetPolicy } from '../turns/turn-policy.ts';
import { Background } from './background.ts';
import type { DetectorFrame, LineSound } from './line-sound.ts';
import { VoiceTraits } from './voice-traits.ts';

/** One frame of the voice-activity model: 512 samples at 16 kHz. */
export const DETECTOR_FRAME_MS = 32;

type SpeechEdge =
  | { readonly type: 'started'; readonly onsetMs: number }
  | { readonly type: 'ended'; readonly lastSpeechMs: number };

/** Whose voice a sound may be: the caller's for all that is known, the agent's own come back, others', or hard to say yet. */
export type VoiceOrigin = 'caller' | 'echo' | 'others' | 'unsure';

/** Whose the newest `windowMs` of the line before `atMs` are. */
export type AskOrigin = (windowMs: number, atMs: number, sound: HeardSound) => VoiceOrigin;

export interface HeardSound {
  /** How loud it is at its loudest, relative to full scale. */
  readonly peakDb: number;
  /** How much it is one voice at most, from 0 to 1. Several at once are dark, and have no common period. */
  readonly clarity: number;
}

/** From here up a frame is speech beyond doubt. Below, it counts for less, down to nothing at the policy's threshold. */
const CLEAR_PROBABILITY = 0.9;
/**
 * Music sounds a little like speech, for frames on end. So where no frame of a sound is likely speech, and none rises out
 * of what was before, it must last; and where such a sound has just been, rising does not help, nor being nearly as likely.
 */
const LIKELY_PROBABILITY = 0.9;
const LIKELY_ENOUGH_PROBABILITY = 0.87;
const RISEN_PROBABILITY = 0.82;
const RISE = 0.25;
const UNLIKELY_ONSET_MS = 144;
const UNLIKELY_MEMORY_MS = 2000;
/** The model goes on saying "speech" for a frame or two of silence. So far below its peaks no voice goes. */
const DEEPEST_SPEECH_DB = 35;
/** A caller may become quieter: the peak is forgotten by some 15 dB a second. */
const PEAK_FALL_DB = 0.5;
/** What was "just before" a sound: so many frames. */
const RECENT_FRAMES = 4;
/** A consonant has no period, but so much of brightness says as much for one voice. */
const CLEAR_BRIGHTNESS = 0.5;
/** Others who have talked for so long are the background. */
const OTHERS_MS = 320;
/** An echo is told from a voice by so much sound at most. */
const ORIGIN_WINDOW_MS = 500;
/**
 * A cough or a knock bursts before it sounds like anything: loud and noisy frames without speech, just before. The
 * glottis that opens for a vowel is as loud, but dark, and an "s" is brighter. What is noisy but less loud than a dark
 * sound just before is no burst, but an "f" after the lips have opened. What follows a burst must be a little more than
 * one clear frame, unless it grows far beyond the burst.
 */
const BURST_PROBABILITY = 0.2;
const BURST_WITHIN_DB = 8;
const BURST_BRIGHTNESS = 0.2;
const AFTER_BURST_MS = DETECTOR_FRAME_MS + 1;
/** And it only fades from there. What has lasted so long is no cough. */
const LONGEST_FADE_MS = 320;
/**
 * The model is not sure of an "s" before it has heard the vowel. A loud sound so bright that it has a little of speech
 * counts as much of a clear frame, enough for an onset by default: little else hisses like that.
 */
const HISS_BRIGHTNESS = 0.5;
const HISS_PROBABILITY = 0.2;
const HISS_DB = -45;
const HISS_COUNTS_AS = 0.72;
/** What is louder by so much than all that misled us is another sound, and not doubted. */
const BEYOND_DOUBT_DB = 4;
/**
 * What comes out of a silence so much quieter is not babble or a radio that goes on. What misled us there was a cough or
 * the like, which seldom comes alone, but is soon over: the next sound is doubted, but by so much less.
 */
const OUT_OF_SILENCE_DB = 20;
const OUT_OF_SILENCE_SHARE = 0.5;
/** What misled us may well go on for a moment; an agent that stops again as soon as it speaks only stutters. */
const WARY_MS = 250;

/** Frames on end that are like speech. */
interface Run extends HeardSound {
  readonly ms: number;
  readonly evidenceMs: number;
  /** Of the evidence, what is louder than all that misled us. */
  readonly undoubtedMs: number;
  /** Some frame of the sound is likely speech. */
  readonly isLikely: boolean;
  /** How loud the burst was that it followed. */
  readonly burstDb: number;
  /** How loud the quietest of the frames before it was. */
  readonly silenceDb: number;
}

const NO_RUN: Run = {
  ms: 0,
  evidenceMs: 0,
  undoubtedMs: 0,
  isLikely: false,
  clarity: 0,
  peakDb: Number.NEGATIVE_INFINITY,
  burstDb: Number.NEGATIVE_INFINITY,
  silenceDb: Number.POSITIVE_INFINITY,
};

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
  /** What may become an onset. */
  #run = NO_RUN;
  #pausedMs = 0;
  /** Until then a sound that was not counts against those that only rise. */
  #unlikelyUntilMs = Number.NEGATIVE_INFINITY;
  #peakDb = Number.NEGATIVE_INFINITY;
  /** Of the sound that was last taken for speech. */
  #traits: VoiceTraits | undefined;
  #lastSpeechMs = Number.NEGATIVE_INFINITY;
  #lastVoiceMs = Number.NEGATIVE_INFINITY;
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
    return this.#traits?.isVoice ?? true;
  }

  /** What sounds, or sounded last, is one voice beyond doubt. */
  get isClear(): boolean {
    return this.#traits?.isClear ?? true;
  }

  /** What sounds, or sounded last, is the hum of a listener. */
  get isHum(): boolean {
    return this.#traits?.isHum ?? false;
  }

  /** How loud what sounds, or sounded last, is at its loudest. */
  get loudDb(): number | undefined {
    return this.#traits?.loudDb;
  }

  /** When the newest speech came, of an utterance that has begun. */
  get lastSpeechMs(): number {
    return this.#lastSpeechMs;
  }

  /** When anything came last that sounds like speech, an utterance or not. */
  get lastVoiceMs(): number {
    return this.#lastVoiceMs;
  }

  /** @param origin asked only when an onset hangs on it */
  frame(frame: DetectorFrame, origin: AskOrigin): SpeechEdge | undefined {
    const edge = this.#speaking ? this.#seekPause(frame) : this.#seekOnset(frame, origin);
    this.#recent.push(frame);
    if (this.#recent.length > RECENT_FRAMES) this.#recent.shift();
    return edge;
  }

  /** The last onset was none: a cough, a click. Sounds are doubted for a while; one that goes on is background. */
  misled(nowMs: number): void {
    const before = nowMs < this.#doubtedUntilMs ? this.#misledDb : Number.NEGATIVE_INFINITY;
    this.#misledDb = Math.max(before, this.#traits?.loudDb ?? before);
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
    this.#run = NO_RUN;
    this.#pausedMs = 0;
  }

  #seekOnset(frame: DetectorFrame, origin: AskOrigin): SpeechEdge | undefined {
    const isBackground = this.#background.covers(frame.levelDb);
    this.#background.hear(frame.probability, frame.levelDb);
    const run = isBackground ? undefined : this.#extended(frame);
    if (!run) {
      if (this.#run.ms > DETECTOR_FRAME_MS && !this.#run.isLikely)
        this.#unlikelyUntilMs = frame.atMs + UNLIKELY_MEMORY_MS;
      this.reset();
      return;
    }
    this.#run = run;
    this.#lastVoiceMs = frame.atMs;
    return this.#onsetOf(run, frame, origin);
  }

  #onsetOf(run: Run, frame: DetectorFrame, origin: AskOrigin): SpeechEdge | undefined {
    const { levelDb, atMs } = frame;
    const { onsetMs } = this.#policy;
    if (!run.isLikely && run.evidenceMs < UNLIKELY_ONSET_MS) return;
    const isAfterBurst = run.burstDb >= run.peakDb - BURST_WITHIN_DB;
    if (run.evidenceMs < (isAfterBurst ? Math.max(AFTER_BURST_MS, onsetMs) : onsetMs)) return;
    if (isAfterBurst && this.#fades(run, levelDb)) return;
    if (run.undoubtedMs < onsetMs) {
      if (atMs < this.#waryUntilMs) return;
      if (atMs < this.#doubtedUntilMs && run.evidenceMs < this.#doubtfulOnsetMs(run)) return;
    }
    const whose = origin(Math.min(run.ms, ORIGIN_WINDOW_MS), atMs, run);
    if (whose === 'others' && run.ms >= OTHERS_MS) this.#background.isThis();
    if (whose !== 'caller') return;
    this.reset();
    this.#speaking = true;
    this.#peakDb = run.peakDb;
    this.#traits = new VoiceTraits(frame, this.#sound);
    this.#lastSpeechMs = atMs;
    this.#lastVoiceMs = atMs;
    return { type: 'started', onsetMs: atMs - run.ms };
  }

  /** The run with one more frame; nothing where that is not like speech. */
  #extended(frame: DetectorFrame): Run | undefined {
    const { probability, levelDb } = frame;
    const { speechProbability } = this.#policy;
    const hisses = this.#hisses(frame);
    const likely = hisses ? Math.max(probability, HISS_COUNTS_AS) : probability;
    if (likely < speechProbability) return;
    const before = this.#run;
    const weight = (likely - speechProbability) / Math.max(0.01, CLEAR_PROBABILITY - speechProbability);
    const evidenceMs = DETECTOR_FRAME_MS * Math.min(1, weight);
    return {
      ms: before.ms + DETECTOR_FRAME_MS,
      evidenceMs: before.evidenceMs + evidenceMs,
      undoubtedMs: before.undoubtedMs + (levelDb >= this.#misledDb + BEYOND_DOUBT_DB ? evidenceMs : 0),
      isLikely: before.isLikely || hisses || this.#isLikely(frame),
      clarity: Math.max(before.clarity, this.#clarityAt(frame.atMs)),
      peakDb: Math.max(before.peakDb, levelDb),
      burstDb: before.ms === 0 ? this.#burstDb() : before.burstDb,
      silenceDb: before.ms === 0 ? Math.min(...this.#recent.map((recent) => recent.levelDb)) : before.silenceDb,
    };
  }

  #doubtfulOnsetMs({ silenceDb, peakDb }: Run): number {
    const { onsetMs, doubtfulOnsetMs } = this.#policy;
    if (silenceDb >= peakDb - OUT_OF_SILENCE_DB) return doubtfulOnsetMs;
    return Math.max(onsetMs, doubtfulOnsetMs * OUT_OF_SILENCE_SHARE);
  }

  /** How loud the loudest burst was in the frames before. */
  #burstDb(): number {
    let burstDb = Number.NEGATIVE_INFINITY;
    let darkDb = Number.NEGATIVE_INFINITY;
    for (const { probability, levelDb, atMs } of this.#recent) {
      const brightness = this.#sound.brightnessAt(atMs);
      if (brightness <= BURST_BRIGHTNESS) darkDb = Math.max(darkDb, levelDb);
      else if (brightness <= HISS_BRIGHTNESS && probability < BURST_PROBABILITY && levelDb >= darkDb)
        burstDb = Math.max(burstDb, levelDb);
    }
    return burstDb;
  }

  #isLikely({ probability, atMs }: DetectorFrame): boolean {
    if (probability >= LIKELY_PROBABILITY) return true;
    if (atMs <= this.#unlikelyUntilMs) return false;
    const before = this.#recent.at(-1)?.probability ?? 0;
    const rises = probability >= RISEN_PROBABILITY && probability - before >= RISE;
    return rises || probability >= LIKELY_ENOUGH_PROBABILITY;
  }

  #hisses({ probability, levelDb, atMs }: DetectorFrame): boolean {
    return probability >= HISS_PROBABILITY && levelDb > HISS_DB && this.#sound.brightnessAt(atMs) > HISS_BRIGHTNESS;
  }

  #clarityAt(atMs: number): number {
    return Math.min(1, Math.max(this.#sound.periodicityAt(atMs), this.#sound.brightnessAt(atMs) / CLEAR_BRIGHTNESS));
  }

  #fades(run: Run, levelDb: number): boolean {
    return run.ms < LONGEST_FADE_MS && levelDb < (this.#recent.at(-1)?.levelDb ?? levelDb);
  }

  #seekPause(frame: DetectorFrame): SpeechEdge | undefined {
    const { probability, levelDb, atMs } = frame;
    this.#background.listenOver(levelDb);
    this.#peakDb = Math.max(levelDb, this.#peakDb - PEAK_FALL_DB);
    const isLoud = levelDb > this.#peakDb - DEEPEST_SPEECH_DB && !this.#background.covers(levelDb);
    const isVoice = isLoud && probability >= this.#policy.silenceProbability;
    this.#traits?.frame(frame, isVoice);
    if (isVoice) {
      this.#pausedMs = 0;
      this.#lastSpeechMs = atMs;
      this.#lastVoiceMs = atMs;
      return;
    }
    this.#pausedMs += DETECTOR_FRAME_MS;
    if (this.#pausedMs < this.#policy.pauseMs) return;
    this.reset();
    this.#lastSpeechMs = this.#sound.endOfSound(this.#lastSpeechMs, atMs, this.#peakDb);
    return { type: 'ended', lastSpeechMs: this.#lastSpeechMs };
  }
}
