import { bytesOf, SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';

/** How audio goes over the wire: PCM16 mono, or G.711 with a byte a sample. */
export interface AudioFormat {
  readonly encoding: 'pcm' | 'ulaw' | 'alaw';
  /** Samples a second. */
  readonly rate: number;
}

export const bytesPerMs = ({ encoding, rate }: AudioFormat): number => (rate / 1000) * (encoding === 'pcm' ? 2 : 1);

/** The wire's audio to PCM16 at 16 kHz, which all models here take. One stream. */
export class Decoder {
  readonly #encoding: AudioFormat['encoding'];
  readonly #resampler: Resampler;

  constructor({ encoding, rate }: AudioFormat) {
    this.#encoding = encoding;
    this.#resampler = new Resampler(rate, SAMPLE_RATE);
  }

  decode(wire: Uint8Array): Uint8Array {
    if (this.#encoding === 'pcm') return this.#resampler.write(wire);
    const table = this.#encoding === 'ulaw' ? MU_LAW : A_LAW;
    return this.#resampler.write(bytesOf(Int16Array.from(wire, (byte) => table[byte] ?? 0)));
  }
}

/** PCM16 at 16 kHz to the wire's audio. One stream. */
export class Encoder {
  readonly #encoding: AudioFormat['encoding'];
  readonly #resampler: Resampler;

  constructor({ encoding, rate }: AudioFormat) {
    this.#encoding = encoding;
    this.#resampler = new Resampler(SAMPLE_RATE, rate);
  }

  encode(pcm: Uint8Array): Uint8Array {
    const resampled = this.#resampler.write(pcm);
    if (this.#encoding === 'pcm') return resampled;
    return Uint8Array.from(samplesOf(resampled), this.#encoding === 'ulaw' ? toMuLaw : toALaw);
  }
}

// ITU-T G.711.
const BIAS = 132;

function toMuLaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), 32_635) + BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function fromMuLaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + BIAS) << ((value >> 4) & 7)) - BIAS;
  return value & 0x80 ? -magnitude : magnitude;
}

function toALaw(sample: number): number {
  const magnitude = (sample < 0 ? ~sample : sample) >> 3;
  const exponent = magnitude < 32 ? 0 : 27 - Math.clz32(magnitude);
  const bits = (exponent << 4) | ((magnitude >> Math.max(1, exponent)) & 0x0f);
  return bits ^ (sample < 0 ? 0x55 : 0xd5);
}

function fromALaw(byte: number): number {
  const value = byte ^ 0x55;
  const exponent = (value >> 4) & 7;
  const step = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? step : (step + 0x100) << (exponent - 1);
  return value & 0x80 ? magnitude : -magnitude;
}

const MU_LAW = Int16Array.from({ length: 256 }, (_, byte) => fromMuLaw(byte));
const A_LAW = Int16Array.from({ length: 256 }, (_, byte) => fromALaw(byte));
