import { BYTES_PER_MS, bytesOf, FRAME_MS, rmsOf } from '../../../shared/audio/pcm.ts';

const FRAME_SAMPLES = (FRAME_MS * BYTES_PER_MS) / 2;
/** A pause that long lies between turns: no caller is waited for longer. */
const BETWEEN_TURNS_MS = 2_500;
/** So much quiet is left in front of a turn, as the models were trained with it. */
const LEAD_IN_MS = 500;
/** A frame is quiet when it is so far under the loudest one. */
const QUIET_RATIO = 0.03;

/**
 * The part of the audio that belongs to the caller's present turn: from after the last long pause on. What was said
 * before it, under the agent's answer or before it, would be heard as part of the sentence that is judged.
 */
export function presentTurn(samples: Int16Array<ArrayBuffer>): Int16Array<ArrayBuffer> {
  const frames = Math.floor(samples.length / FRAME_SAMPLES);
  const levels = Float64Array.from({ length: frames }, (_, i) =>
    rmsOf(bytesOf(samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES))),
  );
  const quiet = QUIET_RATIO * levels.reduce((max, level) => Math.max(max, level), 0);
  const lastLoud = levels.findLastIndex((level) => level > quiet);
  let firstOfTurn = lastLoud;
  for (let frame = lastLoud; frame >= 0; frame -= 1) {
    if ((levels[frame] ?? 0) > quiet) firstOfTurn = frame;
    else if ((firstOfTurn - frame) * FRAME_MS >= BETWEEN_TURNS_MS) break;
  }
  const start = Math.max(0, firstOfTurn - LEAD_IN_MS / FRAME_MS);
  return samples.subarray(start * FRAME_SAMPLES);
}
