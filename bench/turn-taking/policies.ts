import { DEFAULT_TURN_POLICY, type TurnPolicyChanges } from '../../stream-host/conversation/turn-policy.ts';

/**
 * The plainest turn-taking that this engine can do, to measure the rest against: any onset stops the agent for good, and
 * a turn is over after a pause of one fixed length, whatever was said and however it sounded.
 */
export function plainFixedDelay(holdMs = 500): TurnPolicyChanges {
  const { onsetMs, pauseMs } = DEFAULT_TURN_POLICY.onset;
  return {
    onset: { doubtfulOnsetMs: onsetMs, doubtMs: 0, echoGuard: false, pauseMs: Math.min(pauseMs, holdMs) },
    interruption: { tentative: false, backchannels: false },
    endpointing: {
      ...{ minHoldMs: holdMs, holdMs, maxHoldMs: holdMs },
      judgement: 'off',
      adaptToCaller: false,
    },
    drafts: { mode: 'off' },
  };
}
