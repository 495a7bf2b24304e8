import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { Frame } from './web-socket-frames.ts';

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

/** Writes the mark over the beginning of the frame that is at `at`. */
export function writeMark(audio: Buffer, { answer, synthesis, frame }: Mark, at = 0): void {
  audio.writeUInt16LE(MAGIC_1, at);
  audio.writeUInt16LE(MAGIC_2, at + 2);
  audio.writeUInt32LE(answer, at + 4);
  audio.writeUInt16LE(synthesis & 0xffff, at + 8);
  audio.writeUInt16LE(frame & 0xffff, at + 10);
}

/** The first mark in some audio, and nothing where there is none: it need not stand at a frame's beginning. */
export function readMark(pcm: Buffer): Mark | undefined {
  for (let at = 0; at + MARK_BYTES <= Math.min(pcm.length, FRAME_BYTES + MARK_BYTES); at += 2) {
    if (pcm.readUInt16LE(at) !== MAGIC_1 || pcm.readUInt16LE(at + 2) !== MAGIC_2) continue;
    return markIn(pcm, at);
  }
  return undefined;
}

const DIGIT_VALUES = new Uint8Array(256);
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  DIGIT_VALUES[digit.charCodeAt(0)] = value;
}

/** Groups of four digits, three bytes each, that hold a mark wherever it begins in the first one. */
const MARK_GROUPS = 5;
/** Where {@link readMarkDigits} decodes, and nobody else: nothing in it outlives a call. */
const scratch = Buffer.alloc(MARK_GROUPS * 3);

/**
 * The mark that stands at a byte of audio in base64, of which nothing else is decoded.
 * @param at where the digits begin in the frame
 * @param byte where the mark begins in the audio
 */
export function readMarkDigits(frame: Frame, at: number, byte = 0): Mark | undefined {
  const skipped = byte % 3;
  const first = at + (byte - skipped) * (4 / 3);
  const groups = Math.ceil((skipped + MARK_BYTES) / 3);
  if (frame.length < first + groups * 4) return undefined;
  for (let group = 0; group < groups; group += 1) {
    scratch.writeUIntBE(threeBytes(frame, first + group * 4), group * 3, 3);
    if (group === 0 && scratch[skipped] !== (MAGIC_1 & 0xff)) return undefined;
  }
  if (scratch.readUInt16LE(skipped) !== MAGIC_1 || scratch.readUInt16LE(skipped + 2) !== MAGIC_2) return undefined;
  return markIn(scratch, skipped);
}

const markIn = (audio: Buffer, at: number): Mark => ({
  answer: audio.readUInt32LE(at + 4),
  synthesis: audio.readUInt16LE(at + 8),
  frame: audio.readUInt16LE(at + 10),
});

/** Four digits of base64 are three bytes, the first one highest. */
const threeBytes = (frame: Frame, at: number): number =>
  (digit(frame, at) << 18) | (digit(frame, at + 1) << 12) | (digit(frame, at + 2) << 6) | digit(frame, at + 3);

const digit = (frame: Frame, at: number): number => DIGIT_VALUES[frame.byteAt(at)] ?? 0;
