import type { Scene } from '../corpus/scene.ts';

export const FRAME_SAMPLES = 320;
export const FRAME_MS = 20;
const SAMPLES_PER_MS = 16;

export const frameCount = (scene: Scene): number => Math.floor(scene.audio.length / FRAME_SAMPLES);

/**
 * One frame of the caller's line as it arrives: nothing where it was lost, zeros where it was flagged silent.
 * @param played what of the agent's voice comes back in this frame, already delayed
 */
export function frameOf(scene: Scene, index: number, played?: Int16Array): Int16Array | undefined {
  const gap = scene.gaps?.find(({ atFrame, frames }) => index >= atFrame && index < atFrame + frames);
  if (gap?.kind === 'lost') return;
  if (gap) return new Int16Array(FRAME_SAMPLES);
  const frame = scene.audio.slice(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES);
  if (!played || !scene.echo) return frame;
  const gain = 10 ** (scene.echo.gainDb / 20);
  return frame.map((sample, i) => {
    return Math.max(-32_768, Math.min(32_767, Math.round(sample + gain * (played[i] ?? 0))));
  });
}

/** Where a moment of the scene lies in the audio that arrived: lost frames are missing from it. */
export function arrivedMs(scene: Scene, atMs: number): number {
  let lostMs = 0;
  for (const { atFrame, frames, kind } of scene.gaps ?? []) {
    if (kind !== 'lost') continue;
    lostMs += Math.min(frames * FRAME_MS, Math.max(0, atMs - atFrame * FRAME_MS));
  }
  return atMs - lostMs;
}

/** The part of the far side's time that comes back during a frame which begins at the sample `at`. */
export function echoSource(scene: Scene, at: number): readonly [from: number, to: number] {
  const from = at - (scene.echo?.delayMs ?? 0) * SAMPLES_PER_MS;
  return [from, from + FRAME_SAMPLES];
}
