import { Random } from '../../bench/random.ts';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';

/**
 * Audio that says what it is, so that nothing need be guessed. A frame of the caller's carries how much it sounds like
 * speech and which word it is of; four bytes of the agent's carry which synthesis they are of and where in it.
 */

/** Words that mean nothing by themselves, and so are neither counted as lost nor as answered twice. */
export const FILLERS = ['mhm', 'okay', 'right', 'um', 'and', 'yeah'] as const;

export interface CallerSound {
  /** What a voice detector makes of it, 0 to 1. */
  readonly probability: number;
  /** 0: no word; n: the call's n-th word; −n: the n-th filler. */
  readonly word: number;
}

export const SILENCE: CallerSound = { probability: 0.02, word: 0 };

/** Noise to make the caller audible: who compares the line with the agent's voice must find nothing of it there. */
const NOISE_FRAMES = 400;
const NOISE = callerNoise();
const CODE_BYTES = 8;

/** @param at any number; frames with different ones sound different */
export function callerFrame(sound: CallerSound, at: number): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  const from = (at % NOISE_FRAMES) * FRAME_BYTES;
  if (sound.probability > 0.1) frame.set(NOISE.subarray(from + CODE_BYTES, from + FRAME_BYTES), CODE_BYTES);
  const view = new DataView(frame.buffer);
  view.setInt32(0, sound.word, true);
  view.setUint8(4, Math.round(sound.probability * 255));
  return frame;
}

export function soundOf(frame: Uint8Array): CallerSound {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return { word: view.getInt32(0, true), probability: view.getUint8(4) / 255 };
}

/** How the n-th word of a call is written, and a filler. */
export function wordText(word: number): string {
  return word > 0 ? `c${word}` : (FILLERS[-word - 1] ?? '');
}

/** The numbers of the caller's words in a text, whatever their capitals, punctuation and reading. */
export function wordNumbers(text: string): number[] {
  return [...text.matchAll(/\bc(\d+)/gi)].map((match) => Number(match[1]));
}

function callerNoise(): Uint8Array {
  const random = new Random('the noise of a caller');
  const samples = Int16Array.from({ length: (NOISE_FRAMES * FRAME_BYTES) / 2 }, () => random.whole(-3000, 3000));
  return new Uint8Array(samples.buffer);
}

/** Four bytes: two samples, an eighth of a millisecond. */
export const UNIT_BYTES = 4;
export const UNITS_PER_MS = 8;
const UNIT_BITS = 20;
/** Multiplied by this a number looks like noise, and by the other it is itself again (modulo 2^32). */
const SCRAMBLE = 0x9e37_79b1;
const UNSCRAMBLE = 0x0e8b_2f51;

/** `units` four-byte units of synthesis number `speech`, from unit `from` on. */
export function agentAudio(speech: number, from: number, units: number): Uint8Array {
  const audio = new Uint32Array(units);
  for (let at = 0; at < units; at += 1) audio[at] = Math.imul(speech * 2 ** UNIT_BITS + from + at, SCRAMBLE);
  return new Uint8Array(audio.buffer);
}

export interface AgentUnit {
  /** 0: silence that fills up the last frame. */
  readonly speech: number;
  readonly unit: number;
}

export function agentUnit(frame: Uint8Array, at: number): AgentUnit {
  const noise = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(at, true);
  const value = Math.imul(noise, UNSCRAMBLE) >>> 0;
  return { speech: Math.floor(value / 2 ** UNIT_BITS), unit: value % 2 ** UNIT_BITS };
}
