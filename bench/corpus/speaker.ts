import { Flite, type FliteVoice } from '../../emulator/speech/flite.ts';
import { toSpoken } from '../../emulator/speech/spoken-text.ts';
import { timeWords } from '../../emulator/speech/word-timing.ts';
import { AUDIBLE_RANGE_DB, activeRms, audibleSpans } from './audible.ts';
import type { Word } from './scene.ts';
import { fromInt16, gainOf, msIn, peak, type Signal, samplesIn, scaled, sped } from './signal.ts';

/** Somebody's words as sound, trimmed to what is audible: speech from the first sample to the last. */
export interface Clip {
  readonly voice: string;
  readonly recorded: boolean;
  readonly text: string;
  readonly samples: Signal;
  /** See {@link audibleSpans}. */
  readonly rangeDb: number;
  /** Times from the clip's start, never outside of it. */
  readonly words: readonly Word[];
}

/** The level of all speech before a scene sets its own. */
export const SPEECH_DBFS = -23;
const HIGHEST_PEAK = 0.9;
/** The synthesiser's word times are that exact. */
const ROUND_WORDS_MS = 60;
const WORDS_AT_ONCE = 40;

interface SpeakerVoice {
  readonly flite: FliteVoice;
  /** How much higher all of the voice lies, mouth included: above 1 a smaller speaker. */
  readonly pitch: number;
}

/** Flite has four voices; speaking them higher or lower makes seven speakers that a detector hears differently. */
const VOICES: Readonly<Record<string, SpeakerVoice>> = {
  slt: { flite: 'slt', pitch: 1 },
  rms: { flite: 'rms', pitch: 1 },
  awb: { flite: 'awb', pitch: 1 },
  kal16: { flite: 'kal16', pitch: 1 },
  'slt-high': { flite: 'slt', pitch: 1.1 },
  'rms-low': { flite: 'rms', pitch: 0.9 },
  'awb-high': { flite: 'awb', pitch: 1.12 },
};
export const VOICE_NAMES: readonly string[] = Object.keys(VOICES);

/** Gives texts a sound and tells when each word is spoken. The same text in the same voice is spoken once and kept. */
export class Speaker {
  readonly #flite: Flite;
  readonly #clips = new Map<string, Clip>();
  readonly #phones = new Map<string, readonly string[]>();

  private constructor(flite: Flite) {
    this.#flite = flite;
  }

  static async load(): Promise<Speaker> {
    return new Speaker(await Flite.load());
  }

  /** Finds out ahead how all words of some texts sound: one by one that takes as long as the speaking itself. */
  learn(texts: readonly string[]): void {
    const words = new Set(texts.flatMap((text) => toSpoken(text).words.map(({ spoken }) => spoken)));
    const unknown = [...words].filter((word) => !this.#phones.has(word));
    for (let at = 0; at < unknown.length; at += WORDS_AT_ONCE) {
      const some = unknown.slice(at, at + WORDS_AT_ONCE);
      const answers = this.#flite.pronounce(some) ?? [];
      for (const [index, phones] of answers.entries()) this.#phones.set(some[index] ?? '', phones);
    }
  }

  /**
   * @param voice one of {@link VOICE_NAMES}
   * @param slowness 1 is the voice's own pace, 1.2 takes a fifth longer
   */
  speak(text: string, voice: string, slowness = 1): Clip {
    const key = `${voice} ${slowness.toFixed(2)} ${text}`;
    const known = this.#clips.get(key);
    if (known) return known;
    const { flite, pitch } = VOICES[voice] ?? { flite: 'slt', pitch: 1 };
    const { words, spoken } = toSpoken(text);
    const { samples, phones } = this.#flite.speak(spoken, flite, slowness * pitch);
    const spans = timeWords(this.#pronounce(words.map((word) => word.spoken)), phones);
    const timed = words.map((word, index) => {
      const { startMs = 0, endMs = 0 } = spans[index] ?? {};
      return { text: word.text, startMs: startMs / pitch, endMs: endMs / pitch };
    });
    const whole = pitch === 1 ? fromInt16(samples) : sped(fromInt16(samples), pitch);
    // The diphone voice begins and ends with a blip that belongs to no word.
    const startAt = samplesIn(Math.max(0, (timed[0]?.startMs ?? 0) - ROUND_WORDS_MS));
    const sound = whole.slice(startAt, samplesIn((timed.at(-1)?.endMs ?? 0) + ROUND_WORDS_MS));
    for (const word of timed) shift(word, -msIn(startAt));
    const clip = trimmed({ voice, recorded: false, text, samples: sound, rangeDb: AUDIBLE_RANGE_DB, words: timed });
    this.#clips.set(key, clip);
    return clip;
  }

  #pronounce(words: readonly string[]): (readonly string[])[] {
    const unknown = [...new Set(words)].filter((word) => !this.#phones.has(word));
    const answers = unknown.length > 0 ? this.#flite.pronounce(unknown) : [];
    for (const [index, word] of unknown.entries()) {
      this.#phones.set(word, answers?.[index] ?? [...word.toLowerCase()]);
    }
    return words.map((word) => this.#phones.get(word) ?? []);
  }
}

function shift(word: { startMs: number; endMs: number }, byMs: number): void {
  word.startMs += byMs;
  word.endMs += byMs;
}

/** Cuts a clip to its audible part and sets its level. */
export function trimmed(clip: Clip): Clip {
  const spans = audibleSpans(clip.samples, clip.rangeDb);
  const startMs = spans[0]?.startMs ?? 0;
  const endMs = spans.at(-1)?.endMs ?? 0;
  const sound = clip.samples.slice(samplesIn(startMs), samplesIn(endMs));
  const gain = Math.min(gainOf(SPEECH_DBFS) / activeRms(sound, clip.rangeDb), HIGHEST_PEAK / peak(sound));
  const within = (ms: number) => Math.min(endMs, Math.max(startMs, ms)) - startMs;
  return {
    ...clip,
    samples: scaled(sound, gain),
    words: clip.words.map((word) => ({ ...word, startMs: within(word.startMs), endMs: within(word.endMs) })),
  };
}
