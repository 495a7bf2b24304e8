import type { TurnPolicy } from './turn-policy.ts';

/**
 * Who has the floor. One state at a time, one pure function that moves between them, and at most one deadline, which
 * belongs to the state: whatever else fails to happen, the deadline does, so no state can last for ever but
 * `listening`, in which the next sound or word moves the conversation on.
 */
export type TurnState =
  /** Nobody speaks and nothing is owed. */
  | { readonly name: 'listening' }
  | { readonly name: 'caller-speaking'; readonly deadlineMs: number }
  /** The caller paused; the turn is over if the pause lasts. */
  | { readonly name: 'endpointing'; readonly lastSpeechMs: number; readonly deadlineMs: number }
  /** The pause lasted, but the recogniser has not settled on words yet. */
  | { readonly name: 'awaiting-words'; readonly lastSpeechMs: number; readonly deadlineMs: number }
  /** The agent's turn has begun; nothing of it is audible yet. */
  | { readonly name: 'thinking'; readonly turn: number; readonly lastSpeechMs: number; readonly deadlineMs: number }
  | { readonly name: 'speaking'; readonly turn: number; readonly deadlineMs: number }
  | { readonly name: 'closed' };

export type TurnEvent =
  | { readonly type: 'speech-started' }
  | { readonly type: 'speech-ended'; readonly lastSpeechMs: number }
  /** The recogniser changed the caller's words. */
  | { readonly type: 'words-changed' }
  /** The recogniser's final differs from the words that the turn in progress answers. */
  | { readonly type: 'words-corrected' }
  /** The agent has something to say of its own accord (the greeting). */
  | { readonly type: 'reply-owed' }
  | { readonly type: 'reply-audible'; readonly turn: number }
  | { readonly type: 'reply-progressed'; readonly turn: number }
  /** All of the turn has been played, or it had nothing to play. */
  | { readonly type: 'reply-ended'; readonly turn: number }
  /** Somebody asked the agent to be quiet (a button, a tool of the host). */
  | { readonly type: 'interrupted' }
  | { readonly type: 'deadline' }
  | { readonly type: 'closed' };

/** What the transition function may know besides the state. */
export interface TurnContext {
  readonly nowMs: number;
  /** Words of the caller that no turn has answered: none, some that may still change, or settled ones. */
  readonly words: 'none' | 'open' | 'settled';
  /** How long the detector has not seen any audio: a gap in the line is no pause of the caller's. */
  readonly unseenMs: number;
  /** A reply that nobody has heard anything of was dropped, or the greeting was not spoken yet. */
  readonly replyOwed: boolean;
  /** The number that the next turn of the agent gets. */
  readonly nextTurn: number;
}

/** What must be done, in this order, because of a transition. */
export type TurnEffect =
  /** Stop what is audible: the stop command first, then the turn. */
  | { readonly type: 'stop-reply'; readonly turn: number }
  /** Drop a turn of which nothing was heard; the caller's words that it answered are open again. */
  | { readonly type: 'take-back-reply'; readonly turn: number }
  | { readonly type: 'start-reply'; readonly turn: number; readonly lastSpeechMs: number }
  /** Sound without words: a cough, a click, or a recogniser that does not listen. */
  | { readonly type: 'no-words' }
  | { readonly type: 'stalled'; readonly turn: number };

/** Audio that is overdue by more than this makes a pause doubtful; for so much longer the pause is doubted at most. */
const LATE_LINE_MS = 150;
const LATEST_LINE_MS = 1000;

export interface Transition {
  readonly state: TurnState;
  readonly effects: readonly TurnEffect[];
}

export function transition(state: TurnState, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  if (event.type === 'closed') return close(state);
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
  }
}

type In<Name extends TurnState['name']> = Extract<TurnState, { name: Name }>;

function whileListening(
  state: In<'listening'>,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  switch (event.type) {
    case 'speech-started':
      return callerSpeaks(context, policy);
    case 'reply-owed':
      return startReply(context, policy, context.nowMs);
    case 'words-changed':
      // Words without an onset: a voice too quiet for the detector, or a recogniser that is late. They count.
      return context.words === 'none' ? stay(state) : awaitWords(context, policy, context.nowMs);
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
    case 'speech-ended': {
      const { lastSpeechMs } = event;
      return { state: { name: 'endpointing', lastSpeechMs, deadlineMs: lastSpeechMs + policy.holdMs }, effects: [] };
    }
    case 'deadline':
      return replyOrListen(context, policy, context.nowMs);
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
  switch (event.type) {
    case 'speech-started':
      return callerSpeaks(context, policy);
    case 'deadline': {
      const { lastSpeechMs } = state;
      const lineIsLate = context.unseenMs > LATE_LINE_MS;
      if (!lineIsLate || context.nowMs >= lastSpeechMs + policy.holdMs + LATEST_LINE_MS) {
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
  switch (event.type) {
    case 'speech-started':
      return callerSpeaks(context, policy);
    case 'words-changed':
      return awaitWords(context, policy, state.lastSpeechMs);
    case 'deadline': {
      const enough = context.nowMs >= state.lastSpeechMs + policy.lateWordsWaitMs;
      if (context.words === 'open' && !enough) return awaitWords(context, policy, state.lastSpeechMs);
      return replyOrListen(context, policy, state.lastSpeechMs);
    }
    default:
      return stay(state);
  }
}

function whileThinking(state: In<'thinking'>, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  const takeBack: TurnEffect = { type: 'take-back-reply', turn: state.turn };
  switch (event.type) {
    case 'speech-started':
      return preceded([takeBack], callerSpeaks(context, policy));
    case 'words-changed':
      // More words of the same breath: the turn would answer half a question.
      if (context.words === 'none') return stay(state);
      return preceded([takeBack], awaitWords(context, policy, state.lastSpeechMs));
    case 'words-corrected':
      return preceded([takeBack], startReply(context, policy, state.lastSpeechMs));
    case 'reply-audible': {
      if (event.turn !== state.turn) return stay(state);
      const deadlineMs = context.nowMs + policy.stallMs;
      return { state: { name: 'speaking', turn: state.turn, deadlineMs }, effects: [] };
    }
    default:
      return whileReplying(state, event, context, policy);
  }
}

function whileSpeaking(state: In<'speaking'>, event: TurnEvent, context: TurnContext, policy: TurnPolicy): Transition {
  if (event.type !== 'speech-started') return whileReplying(state, event, context, policy);
  return preceded([{ type: 'stop-reply', turn: state.turn }], callerSpeaks(context, policy));
}

/** What is the same whether the agent's turn is audible yet or not. */
function whileReplying(
  state: In<'thinking'> | In<'speaking'>,
  event: TurnEvent,
  context: TurnContext,
  policy: TurnPolicy,
): Transition {
  const { turn } = state;
  switch (event.type) {
    case 'reply-progressed':
      if (event.turn !== turn) return stay(state);
      return { state: { ...state, deadlineMs: context.nowMs + policy.stallMs }, effects: [] };
    case 'reply-ended':
      return event.turn === turn ? afterReply(context, policy) : stay(state);
    case 'interrupted':
      return preceded([{ type: 'stop-reply', turn }], afterReply(context, policy));
    case 'deadline':
      return preceded(
        [
          { type: 'stalled', turn },
          { type: 'stop-reply', turn },
        ],
        afterReply(context, policy),
      );
    default:
      return stay(state);
  }
}

/** Words that came while the agent spoke, too quiet to stop it, are answered now. */
function afterReply(context: TurnContext, policy: TurnPolicy): Transition {
  if (context.words === 'none') return { state: { name: 'listening' }, effects: [] };
  return awaitWords(context, policy, context.nowMs);
}

function awaitWords(context: TurnContext, policy: TurnPolicy, lastSpeechMs: number): Transition {
  if (context.words === 'settled') return startReply(context, policy, lastSpeechMs);
  const waitMs = context.words === 'open' ? policy.lateWordsWaitMs : policy.wordsWaitMs;
  const boundMs = Math.max(lastSpeechMs + waitMs, context.nowMs);
  const deadlineMs = context.words === 'open' ? Math.min(context.nowMs + policy.stablePartialMs, boundMs) : boundMs;
  return { state: { name: 'awaiting-words', lastSpeechMs, deadlineMs }, effects: [] };
}

function replyOrListen(context: TurnContext, policy: TurnPolicy, lastSpeechMs: number): Transition {
  if (context.words !== 'none' || context.replyOwed) return startReply(context, policy, lastSpeechMs);
  return { state: { name: 'listening' }, effects: [{ type: 'no-words' }] };
}

function startReply(context: TurnContext, policy: TurnPolicy, lastSpeechMs: number): Transition {
  const turn = context.nextTurn;
  return {
    state: { name: 'thinking', turn, lastSpeechMs, deadlineMs: context.nowMs + policy.stallMs },
    effects: [{ type: 'start-reply', turn, lastSpeechMs }],
  };
}

function callerSpeaks(context: TurnContext, policy: TurnPolicy): Transition {
  return { state: { name: 'caller-speaking', deadlineMs: context.nowMs + policy.maxCallerTurnMs }, effects: [] };
}

function close(state: TurnState): Transition {
  const replying = state.name === 'thinking' || state.name === 'speaking';
  return { state: { name: 'closed' }, effects: replying ? [{ type: 'stop-reply', turn: state.turn }] : [] };
}

function preceded(effects: readonly TurnEffect[], { state, effects: following }: Transition): Transition {
  return { state, effects: [...effects, ...following] };
}

function stay(state: TurnState): Transition {
  return { state, effects: [] };
}
