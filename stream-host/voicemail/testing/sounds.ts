import { bytesOf, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';

/** A sum of sines for so long: PCM16 mono. */
export function tones(
  hz: readonly number[],
  ms: number,
  options: { readonly rateHz?: number; readonly peak?: number } = {},
) {
  const { rateHz = SAMPLE_RATE, peak = 0.3 } = options;
  const samples = Int16Array.from({ length: (rateHz * ms) / 1000 }, (_, i) => {
    const sum = hz.reduce((total, each) => total + Math.sin((2 * Math.PI * each * i) / rateHz), 0);
    return (sum / Math.max(1, hz.length)) * peak * 32_767;
  });
  return bytesOf(samples);
}

/** Something like a voice: harmonics of a pitch that glides, in syllables of 200 ms with a little gap. */
export function babble(ms: number, options: { readonly pitchHz?: number } = {}): Uint8Array {
  const { pitchHz = 120 } = options;
  let phase = 0;
  const samples = Int16Array.from({ length: SAMPLE_RATE * (ms / 1000) }, (_, i) => {
    const t = i / SAMPLE_RATE;
    phase += (2 * Math.PI * pitchHz * (1 + 0.15 * Math.sin(2 * Math.PI * 1.3 * t))) / SAMPLE_RATE;
    const syllable = Math.max(0, Math.sin((2 * Math.PI * t) / 0.4)) ** 0.5 + 0.15;
    let sum = 0;
    for (let k = 1; k <= 16; k++) sum += Math.sin(k * phase) / k;
    return sum * syllable * 0.15 * 32_767;
  });
  return bytesOf(samples);
}

export const silence = (ms: number): Uint8Array => new Uint8Array(ms * 32);

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
