import type { Latency } from './dialogue.ts';

export interface LatencyStage {
  readonly label: string;
  /** From the end of the caller's speech. */
  readonly atMs: number;
  /** Where its bar begins and how long it is, as parts of the whole width. */
  readonly from: number;
  readonly share: number;
}

/** What fills the width. Nobody waits gladly longer. */
const FULL_WIDTH_MS = 1500;

/** The stages of an answer, in the order of the chain. Each bar begins where the latest stage before it ended. */
export function latencyStages(latency: Latency): readonly LatencyStage[] {
  const stages = {
    'your words recognised': latency.wordsMs,
    'your turn taken as over': latency.turnOverMs,
    'first token of the model': latency.firstTokenMs,
    'first byte of the voice': latency.firstVoiceMs,
    'first sound sent to you': latency.firstSoundMs,
  };
  const scale = Math.max(FULL_WIDTH_MS, ...Object.values(stages));
  let drawnMs = 0;
  return Object.entries(stages).map(([label, ms]) => {
    const atMs = Math.max(0, Math.round(ms));
    const fromMs = Math.min(drawnMs, atMs);
    drawnMs = Math.max(drawnMs, atMs);
    return { label, atMs, from: fromMs / scale, share: (atMs - fromMs) / scale };
  });
}
