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
/** The magic numbers' first three bytes as they lie in memory. */
const FIRST_THREE = ((MAGIC_1 & 0xff) << 16) | (MAGIC_1 & 0xff00) | (MAGIC_2 & 0xff);
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
    return {
      answer: pcm.readUInt32LE(at + 4),
      synthesis: pcm.readUInt16LE(at + 8),
      frame: pcm.readUInt16LE(at + 10),
    };
  }
  return undefined;
}

const DIGIT_VALUES = new Uint8Array(256);
for (const [value, digit] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  DIGIT_VALUES[digit.charCodeAt(0)] = value;
}

const MARK_DIGITS = (MARK_BYTES / 3) * 4;

/** The mark that stands at the very beginning of audio in base64, of which nothing else is decoded. */
export function readMarkDigits(frame: Frame, at: number): Mark | undefined {
  if (frame.length < at + MARK_DIGITS) return undefined;
  const first = threeBytes(frame, at);
  if (first !== FIRST_THREE) return undefined;
  const second = threeBytes(frame, at + 4);
  if (second >>> 16 !== MAGIC_2 >>> 8) return undefined;
  const third = threeBytes(frame, at + 8);
  const fourth = threeBytes(frame, at + 12);
  const answer = ((second >>> 8) & 0xff) | ((second & 0xff) << 8) | (third & 0xff0000) | ((third & 0xff00) << 16);
  return {
    answer: answer >>> 0,
    synthesis: (third & 0xff) | ((fourth >>> 8) & 0xff00),
    frame: ((fourth >>> 8) & 0xff) | ((fourth & 0xff) << 8),
  };
}

/** Four digits of base64 are three bytes, the first one highest. */
const threeBytes = (frame: Frame, at: number): number =>
  (digit(frame, at) << 18) | (digit(frame, at + 1) << 12) | (digit(frame, at + 2) << 6) | digit(frame, at + 3);

const digit = (frame: Frame, at: number): number => DIGIT_VALUES[frame.byteAt(at)] ?? 0;
