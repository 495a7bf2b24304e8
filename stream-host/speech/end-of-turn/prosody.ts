import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import { PITCH_HOP_MS, type PitchFrame, pitchOf } from './pitch.ts';

/** So much audio, up to now, is looked at. */
export const PROSODY_MS = 1_500;

/** What the end of somebody's speech sounds like. */
export interface Cadence {
  /** The end's pitch over the lowest tenth of the stretch's, in semitones: statements end near the bottom of the voice. */
  readonly overBottom: number;
  /** The level of the last 120 ms of speech against the half second before, in dB: a voice that lets go falls. */
  readonly decayDb: number;
  /** How long the voice was held without moving in pitch, up to its end, in ms: "uuhm". */
  readonly heldMs: number;
}

/** A frame counts as speech when it is so far under the loudest one, at most. */
const SPEECH_RANGE_DB = 28;
const LEAST_VOICED = 12;
const OCTAVE_ERROR = 9;
const HELD_WITHIN = 0.9;

/** How the last speech in the audio ends; undefined where there is too little voice in it to say. */
export function cadenceOf(samples: Int16Array): Cadence | undefined {
  const frames = pitchOf(samples.subarray(Math.max(0, samples.length - (PROSODY_MS * BYTES_PER_MS) / 2)));
  const loudest = frames.reduce((max, { levelDb }) => Math.max(max, levelDb), -100);
  const end = frames.findLastIndex(({ levelDb }) => levelDb > loudest - SPEECH_RANGE_DB) + 1;
  const speech = frames.slice(0, end);
  const voiced = speech.flatMap(({ semitones }) => semitones ?? []);
  if (voiced.length < LEAST_VOICED) return undefined;

  const sorted = voiced.toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1] ?? 0;
  // A creaking voice is heard an octave too high or too low; no sentence moves that far.
  const inRange = voiced.filter((semitones) => Math.abs(semitones - middle) < OCTAVE_ERROR);
  const bottom = inRange.toSorted((a, b) => a - b)[Math.floor(inRange.length / 10)] ?? middle;
  const finals = inRange.slice(-6).toSorted((a, b) => a - b);
  return {
    overBottom: (finals[finals.length >> 1] ?? middle) - bottom,
    decayDb: levelOf(speech.slice(-12)) - levelOf(speech.slice(-60, -12)),
    heldMs: heldMs(speech),
  };
}

function levelOf(frames: readonly PitchFrame[]): number {
  if (frames.length === 0) return 0;
  return frames.reduce((sum, { levelDb }) => sum + levelDb, 0) / frames.length;
}

/** How long the last unbroken voice stays within a semitone either way. */
function heldMs(speech: readonly PitchFrame[]): number {
  let at = speech.findLastIndex(({ semitones }) => semitones !== undefined);
  const pitch = speech[at - 3]?.semitones ?? speech[at]?.semitones ?? 0;
  const last = at;
  while (at >= 0) {
    const semitones = speech[at]?.semitones;
    if (semitones === undefined || Math.abs(semitones - pitch) > HELD_WITHIN) break;
    at -= 1;
  }
  return (last - at) * PITCH_HOP_MS;
}

/** A cadence that says nothing: between those of pauses and those of ends. */
const USUAL_DECAY_DB = -5;
const USUAL_OVER_BOTTOM = 2.5;
/** A word's last vowel is seldom held so long; a filler's is. */
const HELD_MS = 300;
const MOST_FOR = 0.25;
const MOST_AGAINST = 0.5;

/**
 * How finished the last speech sounds by its melody alone, from 0.38 to 0.56: it cannot end a turn and hardly hold one.
 * The narrow range is what it has earned. On synthesised callers it is little better than chance; a held "uhm" is the
 * one thing that it tells.
 *
 * @param samples PCM16 at 16 kHz, of which the last 1.5 s count; a short pause is at the end
 */
export function judgeByProsody(samples: Int16Array): number {
  const cadence = cadenceOf(samples);
  if (!cadence) return 0.5;
  const letsGo = bounded((USUAL_DECAY_DB - cadence.decayDb) / 8, -1, 1);
  const comesDown = bounded((USUAL_OVER_BOTTOM - cadence.overBottom) / 4, -1, 1);
  const held = bounded((cadence.heldMs - HELD_MS) / 100, 0, 1);
  const odds = ((letsGo + comesDown) / 2) * MOST_FOR - held * MOST_AGAINST;
  return 1 / (1 + Math.exp(-bounded(odds, -MOST_AGAINST, MOST_FOR)));
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
