/** Samples of one mark: 8 bits of {@link SYNC}, 8 bits of turn number, 16 bits of block number, highest bit first. */
const BLOCK_SAMPLES = 32;
const SYNC = 0xb2;
const SYNC_BITS = 8;
const TURN_BITS = 8;
/** Marks that must agree before they are believed: chance alone gives one in 2^24 or so. */
const AGREEING_BLOCKS = 2;
const SAMPLES_PER_MS = 16;

export interface Position {
  /** Number of the turn in its session, from 1, modulo 256. */
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
    const at = startSample + i;
    const word = wordOf(turn, Math.floor(at / BLOCK_SAMPLES));
    const bit = (word >>> (BLOCK_SAMPLES - 1 - (at % BLOCK_SAMPLES))) & 1;
    samples[i] = ((samples[i] ?? 0) & ~1) | bit;
  }
}

/** Reads a mark back, wherever the samples were cut. Undefined: no mark (silence, or samples that were altered). */
export function readPosition(samples: Int16Array): Position | undefined {
  for (let offset = 0; offset < BLOCK_SAMPLES; offset += 1) {
    const first = readWord(samples, offset);
    if (first === undefined) continue;
    let agreeing = 1;
    while (agreeing < AGREEING_BLOCKS) {
      if (readWord(samples, offset + agreeing * BLOCK_SAMPLES) !== next(first, agreeing)) break;
      agreeing += 1;
    }
    if (agreeing < AGREEING_BLOCKS) continue;
    const turn = (first >>> (BLOCK_SAMPLES - SYNC_BITS - TURN_BITS)) & 0xff;
    return { turn, ms: ((first & 0xffff) * BLOCK_SAMPLES - offset) / SAMPLES_PER_MS };
  }
  return undefined;
}

function wordOf(turn: number, block: number): number {
  return ((SYNC << 24) | ((turn & 0xff) << 16) | (block & 0xffff)) >>> 0;
}

function next(word: number, blocks: number): number {
  return ((word & 0xffff_0000) | ((word + blocks) & 0xffff)) >>> 0;
}

function readWord(samples: Int16Array, from: number): number | undefined {
  if (from + BLOCK_SAMPLES > samples.length) return undefined;
  let word = 0;
  for (let i = 0; i < BLOCK_SAMPLES; i += 1) {
    word = ((word << 1) | ((samples[from + i] ?? 0) & 1)) >>> 0;
    if (i === SYNC_BITS - 1 && word !== SYNC) return undefined;
  }
  return word;
}
