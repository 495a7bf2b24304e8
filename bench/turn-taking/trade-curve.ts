import { DEFAULT_TURN_POLICY, type TurnPolicyChanges } from '../../stream-host/conversation/turns/turn-policy.ts';
import type { Scene } from '../corpus/scene.ts';
import { Speaker } from '../corpus/speaker.ts';
import { AgentSpeech, type ProviderDelays } from './agent.ts';
import { Detector } from './detector.ts';
import type { SceneOutcome } from './outcome.ts';
import { plainFixedDelay } from './policies.ts';
import { scoreScenes } from './score-scenes.ts';

/** One policy's place between waiting too long and cutting in. */
export interface TradePoint {
  /** What of the policy was varied: the factor, or the delay in ms. */
  readonly setting: number;
  /** From the end of the caller's turn to the agent, the mean over the turns that were not cut off. */
  readonly meanMs: number;
  /** For each scene, in their order. */
  readonly cutOffs: readonly boolean[];
  readonly unanswered: number;
}

export interface TradeCurves {
  /** The engine's own policy with all holds times a factor. */
  readonly scaled: readonly TradePoint[];
  /** A plain fixed delay, whatever was said. */
  readonly fixed: readonly TradePoint[];
}

export interface TradeOptions {
  readonly delays: ProviderDelays;
  readonly signal: AbortSignal;
  /** Default: those of the benchmark. */
  readonly factors?: readonly number[];
  readonly fixedDelaysMs?: readonly number[];
}

export const HOLD_FACTORS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3];
export const FIXED_DELAYS_MS = [200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1500];

/** The engine as it is, but with all pauses that end a turn longer or shorter. */
export function scaledHolds(factor: number): TurnPolicyChanges {
  const { endpointing, onset } = DEFAULT_TURN_POLICY;
  // What is shorter than a pause cannot end a turn.
  const scaled = (holdMs: number) => Math.max(onset.pauseMs, Math.round(factor * holdMs));
  const { minHoldMs, holdMs, maxHoldMs } = endpointing;
  return {
    endpointing: { minHoldMs: scaled(minHoldMs), holdMs: scaled(holdMs), maxHoldMs: scaled(maxHoldMs) },
  };
}

/** Plays the same scenes under one policy after the other, on virtual clocks: about half a second for each policy. */
export async function tradeCurves(
  scenes: readonly Scene[],
  { delays, signal, factors = HOLD_FACTORS, fixedDelaysMs = FIXED_DELAYS_MS }: TradeOptions,
): Promise<TradeCurves> {
  const speech = new AgentSpeech(await Speaker.load());
  const detector = await Detector.load();
  const along = async (settings: readonly number[], policyOf: (setting: number) => TurnPolicyChanges) => {
    const points: TradePoint[] = [];
    for (const setting of settings) {
      signal.throwIfAborted();
      const outcomes = await scoreScenes(scenes, { policy: policyOf(setting), delays, detector, speech });
      points.push(pointOf(setting, outcomes));
    }
    return points;
  };
  try {
    return {
      scaled: await along(factors, scaledHolds),
      fixed: await along(fixedDelaysMs, plainFixedDelay),
    };
  } finally {
    await detector.close();
  }
}

function pointOf(setting: number, outcomes: readonly SceneOutcome[]): TradePoint {
  const delaysMs = outcomes.flatMap(({ responseMs }) => (responseMs === undefined ? [] : [responseMs]));
  return {
    setting,
    meanMs: delaysMs.reduce((sum, delayMs) => sum + delayMs, 0) / delaysMs.length,
    cutOffs: outcomes.map(({ cutOff }) => cutOff),
    unanswered: outcomes.filter(({ cutOff, responseMs }) => !cutOff && responseMs === undefined).length,
  };
}
