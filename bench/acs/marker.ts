import { FRAME_BYTES } from '../../shared/audio/pcm.ts';

/**
 * The agent's canned voice says in each 20 ms frame which answer it is of and which frame of its synthesis: so that the
 * far side can tell a frame of an old turn, a lost one and one that came twice. It is written over the frame's first
 * six samples.
 */
export interface Mark {
  /** Counts the answers of the whole run, from 1; 0 for what is no answer (greeting, apology). */
  readonly answer: number;
  /** Counts the syntheses of the whole run, modulo 65536. */
  readonly synthesis: number;
  /** The frame's place in its synthesis. */
  readonly frame: number;
}

const MAGIC_1 = 0x7a31;
const MAGIC_2 = 0x0c5b;
/** Magic numbers, the answer (32 bits), synthesis and frame (16 bits each). */
export const MARK_BYTES = 12;

/** Writes the mark over the beginning of a frame. */
export function writeMark(frame: Buffer, { answer, synthesis, frame: index }: Mark): void {
  frame.writeUInt16LE(MAGIC_1, 0);
  frame.writeUInt16LE(MAGIC_2, 2);
  frame.writeUInt32LE(answer, 4);
  frame.writeUInt16LE(synthesis & 0xffff, 8);
  frame.writeUInt16LE(index & 0xffff, 10);
}

/** The first mark in some audio, and nothing where there is none: it need not stand at a frame's beginning. */
export function readMark(pcm: Buffer): Mark | undefined {
  for (let at = 0; at + MARK_BYTES <= Math.min(pcm.length, FRAME_BYTES + MARK_BYTES); at += 2) {
    if (pcm.readUInt16LE(at) !== MAGIC_1 || pcm.readUInt16LE(at + 2) !== MAGIC_2) continue;
    return {
      answer: pcm.readUInt32LE(at + 4),
      synthesis: pcm.readUInt16LE(at + 8),
      frame: pcm.readUInt16LE(at + 10),
    };
  }
  return undefined;
}
