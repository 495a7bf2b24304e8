import type { StopCause } from '../../contract/mouth.ts';
import type { TurnPolicy } from './turn-policy.ts';
import type { In, Transition, TurnContext, TurnEffect, TurnState } from './turn-state.ts';

/** Where a conversation may go from wherever it is: the moves that the transition function is made of. */

/** Before anything has happened. */
export const INITIAL_TURN_STATE: TurnState = { name: 'listening', deadlineMs: Number.POSITIVE_INFINITY };

/** The voice follows the model's words within so long, as a rule. */
export const VOICE_FOLLOWS_MS = 300;

/** Words that came while the agent spoke, too quiet to stop it, are answered now; and what is owed is said. */
export function afterReply(context: TurnContext, policy: TurnPolicy): Transition {
  // The caller's words wait until he hears an answer.
  if (context.words === 'none' || context.silenced) {
    if (context.replyOwed) return startReply(context, policy, context.nowMs);
    return { state: listening(context, policy), effects: [] };
  }
  return awaitWords(context, policy, context.nowMs);
}

export function endpoint(lastSpeechMs: number, context: TurnContext): Transition {
  return {
    state: { name: 'endpointing', lastSpeechMs, deadlineMs: Math.max(context.nowMs, lastSpeechMs + context.holdMs) },
    effects: context.words === 'none' ? [] : [{ type: 'draft-reply' }],
  };
}

export function awaitWords(context: TurnContext, policy: TurnPolicy, lastSpeechMs: number, filled = 0): Transition {
  if (context.words === 'settled') return startReply(context, policy, lastSpeechMs, filled);
  const { stablePartialMs } = policy.endpointing;
  const boundMs = Math.max(wordsBoundMs(context, policy, lastSpeechMs), context.nowMs);
  const fillMs = Math.max(lastSpeechMs, context.agentHeardUntilMs) + policy.waiting.fillAfterMs;
  const nextMs = fillMs > context.nowMs ? Math.min(boundMs, fillMs) : boundMs;
  const deadlineMs = context.words === 'open' ? Math.min(context.nowMs + stablePartialMs, nextMs) : nextMs;
  return { state: { name: 'awaiting-words', lastSpeechMs, filled, deadlineMs }, effects: [] };
}

/** Until when words are waited for. Somebody certainly spoke whom the recogniser has not listened to yet: longer. */
export function wordsBoundMs(context: TurnContext, { endpointing }: TurnPolicy, lastSpeechMs: number): number {
  const waits = context.words !== 'none' || isUnheard(context);
  return lastSpeechMs + (waits ? endpointing.lateWordsWaitMs : endpointing.wordsWaitMs);
}

/** A clear voice that the recogniser has not come to yet. A noise it would have called one. */
export function isUnheard(context: TurnContext): boolean {
  return context.words === 'none' && context.wordsAreLate && context.voiceIsClear;
}

export function replyOrListen(context: TurnContext, policy: TurnPolicy, lastSpeechMs: number, filled = 0): Transition {
  if (context.words !== 'none' || context.replyOwed) return startReply(context, policy, lastSpeechMs, filled);
  const turn = context.nextTurn;
  const noWords: TurnEffect[] = filled > 0 ? [] : [{ type: 'no-words' }];
  if (context.voiceEndedMs >= lastSpeechMs) {
    return {
      state: waitingSince(lastSpeechMs, thinking(turn, context.nowMs, context, policy), context, policy),
      effects: [...noWords, { type: 'ask-again', turn }],
    };
  }
  // Who was asked to wait is told that nothing comes of it.
  const givesUp: TurnEffect[] = filled > 0 ? [{ type: 'fill-wait', turn, kind: 'give-up' }] : [];
  return { state: listening(context, policy), effects: [...noWords, ...givesUp] };
}

export function startReply(context: TurnContext, policy: TurnPolicy, lastSpeechMs: number, filled = 0): Transition {
  if (context.silenced && !context.replyOwed) return { state: listening(context, policy), effects: [] };
  const turn = context.nextTurn;
  return {
    state: { ...thinking(turn, lastSpeechMs, context, policy), filled },
    effects: [{ type: 'start-reply', turn, lastSpeechMs }],
  };
}

export function callerSpeaks(context: TurnContext, policy: TurnPolicy): Transition {
  const untilMs = context.nowMs + policy.endpointing.maxCallerTurnMs;
  // A wait may be being filled, in whatever state that began.
  const effects: TurnEffect[] = [{ type: 'stop-filling', cause: 'voice' }];
  return { state: { name: 'caller-speaking', untilMs, deadlineMs: untilMs }, effects };
}

export function listening(context: TurnContext, policy: TurnPolicy): TurnState {
  const { afterMs } = policy.away;
  const prompts = context.mayPrompt && afterMs > 0;
  return { name: 'listening', deadlineMs: prompts ? context.nowMs + afterMs : Number.POSITIVE_INFINITY };
}

export function thinking(turn: number, lastSpeechMs: number, context: TurnContext, policy: TurnPolicy): In<'thinking'> {
  const deadlineMs = Math.max(context.nowMs, lastSpeechMs + policy.waiting.fillAfterMs);
  return { name: 'thinking', turn, filled: 0, lastSpeechMs, waitsSinceMs: lastSpeechMs, deadlineMs };
}

/** The caller has waited since then, though the turn may be younger, or was held. */
export function waitingSince(
  waitsSinceMs: number,
  state: In<'thinking'>,
  { nowMs, agentTextMs }: TurnContext,
  { waiting }: TurnPolicy,
): In<'thinking'> {
  const deadlineMs = Math.max(nowMs, waitsSinceMs + waiting.fillAfterMs, agentTextMs + VOICE_FOLLOWS_MS);
  return { ...state, waitsSinceMs, deadlineMs };
}

/** The caller has the floor for good; what the agent had left to say is dropped. */
export function interrupt(
  state: In<'speaking'> | In<'held'>,
  lastSpeechMs: number,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  return preceded(
    [stopReply(state, 'voice')],
    context.callerSpeaks ? callerSpeaks(context, policy) : endpoint(lastSpeechMs, context),
  );
}

/** Of a turn that nobody has heard anything of, the caller's words become open again. */
export function stopReply(state: In<'thinking'> | In<'speaking'> | In<'held'>, cause: StopCause): TurnEffect {
  const { turn } = state;
  const unheard = state.name === 'held' && !state.audible && cause === 'voice';
  return unheard ? { type: 'take-back-reply', turn } : { type: 'stop-reply', turn, cause };
}

/** When it must be looked whether the caller still hears something. */
export function soundDeadline(context: TurnContext, policy: TurnPolicy): number {
  return context.nowMs + policy.waiting.fillAfterMs;
}

export function preceded(effects: readonly TurnEffect[], { state, effects: following }: Transition): Transition {
  return { state, effects: [...effects, ...following] };
}

export function stay(state: TurnState): Transition {
  return { state, effects: [] };
}
