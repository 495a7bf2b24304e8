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
  const scale = Math.max(FULL_BAR_MS, firstAudioMs);
  const ends = [recognisedMs, firstTokenMs, firstAudioMs].map((ms) => Math.max(0, Math.round(ms)));
  const labels = ['recognised', 'first word', 'first sound'];
  return ends.map((atMs, i) => ({
    label: labels[i] ?? '',
    atMs,
    share: Math.max(0, atMs - (ends[i - 1] ?? 0)) / scale,
  }));
}
