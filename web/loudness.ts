import { dbfsOf, rmsOf } from '../shared/audio/pcm.ts';

const QUIETEST_DBFS = -54;

/** How loud PCM16 is to the ear, from 0 (silence) to 1 (full scale), linear in decibels. */
export function loudnessOf(pcm: Uint8Array): number {
  return Math.max(0, 1 - dbfsOf(rmsOf(pcm)) / QUIETEST_DBFS);
}
