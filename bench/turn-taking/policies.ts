import type { TurnPolicyChanges } from '../../stream-host/conversation/turns/turn-policy.ts';

// Numbers of its own: a yardstick must not move with the engine's defaults.
const ONSET_MS = 96;
const PAUSE_MS = 160;

/**
 * The plainest turn-taking that this engine can do, to measure the rest against: any onset stops the agent for good, and
 * a turn is over after a pause of one fixed length, whatever was said and however it sounded.
 */
export function plainFixedDelay(holdMs = 500): TurnPolicyChanges {
  return {
    onset: {
      ...{ speechProbability: 0.5, silenceProbability: 0.35 },
      ...{ onsetMs: ONSET_MS, doubtfulOnsetMs: ONSET_MS, pauseMs: Math.min(PAUSE_MS, holdMs) },
      ...{ doubtMs: 0, echoGuard: false },
    },
    interruption: { tentative: false, backchannels: false },
    endpointing: {
      ...{ minHoldMs: holdMs, holdMs, maxHoldMs: holdMs },
      judgement: 'off',
      adaptToCaller: false,
    },
    drafts: { mode: 'off' },
  };
}
