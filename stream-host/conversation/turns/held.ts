import { afterReply, interrupt, preceded, soundDeadline, stay, stopReply, waitingSince } from './turn-moves.ts';
import type { TurnPolicy } from './turn-policy.ts';
import type { In, Transition, TurnContext, TurnEffect, TurnEvent } from './turn-state.ts';

/** How often a voice without words is looked at again. */
const LOOK_AGAIN_MS = 20;
/** After an acknowledgement, or a hum, a pause of this length is its end. */
const SHORT_GAP_MS = 64;

/** The agent falls silent until it is clear what the caller's sound was. */
export function hold(
  state: In<'thinking'> | In<'speaking'>,
  audible: boolean,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  const { turn, filled } = state;
  const { nowMs } = context;
  const deadlineMs = nowMs + policy.interruption.wordlessMs;
  // What fills the wait is heard until now.
  const filledUntilMs = Math.min(nowMs, context.agentHeardUntilMs);
  const waitsSinceMs = state.name === 'thinking' ? Math.max(state.waitsSinceMs, filledUntilMs) : nowMs;
  return {
    state: { name: 'held', turn, filled, audible, sinceMs: nowMs, lastSpeechMs: nowMs, waitsSinceMs, deadlineMs },
    effects: [{ type: 'hold-reply', turn }],
  };
}

export function whileHeld(state: In<'held'>, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
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
    case 'words-corrected':
      return answerAnew(state, context, policy);
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

/** As without the sound, the answer is begun anew, to better words. It is held all the same. */
function answerAnew(state: In<'held'>, context: TurnContext, policy: TurnPolicy): Transition {
  if (context.interjection === 'words') return interrupt(state, state.lastSpeechMs, context, policy);
  const turn = context.words === 'none' ? state.turn : context.nextTurn;
  const effects: TurnEffect[] = [
    { type: 'take-back-reply', turn: state.turn },
    { type: 'start-reply', turn, lastSpeechMs: state.waitsSinceMs },
    { type: 'hold-reply', turn },
  ];
  return { state: { ...state, turn }, effects };
}

function resume(state: In<'held'>, context: TurnContext, policy: TurnPolicy): Transition {
  const { turn, filled, audible, lastSpeechMs } = state;
  const acknowledged = context.interjection === 'backchannel';
  const dismissal: TurnEffect[] = acknowledged ? [{ type: 'dismiss-words' }] : [];
  const deadlineMs = soundDeadline(context, policy);
  // A sound that has ended was nothing to wait for; one that goes on may be the caller's, and nobody speaks into it yet.
  const waitsSinceMs = context.callerSpeaks ? lastSpeechMs : state.waitsSinceMs;
  const unheard: In<'thinking'> = { name: 'thinking', turn, filled, lastSpeechMs, waitsSinceMs, deadlineMs };
  return {
    state: audible
      ? { name: 'speaking', turn, filled, deadlineMs }
      : waitingSince(waitsSinceMs, unheard, context, policy),
    effects: [...dismissal, { type: 'resume-reply', turn, misled: audible && !acknowledged }],
  };
}
