import { Flite, type FliteVoice } from '../../../../../emulator/speech/flite.ts';
import { bytesOf, dbfsOf, FRAME_BYTES, FRAME_MS, rmsOf } from '../../../../../shared/audio/pcm.ts';
import type { EchoGuard, EchoVerdict } from '../echo-guard.ts';

const RATE = 16;
/** A call's clock does not begin at zero. */
const STARTS_AT_MS = 123_456.7;
/** Frames are sent this much before they are played. */
const AHEAD_MS = 400;
/** A frame of the line arrives so long after its last sample was there: part of the delay that the guard sees. */
export const ARRIVAL_MS = 3;
const JUDGED_EVERY_MS = 32;

const flite = await Flite.load();

/** Speech without the silence around it, at a level in dBFS (RMS of the whole). */
export function speech(text: string, voice: FliteVoice, levelDb: number): Float64Array {
  const { samples } = flite.speak(text, voice, 1);
  const isLoud = (sample: number) => Math.abs(sample) > 600;
  const spoken = Float64Array.from(samples.subarray(samples.findIndex(isLoud), samples.findLastIndex(isLoud)));
  const gain =
    10 ** (levelDb / 20) / Math.sqrt(spoken.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / spoken.length);
  return spoken.map((sample) => sample * gain);
}

export interface EchoPathSettings {
  readonly gainDb: number;
  readonly delayMs: number;
  /** A room: reverberation time, and the level of the direct sound over the reverberation. */
  readonly room?: { readonly fadesInMs: number; readonly directDb: number };
}

/** What a telephone does to the samples of a line: noise at a level, then G.711 µ-law and back. */
export function telephone(samples: Float64Array, noiseDb: number, random: () => number): Int16Array {
  const noise = 32_768 * 10 ** (noiseDb / 20) * Math.sqrt(12);
  return Int16Array.from(samples, (sample) => companded(sample + noise * (random() - 0.5)));
}

function companded(sample: number): number {
  const size = Math.min(32_635, Math.abs(sample)) + 132;
  const step = 2 ** (Math.floor(Math.log2(size)) - 4);
  return Math.sign(sample) * (Math.floor(size / step) * step + step / 2 - 132);
}

/** The echo of what is played. */
export function echoOf(played: Float64Array, path: EchoPathSettings, random: () => number): Float64Array {
  const gain = 10 ** (path.gainDb / 20);
  const line = new Float64Array(played.length);
  for (const [delay, level] of reflections(path, random)) {
    const at = Math.round((path.delayMs + delay) * RATE);
    for (let i = at; i < line.length; i += 1) line[i] = (line[i] ?? 0) + gain * level * (played[i - at] ?? 0);
  }
  return line;
}

/** The direct sound, and some 200 reflections that fade. */
function reflections({ room }: EchoPathSettings, random: () => number): [delayMs: number, level: number][] {
  if (!room) return [[0, 1]];
  const later = Array.from({ length: 200 }, (): [number, number] => {
    const delay = 2 + random() * room.fadesInMs * 0.8;
    return [delay, (random() < 0.5 ? -1 : 1) * 10 ** ((-3 * delay) / room.fadesInMs)];
  });
  const power = later.reduce((sum, [, level]) => sum + level ** 2, 0);
  const scale = Math.sqrt(10 ** (-room.directDb / 10) / power);
  return [[0, 1], ...later.map(([delay, level]): [number, number] => [delay, level * scale])];
}

/** Adds a sound to a line at a time. */
export function mix(line: Float64Array, sound: Float64Array, atMs: number): void {
  const at = Math.round(atMs * RATE);
  for (let i = 0; i < sound.length && at + i < line.length; i += 1)
    line[at + i] = (line[at + i] ?? 0) + (sound[i] ?? 0);
}

export const silence = (ms: number): Float64Array => new Float64Array(ms * RATE);

export interface Judged {
  /** Since the start of the call. */
  readonly atMs: number;
  readonly windowMs: number;
  readonly verdict: EchoVerdict;
}

interface CallSettings {
  readonly played: Float64Array;
  readonly line: Int16Array;
  /** The frames (20 ms, by index) of the line that never arrive. */
  readonly lost?: (frame: number) => boolean;
  /** How much later than usual a frame arrives. */
  readonly lateMs?: (frame: number) => number;
  /** The loudness from which the line is taken for speech, in dBFS. */
  readonly speechDb?: number;
  /** Each frame after it was heard. */
  readonly onFrame?: (nowMs: number) => void;
}

/**
 * A call in virtual time: what is played goes ahead, the line comes frame by frame, and every 32 ms in which there is
 * sound the guard is asked, as a conversation with a very nervous speech detector would ask it.
 */
export function hold(guard: EchoGuard, call: CallSettings): Judged[] {
  const judged: Judged[] = [];
  const played = bytesOf(Int16Array.from(call.played, Math.round));
  const line = bytesOf(call.line);
  const frame = new Uint8Array(FRAME_BYTES);
  let sentMs = 0;
  let runMs = 0;
  let judgeAtMs = JUDGED_EVERY_MS;
  for (let index = 0; (index + 1) * FRAME_BYTES <= line.length; index += 1) {
    const nowMs = (index + 1) * FRAME_MS;
    for (; sentMs <= nowMs + AHEAD_MS; sentMs += FRAME_MS) {
      const at = (sentMs / FRAME_MS) * FRAME_BYTES;
      frame.fill(0);
      frame.set(played.subarray(at, at + FRAME_BYTES));
      if (rmsOf(frame) > 0) guard.played(frame, STARTS_AT_MS + sentMs);
      frame.fill(0x55); // the guard must not have kept it
    }
    const heard = line.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES);
    if (!call.lost?.(index)) guard.heard(heard, STARTS_AT_MS + nowMs + ARRIVAL_MS + (call.lateMs?.(index) ?? 0));
    call.onFrame?.(STARTS_AT_MS + nowMs);
    if (nowMs < judgeAtMs) continue;
    judgeAtMs += JUDGED_EVERY_MS;
    runMs = dbfsOf(rmsOf(heard)) > (call.speechDb ?? -55) ? Math.min(500, runMs + JUDGED_EVERY_MS) : 0;
    if (runMs > 0) judged.push({ atMs: nowMs, windowMs: runMs, verdict: guard.judge(runMs) });
  }
  return judged;
}
