/**
 * Makes the bundled clips anew, from the texts in `standby-clips.ts`:
 * `node stream-host/speech/standby/testing/make-clips.ts`. A test holds that the files are what this makes.
 */
import { writeFileSync } from 'node:fs';
import { Flite } from '../../../../emulator/speech/flite.ts';
import { SAMPLE_RATE } from '../../../../shared/audio/pcm.ts';
import { encodeWav } from '../../../../shared/audio/wav.ts';
import { CLIP_TEXTS, CLIPS_FOLDER, SOUNDS } from '../standby-clips.ts';

const VOICE = 'slt';
const TONE_MS = 180;
const FADE_MS = 30;
const LOUDNESS = 0.2;

/** Every clip as a WAV file, by its name. The same bytes on every machine. */
export async function makeClips(): Promise<ReadonlyMap<string, Uint8Array>> {
  const flite = await Flite.load();
  const words = Object.entries(CLIP_TEXTS).map(
    ([name, text]) => [name, flite.speak(text, VOICE, 1).samples] satisfies [string, Int16Array],
  );
  const sounds = Object.entries(SOUNDS).map(
    ([name, tones]) => [name, Int16Array.from(tones.flatMap(tone))] satisfies [string, Int16Array],
  );
  return new Map([...words, ...sounds].map(([name, samples]) => [name, encodeWav([samples], SAMPLE_RATE)]));
}

/** One tone, faded in and out, so that nothing clicks. */
function tone(frequencyHz: number): number[] {
  return Array.from({ length: (TONE_MS * SAMPLE_RATE) / 1000 }, (_, i) => {
    const atMs = (i * 1000) / SAMPLE_RATE;
    const fade = Math.min(1, atMs / FADE_MS, (TONE_MS - atMs) / FADE_MS);
    return Math.round(32_767 * LOUDNESS * fade * Math.sin((2 * Math.PI * frequencyHz * i) / SAMPLE_RATE));
  });
}

if (import.meta.main) {
  for (const [name, wav] of await makeClips()) writeFileSync(new URL(`${name}.wav`, CLIPS_FOLDER), wav);
}
