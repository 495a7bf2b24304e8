import type { FliteVoice } from '../../emulator/speech/flite.ts';
import { toSpoken } from '../../emulator/speech/spoken-text.ts';
import { TimedFlite } from '../../emulator/speech/timed-flite.ts';
import { bytesOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { AUDIBLE_RANGE_DB, activeRms, audibleSpans } from './audible.ts';
import type { Word } from './scene.ts';
import { gainOf, peak, type Signal, samplesIn, scaled, sped } from './signal.ts';

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

/**
 * Flite has four voices; speaking them higher or lower, mouth included, makes seven speakers that a detector hears
 * differently. A pitch above 1 is a smaller speaker.
 */
const VOICES: Readonly<Record<string, readonly [flite: FliteVoice, pitch: number]>> = {
  slt: ['slt', 1],
  rms: ['rms', 1],
  awb: ['awb', 1],
  kal16: ['kal16', 1],
  'slt-high': ['slt', 1.1],
  'rms-low': ['rms', 0.9],
  'awb-high': ['awb', 1.12],
};
export const VOICE_NAMES: readonly string[] = Object.keys(VOICES);

/** Gives texts a sound and tells when each word is spoken. The same text in the same voice is spoken once and kept. */
export class Speaker {
  readonly #flite: TimedFlite;
  readonly #clips = new Map<string, Clip>();

  private constructor(flite: TimedFlite) {
    this.#flite = flite;
  }

  static async load(): Promise<Speaker> {
    return new Speaker(await TimedFlite.load());
  }

  /**
   * @param voice one of {@link VOICE_NAMES}
   * @param slowness 1 is the voice's own pace, 1.2 takes a fifth longer
   */
  speak(text: string, voice: string, slowness = 1): Clip {
    const key = `${voice} ${slowness.toFixed(2)} ${text}`;
    const known = this.#clips.get(key);
    if (known) return known;
    const [flite, pitch] = VOICES[voice] ?? ['slt', 1];
    const sentence = toSpoken(text);
    const { samples, spans } = this.#flite.speak(sentence, flite, slowness * pitch);
    const whole = sped(toFloat32(bytesOf(samples)), pitch);
    // The diphone voice begins and ends with a blip that belongs to no word.
    const fromMs = Math.max(0, (spans[0]?.startMs ?? 0) / pitch - ROUND_WORDS_MS);
    const sound = whole.slice(samplesIn(fromMs), samplesIn((spans.at(-1)?.endMs ?? 0) / pitch + ROUND_WORDS_MS));
    const words = sentence.words.map((word, index) => {
      const { startMs = 0, endMs = 0 } = spans[index] ?? {};
      return { text: word.text, startMs: startMs / pitch - fromMs, endMs: endMs / pitch - fromMs };
    });
    const clip = trimmed({ voice, recorded: false, text, samples: sound, rangeDb: AUDIBLE_RANGE_DB, words });
    this.#clips.set(key, clip);
    return clip;
  }
}

/** Cuts a clip to its audible part and sets its level. */
export function trimmed(clip: Clip): Clip {
  const spans = audibleSpans(clip.samples, clip.rangeDb);
  const [startMs, endMs] = [spans[0]?.startMs ?? 0, spans.at(-1)?.endMs ?? 0];
  const sound = clip.samples.slice(samplesIn(startMs), samplesIn(endMs));
  const gain = Math.min(gainOf(SPEECH_DBFS) / activeRms(sound, clip.rangeDb), HIGHEST_PEAK / peak(sound));
  const within = (ms: number) => Math.min(endMs, Math.max(startMs, ms)) - startMs;
  const words = clip.words.map((word) => ({ ...word, startMs: within(word.startMs), endMs: within(word.endMs) }));
  return { ...clip, samples: scaled(sound, gain), words };
}
