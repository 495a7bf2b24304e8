import { bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';

const TONE_MS = 160;
const GAP_MS = 80;
const AMPLITUDE = 8_000;
const LOW_HZ = [697, 770, 852, 941];
const HIGH_HZ = [1209, 1336, 1477, 1633];
const KEYS = '123A456B789C*0#D';

/** How Call Automation spells each key of a phone. */
const NAMES: Readonly<Record<string, string>> = {
  '0': 'zero',
  '1': 'one',
  '2': 'two',
  '3': 'three',
  '4': 'four',
  '5': 'five',
  '6': 'six',
  '7': 'seven',
  '8': 'eight',
  '9': 'nine',
  A: 'a',
  B: 'b',
  C: 'c',
  D: 'd',
  '#': 'pound',
  '*': 'asterisk',
};

export const TONE_NAMES = Object.values(NAMES);

/** @param key one of 0-9 A-D * # */
export const toneName = (key: string): string => NAMES[key] ?? key;

/** The key of a tone's name: `pound` -> `#`. */
export const keyOf = (name: string): string => Object.entries(NAMES).find(([, known]) => known === name)?.[0] ?? name;

/** The sound of a key, with the pause that follows it: 16 kHz PCM16. */
export function toneAudio(key: string): Uint8Array {
  const index = KEYS.indexOf(key);
  const low = LOW_HZ[Math.floor(index / 4)] ?? 0;
  const high = HIGH_HZ[index % 4] ?? 0;
  const samples = new Int16Array(((TONE_MS + GAP_MS) * SAMPLE_RATE) / 1000);
  for (let at = 0; at < (TONE_MS * SAMPLE_RATE) / 1000; at++) {
    const angle = (2 * Math.PI * at) / SAMPLE_RATE;
    samples[at] = AMPLITUDE * (Math.sin(low * angle) + Math.sin(high * angle));
  }
  return bytesOf(samples);
}
