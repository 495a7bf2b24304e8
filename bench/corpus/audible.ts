import type { Span } from './scene.ts';
import { gainOf, msIn, rms, samplesIn } from './signal.ts';

const WINDOW = samplesIn(10);
const HOP = samplesIn(5);
/** Speech this far below its loudest 10 ms is not heard any more. */
export const AUDIBLE_RANGE_DB = 28;
/** In a recording speech is what stands out from the sound of the room so far. */
const ABOVE_ROOM_DB = 10;
const ROOM_QUANTILE = 0.05;
const ROOM_RANGES_DB = { least: 14, most: 24 } as const;
/** A silence inside an utterance counts as a pause from this length on; shorter ones are sounds such as p, t and k. */
const SHORTEST_PAUSE_MS = 200;
/** A sound this short with a silence this long beside it is a mouth's click or the room, and no speech. */
const SHORTEST_SPEECH_MS = 40;
const ALONE_MS = 60;

function levelsOf(voice: Float32Array): number[] {
  const levels: number[] = [];
  for (let at = 0; at + WINDOW <= voice.length; at += HOP) levels.push(rms(voice.subarray(at, at + WINDOW)));
  return levels;
}

/** How far below its loudest moment speech can be told from the room, in a recording that has some silence in it. */
export function rangeAboveRoom(recording: Float32Array): number {
  const levels = levelsOf(recording).toSorted((a, b) => a - b);
  const room = levels[Math.floor(levels.length * ROOM_QUANTILE)] ?? 0;
  const overRoomDb = 20 * Math.log10((levels.at(-1) ?? 0) / room) - ABOVE_ROOM_DB;
  return Math.max(ROOM_RANGES_DB.least, Math.min(ROOM_RANGES_DB.most, overRoomDb));
}

/**
 * Where speech is audible, by the energy of 10 ms windows, 5 ms apart: the truth behind the labels of the corpus. To be
 * asked about a voice alone, before noise is added.
 *
 * @param rangeDb how far below its loudest moment it is still heard
 * @param bridgedMs silences shorter than this do not part two stretches
 */
export function audibleSpans(voice: Float32Array, rangeDb = AUDIBLE_RANGE_DB, bridgedMs = SHORTEST_PAUSE_MS): Span[] {
  const levels = levelsOf(voice);
  const threshold = Math.max(0, ...levels) * gainOf(-rangeDb);
  const heard = levels.flatMap((level, index): Span[] => {
    const startMs = msIn(index * HOP);
    return level < threshold || level === 0 ? [] : [{ startMs, endMs: startMs + msIn(WINDOW) }];
  });
  const sounds = bridged(heard, ALONE_MS).filter(({ startMs, endMs }) => endMs - startMs >= SHORTEST_SPEECH_MS);
  return bridged(sounds, bridgedMs);
}

function bridged(spans: readonly Span[], withinMs: number): Span[] {
  const whole: { startMs: number; endMs: number }[] = [];
  for (const span of spans) {
    const last = whole.at(-1);
    if (last && span.startMs - last.endMs < withinMs) last.endMs = span.endMs;
    else whole.push({ ...span });
  }
  return whole;
}

/** The silences between the stretches of speech. */
export const pausesBetween = (spans: readonly Span[]): Span[] =>
  spans.slice(1).map((span, index) => ({ startMs: spans[index]?.endMs ?? 0, endMs: span.startMs }));

/** The level of the speech where there is speech: what a signal-to-noise ratio is measured against. */
export function activeRms(voice: Float32Array, rangeDb = AUDIBLE_RANGE_DB): number {
  let [sum, count] = [0, 0];
  for (const { startMs, endMs } of audibleSpans(voice, rangeDb, 50)) {
    const speech = voice.subarray(samplesIn(startMs), samplesIn(endMs));
    for (const sample of speech) sum += sample * sample;
    count += speech.length;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}
