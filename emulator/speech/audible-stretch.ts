import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

const STEP_SAMPLES = SAMPLE_RATE / 100;
/** What lies 40 dB below the loudest 10 ms is no part of a word. */
const INAUDIBLE = 0.01;
const LEAD_SAMPLES = 0.06 * SAMPLE_RATE;
const TAIL_SAMPLES = 0.15 * SAMPLE_RATE;

/**
 * Audio (-1 to 1) without the silence around what is said in it, but for 60 ms before and 150 ms after: Moonshine takes
 * a short word with much silence around it for no word at all. A view of the same memory. Where there is noise, it stays.
 */
export function audibleStretch(audio: Float32Array): Float32Array {
  const energies: number[] = [];
  for (let at = 0; at < audio.length; at += STEP_SAMPLES) {
    energies.push(audio.subarray(at, at + STEP_SAMPLES).reduce((sum, sample) => sum + sample * sample, 0));
  }
  const floor = energies.reduce((most, energy) => Math.max(most, energy), 0) * INAUDIBLE ** 2;
  const first = energies.findIndex((energy) => energy > floor);
  if (first < 0) return audio;
  const end = (energies.findLastIndex((energy) => energy > floor) + 1) * STEP_SAMPLES;
  return audio.subarray(Math.max(0, first * STEP_SAMPLES - LEAD_SAMPLES), end + TAIL_SAMPLES);
}
