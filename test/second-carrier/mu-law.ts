import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';

/** G.711 μ-law, one byte a sample. (ITU-T G.711, table 2a) */
const BIAS = 0x84;
const LOUDEST = 32_635;

export function encodeMuLaw(pcm: Uint8Array): Uint8Array {
  return Uint8Array.from(samplesOf(pcm), (sample) => {
    const sign = sample < 0 ? 0x80 : 0;
    const magnitude = Math.min(Math.abs(sample), LOUDEST) + BIAS;
    const exponent = Math.max(0, Math.floor(Math.log2(magnitude)) - 7);
    const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    return ~(sign | (exponent << 4) | mantissa) & 0xff;
  });
}

export function decodeMuLaw(bytes: Uint8Array): Uint8Array {
  const samples = Int16Array.from(bytes, (byte) => {
    const flipped = ~byte & 0xff;
    const magnitude = ((((flipped & 0x0f) << 3) + BIAS) << ((flipped >> 4) & 7)) - BIAS;
    return flipped & 0x80 ? -magnitude : magnitude;
  });
  return bytesOf(samples);
}
