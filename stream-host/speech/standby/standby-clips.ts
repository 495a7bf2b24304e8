import { readFileSync } from 'node:fs';
import { bytesOf, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { parseWav } from '../../../shared/audio/wav.ts';
import { ConfigError, messageOf } from '../../../shared/errors.ts';
import type { StandbyPurpose, StandbySpeech } from '../../contract/speech.ts';

/**
 * What the bundled clips say, `<name>.wav` each. They are in English, spoken by a plain voice: better than silence, and
 * no more than that. Nobody who speaks another language is spoken to in English: he hears two tones, rising where he
 * is to wait and falling where something went wrong. `testing/make-clips.ts` makes the files.
 */
export const CLIP_TEXTS: Readonly<Record<StandbyPurpose, string>> = {
  greeting: 'Hello. How can I help you?',
  filler: 'One moment, please.',
  explanation: 'Sorry, this is taking longer than it should. Please stay on the line.',
  apology: 'Sorry, something went wrong. Please say that again.',
  farewell: 'Sorry, I cannot go on right now. Please call again later. Goodbye.',
};

/** The two tones, in Hz, of each sound without words. */
export const SOUNDS = { 'tones-wait': [523, 659], 'tones-sorry': [523, 392] } as const;
export type Sound = keyof typeof SOUNDS;

const SOUND_FOR: Readonly<Record<StandbyPurpose, Sound>> = {
  greeting: 'tones-wait',
  filler: 'tones-wait',
  explanation: 'tones-wait',
  apology: 'tones-sorry',
  farewell: 'tones-sorry',
};

/** The build copies the folder beside this file. */
export const CLIPS_FOLDER = new URL('./clips/', import.meta.url);

/** The clips that come with Parley, in memory. */
export class StandbyClips {
  readonly #words: ReadonlyMap<string, StandbySpeech>;
  readonly #sounds: ReadonlyMap<string, StandbySpeech>;

  /** @throws {ConfigError} where a file is missing or broken: the installation is not whole */
  constructor(folder: URL = CLIPS_FOLDER) {
    this.#words = new Map(
      Object.entries(CLIP_TEXTS).map(([purpose, text]) => [purpose, { text, pcm: readClip(folder, purpose) }]),
    );
    this.#sounds = new Map(Object.keys(SOUNDS).map((name) => [name, { text: '', pcm: readClip(folder, name) }]));
  }

  /** The clip for a purpose, for callers who speak the language of `locale`. */
  clip(purpose: StandbyPurpose, locale: string): StandbySpeech {
    const clip = /^en\b/i.test(locale) ? this.#words.get(purpose) : this.#sounds.get(SOUND_FOR[purpose]);
    if (!clip) throw new Error(`There is no clip for "${purpose}".`);
    return clip;
  }
}

function readClip(folder: URL, name: string): Uint8Array {
  const file = new URL(`${name}.wav`, folder);
  try {
    const { sampleRate, channels } = parseWav(readFileSync(file));
    const [samples, ...others] = channels;
    if (!samples?.length || others.length > 0 || sampleRate !== SAMPLE_RATE) throw new Error('not 16 kHz mono');
    return bytesOf(samples);
  } catch (error) {
    throw new ConfigError(
      `The bundled clip ${file.pathname} cannot be used: ${messageOf(error)}. Install Parley again.`,
    );
  }
}
