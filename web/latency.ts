import type { Latency } from './dialogue.ts';

export interface LatencyStage {
  readonly label: string;
  /** From the end of the caller's speech. */
  readonly atMs: number;
  /** The stage's part of the bar, 0 to 1. */
  readonly share: number;
}

/** What fills the bar. Nobody waits gladly longer. */
const FULL_BAR_MS = 1500;

/** The stages of an answer, in order. Together they fill the bar as far as the answer took of {@link FULL_BAR_MS}. */
export function latencyStages({ recognisedMs, firstTokenMs, firstAudioMs }: Latency): readonly LatencyStage[] {
  const scale = Math.max(FULL_BAR_MS, recognisedMs, firstTokenMs, firstAudioMs);
  const stages = { recognised: recognisedMs, 'first word': firstTokenMs, 'first sound': firstAudioMs };
  let drawnMs = 0;
  return Object.entries(stages).map(([label, ms]) => {
    const atMs = Math.max(0, Math.round(ms));
    const share = Math.max(0, atMs - drawnMs) / scale;
    drawnMs = Math.max(drawnMs, atMs);
    return { label, atMs, share };
  });
}
