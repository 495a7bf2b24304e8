import type { Span } from './scene.ts';
import { gainOf, msIn, rms, samplesIn } from './signal.ts';

const WINDOW = samplesIn(10);
const HOP = samplesIn(5);
/** Speech this far below its loudest 10 ms is not heard any more. */
const RANGE_DB = 28;
/** A recording has a floor of its own; speech is what stands out from it so far. */
const ABOVE_FLOOR_DB = 10;
const FLOOR_QUANTILE = 0.05;

/** A silence inside an utterance counts as a pause from this length on; shorter ones are sounds such as p, t and k. */
export const SHORTEST_PAUSE_MS = 200;

/** A sound this short with a silence this long beside it is a mouth's click or the room, and no speech. */
const SHORTEST_SPEECH_MS = 40;
const ALONE_MS = 60;

/**
 * Where speech is audible, by the energy of 10 ms windows, 5 ms apart: the truth behind the labels of the corpus. To be
 * asked about a voice alone, before noise is added. Silences shorter than `bridgedMs` do not part two stretches.
 */
export function audibleSpans(voice: Float32Array, bridgedMs = SHORTEST_PAUSE_MS): Span[] {
  const levels: number[] = [];
  for (let at = 0; at + WINDOW <= voice.length; at += HOP) levels.push(rms(voice.subarray(at, at + WINDOW)));
  const sorted = levels.toSorted((a, b) => a - b);
  const loudest = sorted.at(-1) ?? 0;
  const floor = sorted[Math.floor(sorted.length * FLOOR_QUANTILE)] ?? 0;
  const fromFloor = Math.min(floor * gainOf(ABOVE_FLOOR_DB), loudest * gainOf(-RANGE_DB / 2));
  const threshold = Math.max(loudest * gainOf(-RANGE_DB), fromFloor);

  const sounds: { startMs: number; endMs: number }[] = [];
  const take = (into: typeof sounds, span: Span, withinMs: number) => {
    const last = into.at(-1);
    if (last && span.startMs - last.endMs < withinMs) last.endMs = span.endMs;
    else into.push({ ...span });
  };
  for (const [index, level] of levels.entries()) {
    if (level < threshold || level === 0) continue;
    const startMs = msIn(index * HOP);
    take(sounds, { startMs, endMs: startMs + msIn(WINDOW) }, ALONE_MS);
  }
  const spans: typeof sounds = [];
  for (const sound of sounds) {
    if (sound.endMs - sound.startMs >= SHORTEST_SPEECH_MS) take(spans, sound, bridgedMs);
  }
  return spans;
}

/** The silences between the stretches of speech. */
export function pausesBetween(spans: readonly Span[]): Span[] {
  return spans.slice(1).map((span, index) => ({ startMs: spans[index]?.endMs ?? 0, endMs: span.startMs }));
}

/** The level of the speech where there is speech: what a signal-to-noise ratio is measured against. */
export function activeRms(voice: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (const { startMs, endMs } of audibleSpans(voice, 50)) {
    for (const sample of voice.subarray(samplesIn(startMs), samplesIn(endMs))) {
      sum += sample * sample;
      count += 1;
    }
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}
