import { afterReply, listening, preceded, stay } from './turn-moves.ts';
import type { TurnPolicy } from './turn-policy.ts';
import type { Transition, TurnContext, TurnEffect, TurnEvent, TurnState } from './turn-state.ts';

const OF_THE_CALLER: readonly TurnEvent['type'][] = [
  'speech-started',
  'speech-ended',
  'pressed',
  'typed',
  'words-changed',
  'words-corrected',
];

/** What comes of a caller who is not heard now. His words are kept, and answered when he is back. */
export const isUnheardOf = ({ type }: TurnEvent, { silenced }: TurnContext): boolean =>
  silenced && OF_THE_CALLER.includes(type);

/** Somebody who is put on hold is owed what he has not heard; what was said meanwhile, to others, ends when he is back. */
export function attend(
  state: TurnState,
  { hearing }: Extract<TurnEvent, { type: 'attention' }>,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  if (state.name === 'closed') return stay(state);
  // What counts while the caller waits is not how long he has said nothing.
  if (!hearing) return state.name === 'listening' ? { state: listening(context, policy), effects: [] } : stay(state);
  if (context.silenced) return { state: listening(context, policy), effects: [{ type: 'put-by-reply' }] };
  const aside: TurnEffect[] = 'turn' in state ? [{ type: 'stop-reply', turn: state.turn, cause: 'gave-up' }] : [];
  return preceded(aside, afterReply(context, policy));
}
