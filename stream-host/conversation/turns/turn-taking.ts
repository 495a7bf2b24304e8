import { attend, isUnheardOf } from './attention.ts';
import { hold, whileHeld } from './held.ts';
import {
  afterReply,
  awaitWords,
  callerSpeaks,
  endpoint,
  INITIAL_TURN_STATE,
  interrupt,
  isUnheard,
  listening,
  preceded,
  replyOrListen,
  soundDeadline,
  startReply,
  stay,
  stopReply,
  thinking,
  VOICE_FOLLOWS_MS,
  waitingSince,
  wordsBoundMs,
} from './turn-moves.ts';
import type { TurnPolicy } from './turn-policy.ts';
import type { In, Transition, TurnContext, TurnEffect, TurnEvent, TurnState } from './turn-state.ts';

/** Audio that is overdue by more than this makes a pause doubtful; for so much longer the pause is doubted at most. */
const LATE_LINE_MS = 150;
const LATEST_LINE_MS = 1000;

/** Who has the floor after an event, and what must be done about it. Pure: everything it may know is handed in. */
export function transition(
  state: TurnState,
  happened: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  if (happened.type === 'closed') return close(state);
  if (happened.type === 'attention') return attend(state, happened, context, policy);
  if (isUnheardOf(happened, context)) return stay(state);
  if (happened.type === 'typed') return answerTyped(state, context, policy);
  // Better words change no answer that is heard already, but may have brought others with them.
  const changesAnswer = state.name === 'thinking' || (state.name === 'held' && !state.audible);
  const event: TurnEvent = happened.type === 'words-corrected' && !changesAnswer ? { type: 'words-changed' } : happened;
  switch (state.name) {
    case 'closed':
      return stay(state);
    case 'listening':
      return whileListening(state, event, context, policy);
    case 'caller-speaking':
      return whileCallerSpeaks(state, event, context, policy);
    case 'endpointing':
      return whileEndpointing(state, event, context, policy);
    case 'awaiting-words':
      return whileAwaitingWords(state, event, context, policy);
    case 'thinking':
      return whileThinking(state, event, context, policy);
    case 'speaking':
      return whileSpeaking(state, event, context, policy);
    case 'held':
      return whileHeld(state, event, context, policy);
  }
}

function whileListening(
  state: In<'listening'>,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  switch (event.type) {
    case 'speech-started':
      return callerSpeaks(context, policy);
    case 'interrupted':
      return { state, effects: [{ type: 'stop-filling', cause: 'command' }] };
    case 'pressed':
      return { state: listening(context, policy), effects: [] };
    case 'reply-owed':
      return startReply(context, policy, context.nowMs);
    case 'words-changed':
      // Words without an onset: a voice too quiet for the detector, or a recogniser that is late. They count.
      return context.words === 'none' ? stay(state) : endpoint(event.givenMs ?? context.nowMs, context);
    case 'deadline': {
      if (!context.mayPrompt) return { state: INITIAL_TURN_STATE, effects: [] };
      const turn = context.nextTurn;
      return { state: thinking(turn, context.nowMs, context, policy), effects: [{ type: 'prompt-caller', turn }] };
    }
    default:
      return stay(state);
  }
}

function whileCallerSpeaks(
  state: In<'caller-speaking'>,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  switch (event.type) {
    case 'speech-ended':
      return endpoint(event.lastSpeechMs, context);
    case 'words-changed': {
      // The sound may be no longer the caller's: then the words stop before it does.
      const wordlessMs = context.nowMs + policy.endpointing.wordlessSpeechMs;
      if (context.words === 'none') return stay(state);
      return { state: { ...state, deadlineMs: Math.min(state.untilMs, wordlessMs) }, effects: [] };
    }
    case 'deadline': {
      const { state: next, effects } = replyOrListen(context, policy, context.nowMs);
      // The caller waits since his last words, though it is clear only now that the sound is not his.
      const wordlessMs = state.deadlineMs < state.untilMs ? policy.endpointing.wordlessSpeechMs : 0;
      const waits = next.name === 'thinking' ? waitingSince(context.nowMs - wordlessMs, next, context, policy) : next;
      return { state: waits, effects: [{ type: 'ignore-sound' }, ...effects] };
    }
    default:
      return stay(state);
  }
}

function whileEndpointing(
  state: In<'endpointing'>,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  const { lastSpeechMs } = state;
  switch (event.type) {
    case 'speech-started':
      return callerSpeaks(context, policy);
    case 'words-changed':
      return endpoint(lastSpeechMs, context);
    case 'deadline': {
      const lineIsLate = context.unseenMs > LATE_LINE_MS;
      if (!lineIsLate || context.nowMs >= lastSpeechMs + context.holdMs + LATEST_LINE_MS) {
        return awaitWords(context, policy, lastSpeechMs);
      }
      return { state: { name: 'endpointing', lastSpeechMs, deadlineMs: context.nowMs + LATE_LINE_MS }, effects: [] };
    }
    default:
      return stay(state);
  }
}

function whileAwaitingWords(
  state: In<'awaiting-words'>,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  const { lastSpeechMs, filled } = state;
  switch (event.type) {
    case 'speech-started':
      return callerSpeaks(context, policy);
    case 'words-changed':
      // The words that were missing may say that the turn is not over at all.
      if (context.words !== 'none' && context.nowMs < lastSpeechMs + context.holdMs) {
        return endpoint(lastSpeechMs, context);
      }
      return awaitWords(context, policy, lastSpeechMs, filled);
    case 'interrupted':
      return { state, effects: [{ type: 'stop-filling', cause: 'command' }] };
    case 'deadline': {
      if (context.nowMs >= wordsBoundMs(context, policy, lastSpeechMs)) {
        return replyOrListen(context, policy, lastSpeechMs, filled);
      }
      const waits = context.words === 'open' || isUnheard(context);
      const quietSinceMs = Math.max(lastSpeechMs, context.agentHeardUntilMs);
      if (!waits || context.nowMs < quietSinceMs + policy.waiting.fillAfterMs || filled >= policy.waiting.maxFillers) {
        return awaitWords(context, policy, lastSpeechMs, filled);
      }
      // It is the recogniser that is late: the caller waits all the same.
      const fill: TurnEffect = { type: 'fill-wait', turn: context.nextTurn, kind: 'filler' };
      const wordless: TurnEffect[] = filled === 0 && context.words === 'none' ? [{ type: 'no-words' }] : [];
      return preceded([...wordless, fill], awaitWords(context, policy, lastSpeechMs, filled + 1));
    }
    default:
      return stay(state);
  }
}

function whileThinking(state: In<'thinking'>, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  const takeBack: TurnEffect = { type: 'take-back-reply', turn: state.turn };
  switch (event.type) {
    case 'speech-started':
      // The answer is kept: a cough, or "hello, are you there?", must not make the caller wait for it from the start.
      if (policy.interruption.tentative) return hold(state, false, context, policy);
      return preceded([takeBack], callerSpeaks(context, policy));
    case 'words-changed':
      // More words of the same breath: the turn would answer half a question.
      if (context.words === 'none') return stay(state);
      if (context.interjection === 'backchannel') return { state, effects: [{ type: 'dismiss-words' }] };
      if (context.interjection === 'begun') return stay(state);
      return preceded([takeBack], awaitWords(context, policy, state.lastSpeechMs));
    case 'words-corrected': {
      // The answer is begun anew, to better words: it is the same turn, unless there are others by now.
      const nextTurn = context.words === 'none' ? state.turn : context.nextTurn;
      return preceded([takeBack], startReply({ ...context, nextTurn }, policy, state.lastSpeechMs));
    }
    case 'reply-audible': {
      if (event.turn !== state.turn) return stay(state);
      // What comes after the wait was given up may stall, too, and is given up once more.
      const filled = Math.min(state.filled, policy.waiting.maxFillers + 1);
      return {
        state: { name: 'speaking', turn: state.turn, filled, deadlineMs: soundDeadline(context, policy) },
        effects: [],
      };
    }
    default:
      return whileReplying(state, state.waitsSinceMs, event, context, policy);
  }
}

function whileSpeaking(state: In<'speaking'>, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  switch (event.type) {
    case 'speech-started':
      if (!policy.interruption.tentative || context.interjection === 'words') {
        return interrupt(state, context.nowMs, context, policy);
      }
      return hold(state, true, context, policy);
    case 'words-changed':
      if (context.interjection === 'backchannel') return { state, effects: [{ type: 'dismiss-words' }] };
      // Words of a sound that the agent spoke over. Words without any sound are answered when it has finished.
      if (context.interjection === 'words' && context.wordsMayInterrupt) {
        return interrupt(state, event.givenMs ?? context.nowMs, context, policy);
      }
      return stay(state);
    default:
      return whileReplying(state, Number.NEGATIVE_INFINITY, event, context, policy);
  }
}

/** What is typed is complete: it takes the floor and is answered at once, with all words that wait for an answer. */
function answerTyped(state: TurnState, context: TurnContext, policy: TurnPolicy): Transition {
  const answer = startReply(context, policy, context.nowMs);
  switch (state.name) {
    case 'closed':
      return stay(state);
    case 'thinking':
      return preceded([{ type: 'take-back-reply', turn: state.turn }], answer);
    case 'speaking':
      return preceded([stopReply(state, 'command')], answer);
    case 'held':
      return preceded([stopReply(state, state.audible ? 'command' : 'voice')], answer);
    default:
      return preceded([{ type: 'stop-filling', cause: 'command' }], answer);
  }
}

/** What is the same whether the agent's turn is audible yet or not. `askedAtMs`: when the caller began to wait for it. */
function whileReplying(
  state: In<'thinking'> | In<'speaking'>,
  askedAtMs: number,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  switch (event.type) {
    case 'reply-ended':
      return event.turn === state.turn ? afterReply(context, policy) : stay(state);
    case 'interrupted':
      return preceded([stopReply(state, 'command')], afterReply(context, policy));
    case 'deadline':
      return wait(state, askedAtMs, context, policy);
    default:
      return stay(state);
  }
}

/**
 * Nobody is left in silence. Whatever the model, a tool or the voice is at: when the caller has heard nothing for a
 * while, the wait is filled, then explained, then given up. Only sound counts; that work goes on is no comfort.
 */
function wait(
  state: In<'thinking'> | In<'speaking'>,
  askedAtMs: number,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  const { turn, filled } = state;
  const { fillAfterMs, maxFillers, afterGivingUp } = policy.waiting;
  const quietSinceMs = Math.max(askedAtMs, context.agentHeardUntilMs);
  const gaveUp = filled > maxFillers + 1;
  const hangsUp = gaveUp && afterGivingUp === 'hang-up';
  if (hangsUp && context.nowMs >= quietSinceMs) {
    return { state: listening(context, policy), effects: [stopReply(state, 'gave-up'), { type: 'hang-up' }] };
  }
  const patienceMs = gaveUp ? policy.recovery.stallMs : fillAfterMs;
  const limitMs = hangsUp ? quietSinceMs : quietSinceMs + patienceMs;
  // Where the answer's words have just come its voice is about to: a filling would be chopped.
  const dueMs = gaveUp ? limitMs : Math.max(limitMs, Math.min(context.agentTextMs, limitMs) + VOICE_FOLLOWS_MS);
  if (context.nowMs < dueMs) return { state: { ...state, deadlineMs: dueMs }, effects: [] };
  if (gaveUp) {
    return preceded([{ type: 'stalled', turn }, stopReply(state, 'gave-up')], afterReply(context, policy));
  }
  const kind = filled < maxFillers ? 'filler' : filled === maxFillers ? 'explanation' : 'give-up';
  return {
    state: { ...state, filled: filled + 1, deadlineMs: context.nowMs + fillAfterMs },
    effects: [{ type: 'fill-wait', turn, kind }],
  };
}

function close(state: TurnState): Transition {
  const effects = 'turn' in state ? [stopReply(state, 'closed')] : [{ type: 'stop-filling', cause: 'closed' } as const];
  return { state: { name: 'closed' }, effects };
}
