import type { StopCause } from '../../contract/mouth.ts';
import { attend, isUnheardOf } from './attention.ts';
import {
  afterReply,
  awaitWords,
  callerSpeaks,
  endpoint,
  INITIAL_TURN_STATE,
  isUnheard,
  listening,
  preceded,
  replyOrListen,
  startReply,
  stay,
  thinking,
  wordsBoundMs,
} from './turn-moves.ts';
import type { TurnPolicy } from './turn-policy.ts';
import type { In, Transition, TurnContext, TurnEffect, TurnEvent, TurnState } from './turn-state.ts';

/** Audio that is overdue by more than this makes a pause doubtful; for so much longer the pause is doubted at most. */
const LATE_LINE_MS = 150;
const LATEST_LINE_MS = 1000;
/** How often a voice without words is looked at again. */
const LOOK_AGAIN_MS = 20;
/** The voice follows the model's words within so long, as a rule. */
const VOICE_FOLLOWS_MS = 300;
/** After an acknowledgement, or a hum, a pause of this length is its end. */
const SHORT_GAP_MS = 64;

/** Who has the floor after an event, and what must be done about it. Pure: everything it may know is handed in. */
export function transition(state: TurnState, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  if (event.type === 'closed') return close(state);
  if (event.type === 'attention') return attend(state, event, context, policy);
  if (isUnheardOf(event, context)) return stay(state);
  if (event.type === 'typed') return answerTyped(state, context, policy);
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
      return context.words === 'none' ? stay(state) : endpoint(context.nowMs, context);
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
    case 'deadline':
      return preceded([{ type: 'ignore-sound' }], replyOrListen(context, policy, context.nowMs));
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
      return whileReplying(state, state.lastSpeechMs, event, context, policy);
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
        return interrupt(state, context.nowMs, context, policy);
      }
      return stay(state);
    default:
      return whileReplying(state, Number.NEGATIVE_INFINITY, event, context, policy);
  }
}

function whileHeld(state: In<'held'>, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  const { sinceMs, lastSpeechMs } = state;
  const { resumeMs, wordlessMs } = policy.interruption;
  switch (event.type) {
    case 'speech-started':
      return { state: { ...state, deadlineMs: Math.max(context.nowMs, sinceMs + wordlessMs) }, effects: [] };
    case 'speech-ended': {
      if (context.interjection === 'backchannel') return resume(state, context, policy);
      // What lasted long and then ended without a word has had its time, unless it was a clear voice: its words may
      // well be on their way, and the agent would speak over the next ones. One that has ended with what may be half of
      // an acknowledgement most likely has given the whole, and one that only hums is no interruption.
      const patienceEndsMs =
        context.voiceIsClear && context.interjection !== 'begun' && !context.voiceHums
          ? Number.POSITIVE_INFINITY
          : Math.max(context.nowMs, sinceMs + wordlessMs);
      const deadlineMs = Math.min(patienceEndsMs, event.lastSpeechMs + resumeMs);
      return { state: { ...state, lastSpeechMs: event.lastSpeechMs, deadlineMs }, effects: [] };
    }
    case 'words-changed': {
      if (context.interjection === 'words') return interrupt(state, lastSpeechMs, context, policy);
      if (context.interjection === 'backchannel') {
        return context.callerSpeaks ? stay(state) : resume(state, context, policy);
      }
      if (context.interjection === 'begun' && !context.callerSpeaks) return stay(state);
      // There are words; what they are is not clear yet.
      if (context.words === 'none') return stay(state);
      const latestMs = sinceMs + policy.interruption.clearWordlessMs + resumeMs;
      const deadlineMs = Math.max(state.deadlineMs, Math.min(latestMs, context.nowMs + resumeMs));
      return { state: { ...state, deadlineMs }, effects: [] };
    }
    case 'interrupted':
      return preceded([stopReply(state, 'command')], afterReply(context, policy));
    case 'deadline': {
      const patienceEndsMs = sinceMs + policy.interruption.clearWordlessMs;
      const isOnlyHeeding = context.interjection === 'backchannel' || context.voiceHums;
      const hasSaid = isOnlyHeeding && context.voicelessMs >= SHORT_GAP_MS;
      const speaksOn = context.callerSpeaks && !hasSaid && context.voiceIsClear && context.nowMs < patienceEndsMs;
      if (!speaksOn) return resume(state, context, policy);
      return { state: { ...state, deadlineMs: Math.min(context.nowMs + LOOK_AGAIN_MS, patienceEndsMs) }, effects: [] };
    }
    default:
      return stay(state);
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
  if (gaveUp && afterGivingUp === 'hang-up' && context.nowMs >= quietSinceMs) {
    return preceded([stopReply(state, 'gave-up'), { type: 'hang-up' }], afterReply(context, policy));
  }
  const limitMs = quietSinceMs + (gaveUp ? policy.recovery.stallMs : fillAfterMs);
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

/** The agent falls silent until it is clear what the caller's sound was. */
function hold(
  { turn, filled }: In<'thinking'> | In<'speaking'>,
  audible: boolean,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  const { nowMs } = context;
  const deadlineMs = nowMs + policy.interruption.wordlessMs;
  return {
    state: { name: 'held', turn, filled, audible, sinceMs: nowMs, lastSpeechMs: nowMs, deadlineMs },
    effects: [{ type: 'hold-reply', turn }],
  };
}

/** The caller has the floor for good; what the agent had left to say is dropped. */
function interrupt(
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

function resume(state: In<'held'>, context: TurnContext, policy: TurnPolicy): Transition {
  const { turn, filled, audible, lastSpeechMs } = state;
  const acknowledged = context.interjection === 'backchannel';
  const dismissal: TurnEffect[] = acknowledged ? [{ type: 'dismiss-words' }] : [];
  const deadlineMs = soundDeadline(context, policy);
  return {
    state: audible
      ? { name: 'speaking', turn, filled, deadlineMs }
      : { name: 'thinking', turn, filled, lastSpeechMs, deadlineMs: lastSpeechMs + policy.waiting.fillAfterMs },
    effects: [...dismissal, { type: 'resume-reply', turn, misled: audible && !acknowledged }],
  };
}

/** Of a turn that nobody has heard anything of, the caller's words become open again. */
function stopReply(state: In<'thinking'> | In<'speaking'> | In<'held'>, cause: StopCause): TurnEffect {
  const { turn } = state;
  const unheard = state.name === 'held' && !state.audible && cause === 'voice';
  return unheard ? { type: 'take-back-reply', turn } : { type: 'stop-reply', turn, cause };
}

/** When it must be looked whether the caller still hears something. */
function soundDeadline(context: TurnContext, policy: TurnPolicy): number {
  return context.nowMs + policy.waiting.fillAfterMs;
}

function close(state: TurnState): Transition {
  const effects = 'turn' in state ? [stopReply(state, 'closed')] : [{ type: 'stop-filling', cause: 'closed' } as const];
  return { state: { name: 'closed' }, effects };
}
