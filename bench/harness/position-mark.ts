import { SAMPLES_PER_MS } from '../../shared/audio/pcm.ts';

/** Samples of one mark: 8 bits of {@link SYNC}, 16 bits of turn number, 16 bits of block number, highest bit first. */
const BLOCK_SAMPLES = 40;
const SYNC = 0xb2;

export interface Position {
  /** Number of the turn, modulo 65536. */
  readonly turn: number;
  /** Where in the turn's audio the frame begins. */
  readonly ms: number;
}

/**
 * Writes which turn and which moment of it these samples are of into their lowest bits (-90 dBFS: nobody hears it, and
 * no detector cares). What comes out of a system under test then tells by itself what was lost, repeated or stale.
 * @param startSample where in the turn the samples begin
 */
export function markPosition(samples: Int16Array, turn: number, startSample: number): void {
  for (let i = 0; i < samples.length; i += 1) {
    const bit = (startSample + i) % BLOCK_SAMPLES;
    const block = Math.floor((startSample + i) / BLOCK_SAMPLES);
    const value = bit < 8 ? SYNC >>> (7 - bit) : bit < 24 ? turn >>> (23 - bit) : block >>> (39 - bit);
    samples[i] = ((samples[i] ?? 0) & ~1) | (value & 1);
  }
}

/**
 * Reads a mark back, wherever the samples were cut, by two blocks that agree: chance alone gives that one time in 2^40.
 * Undefined where there is none: silence, or samples that were altered.
 */
export function readPosition(samples: Int16Array): Position | undefined {
  for (let offset = 0; offset + 2 * BLOCK_SAMPLES <= samples.length; offset += 1) {
    if (bits(samples, offset, 8) !== SYNC || bits(samples, offset + BLOCK_SAMPLES, 8) !== SYNC) continue;
    const turn = bits(samples, offset + 8, 16);
    const block = bits(samples, offset + 24, 16);
    if (bits(samples, offset + BLOCK_SAMPLES + 8, 16) !== turn) continue;
    if (bits(samples, offset + BLOCK_SAMPLES + 24, 16) !== ((block + 1) & 0xffff)) continue;
    return { turn, ms: (block * BLOCK_SAMPLES - offset) / SAMPLES_PER_MS };
  }
  return undefined;
}

function bits(samples: Int16Array, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i += 1) value = (value << 1) | ((samples[i] ?? 0) & 1);
  return value;
}
