import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';

/** What one participant says in 20 ms. */
export interface Voice {
  /** Raw id. */
  readonly participant: string;
  /** PCM16 mono; nothing where it says nothing. */
  readonly frame: Uint8Array | undefined;
}

/** Frames of one length as they sound together; nothing where there is none. */
export function mixed(frames: readonly (Uint8Array | undefined)[]): Uint8Array | undefined {
  const [first, ...others] = frames.filter((frame) => frame !== undefined);
  if (first === undefined || others.length === 0) return first;
  const sum = Int16Array.from(samplesOf(first));
  for (const other of others.map(samplesOf)) {
    for (let i = 0; i < sum.length; i += 1) {
      sum[i] = Math.max(-32_768, Math.min(32_767, (sum[i] ?? 0) + (other[i] ?? 0)));
    }
  }
  return bytesOf(sum);
}
