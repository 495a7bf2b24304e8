/** The rate of everything that the page sends and asks for. */
export const WIRE_RATE = 16_000;

/** Decodes PCM16LE from base64. A stray odd byte at the end is dropped. */
export function pcmFromBase64(text: string): Int16Array<ArrayBuffer> {
  const binary = atob(text);
  const samples = new Int16Array(binary.length >> 1);
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] = binary.charCodeAt(2 * i) | (binary.charCodeAt(2 * i + 1) << 8);
  }
  return samples;
}

export function floatsFromPcm(pcm: Int16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; i += 1) floats[i] = (pcm[i] ?? 0) / 32_768;
  return floats;
}

export function pcmFromFloats(floats: Float32Array): Int16Array<ArrayBuffer> {
  const pcm = new Int16Array(floats.length);
  for (let i = 0; i < floats.length; i += 1) {
    pcm[i] = Math.round(Math.max(-1, Math.min(1, floats[i] ?? 0)) * 32_767);
  }
  return pcm;
}

const QUIETEST_DB = -54;

/** How loud the samples are to the ear, from 0 (silence) to 1 (full scale), linear in decibels. */
export function loudness(floats: Float32Array): number {
  if (floats.length === 0) return 0;
  let power = 0;
  for (const sample of floats) power += sample * sample;
  const decibels = 10 * Math.log10(power / floats.length + 1e-12);
  return Math.max(0, Math.min(1, 1 - decibels / QUIETEST_DB));
}
