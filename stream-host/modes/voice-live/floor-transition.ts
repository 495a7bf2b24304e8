import type { StopCause } from '../../contract/mouth.ts';
import type { TurnPolicy } from '../../conversation/turns/turn-policy.ts';
import type { FloorChange, FloorContext, FloorEffect, FloorEvent, FloorState, In } from './floor.ts';

/** How often a voice that the service has not confirmed is looked at again. */
const LOOK_AGAIN_MS = 20;
/** A sound that goes on for so long, and the service says nothing of it, is not the caller's. */
const UNKNOWN_SOUND_MS = 2500;
/** The service hears somebody for so long, and so do we: it is the caller. */
const CONFIRMED_MS = 450;
/** Words follow the end of what the service has heard within so long, or there are none. */
const WORDS_WITHIN_MS = 1500;
/** No sound of which the words are not known silences the agent for longer. */
const LONGEST_HOLD_MS = 2500;
/** Whoever is asked for something says it within so long, or does not. */
const SPEAKS_WITHIN_MS = 1000;
/** And what only the service hears, and hears no end of, is left to it for so long. */
const UNHEARD_SOUND_MS = 15_000;

/** What comes of a caller who is not heard now. His words are kept, and answered when he is back. */
const OF_THE_CALLER: readonly FloorEvent['type'][] = [
  ...(['line-started', 'line-ended', 'service-started', 'service-stopped'] as const),
  ...(['committed', 'words', 'no-words', 'given', 'pressed'] as const),
];

/** Who has the floor after an event, and what must be done about it. Pure: everything it may know is handed in. */
export function floorAfter(
  state: FloorState,
  event: FloorEvent,
  context: FloorContext,
  policy: TurnPolicy,
): FloorChange {
  if (state.name === 'closed') return stay(state);
  if (context.silenced && OF_THE_CALLER.includes(event.type)) return stay(state);
  switch (event.type) {
    case 'closed':
      return { state: { name: 'closed' }, effects: [stop('closed')] };
    case 'hearing':
      // What was said meanwhile, to others, ends when he is back.
      return { state: listening(context, policy), effects: [context.silenced ? { type: 'put-by' } : stop('gave-up')] };
    case 'given':
      return { state: waiting('yes', context.nowMs, context, policy), effects: [stop('command'), { type: 'ask' }] };
    case 'interrupted': {
      const isCallers = state.name === 'caller-speaking';
      const hushed: FloorState = { ...listening(context, policy), hushed: true };
      return { state: isCallers ? state : hushed, effects: [stop('command')] };
    }
    case 'reply-ended':
      return state.name === 'caller-speaking' ? stay(state) : to(listening(context, policy));
    default:
      return afterOther(state, event, context, policy);
  }
}

function afterOther(
  state: Exclude<FloorState, In<'closed'>>,
  event: FloorEvent,
  context: FloorContext,
  policy: TurnPolicy,
): FloorChange {
  switch (state.name) {
    case 'listening':
      return whileListening(state, event, context, policy);
    case 'caller-speaking':
      return whileCallerSpeaks(state, event, context, policy);
    case 'waiting':
      return whileWaiting(state, event, context, policy);
    case 'speaking':
      return whileSpeaking(state, event, context, policy);
    case 'held':
      return whileHeld(state, event, context, policy);
  }
}

function whileListening(
  state: In<'listening'>,
  event: FloorEvent,
  context: FloorContext,
  policy: TurnPolicy,
): FloorChange {
  switch (event.type) {
    case 'line-started':
      // What fills a wait that was given up stops for the caller, too.
      return { state: callerSpeaks(false, context, policy), effects: [stop('voice')] };
    case 'service-started':
      if (isOver(event.beganMs, context)) return to(heardLate(context.lastSpeechMs, 0, policy));
      return { state: callerSpeaks(true, context, policy), effects: [stop('voice')] };
    case 'line-ended':
      // Of a caller over whose beginning the agent's last words were heard.
      return context.worthAsking ? to(waiting('no', event.lastSpeechMs, context, policy)) : stay(state);
    case 'committed':
      return asked(context.nowMs, context, policy);
    case 'words':
      // Of somebody over whose words the agent went on to its end, as they were not known then.
      return event.open || state.hushed ? stay(state) : asked(context.nowMs, context, policy);
    case 'reply-began':
      return to(waiting('yes', context.nowMs, context, policy));
    case 'reply-audible':
      return to(speaking(0, context, policy));
    case 'pressed':
      return to(listening(context, policy));
    case 'deadline':
      if (!context.mayPrompt) return to({ name: 'listening', deadlineMs: Number.POSITIVE_INFINITY });
      return { state: waiting('yes', context.nowMs, context, policy), effects: [{ type: 'prompt-caller' }] };
    default:
      return stay(state);
  }
}

function whileCallerSpeaks(
  state: In<'caller-speaking'>,
  event: FloorEvent,
  context: FloorContext,
  policy: TurnPolicy,
): FloorChange {
  switch (event.type) {
    case 'line-ended':
      return to(waiting(state.known ? 'heard' : 'no', event.lastSpeechMs, context, policy));
    case 'service-started':
      return state.known ? stay(state) : to(callerSpeaks(true, context, policy));
    case 'service-stopped':
      return context.lineSpeaks ? stay(state) : to(waiting('heard', context.lastSpeechMs, context, policy));
    case 'committed':
      return asked(context.lastSpeechMs, context, policy);
    case 'reply-began':
      return to(waiting('yes', context.lastSpeechMs, context, policy));
    case 'reply-audible':
      return to(speaking(0, context, policy));
    case 'deadline': {
      // One clear voice: of a caller a slow service has not told yet.
      const isOnlyLate = !state.known && context.lineSpeaks && context.voiceIsClear && context.worthAsking;
      if (isOnlyLate) return to(callerSpeaks(false, context, policy));
      const after = state.known ? waiting('heard', context.nowMs, context, policy) : listening(context, policy);
      return { state: after, effects: [{ type: 'ignore-sound' }] };
    }
    default:
      return stay(state);
  }
}

function whileWaiting(state: In<'waiting'>, event: FloorEvent, context: FloorContext, policy: TurnPolicy): FloorChange {
  switch (event.type) {
    case 'line-started':
      // The answer is kept: a cough, or "hello, are you there?", must not make the caller wait for it from the start.
      if (state.asked === 'yes') return hold(false, state.filled, state.sinceMs, context, policy);
      return { state: callerSpeaks(state.asked === 'heard', context, policy), effects: [stop('voice')] };
    case 'service-started': {
      if (!isOver(event.beganMs, context))
        return { state: callerSpeaks(true, context, policy), effects: [stop('voice')] };
      const quietSinceMs = Math.max(state.sinceMs, context.lastSpeechMs, context.agentHeardUntilMs);
      // What was on its way answers something else.
      const effects = state.asked === 'yes' ? [stop('voice')] : [];
      return { state: heardLate(Math.min(context.nowMs, quietSinceMs), state.filled, policy), effects };
    }
    case 'service-stopped':
      return state.asked === 'no' ? to({ ...state, asked: 'heard' }) : stay(state);
    case 'committed':
      return { state: { ...state, asked: 'yes' }, effects: [{ type: 'ask' }] };
    case 'reply-began':
      return state.asked === 'yes' ? stay(state) : to({ ...state, asked: 'yes' });
    case 'reply-audible':
      return to(speaking(state.filled, context, policy));
    case 'deadline':
      if (state.asked !== 'no') return wait(state, state.sinceMs, context, policy);
      if (context.worthAsking) {
        // The caller waits since he spoke: where the service does not even ask him, that is filled in time.
        return { state: waiting('yes', state.sinceMs, context, policy), effects: [{ type: 'ask-again' }] };
      }
      if (context.nowMs >= state.sinceMs + policy.waiting.fillAfterMs) return to(listening(context, policy));
      return to({ ...state, deadlineMs: state.sinceMs + policy.waiting.fillAfterMs });
    default:
      return stay(state);
  }
}

function whileSpeaking(
  state: In<'speaking'>,
  event: FloorEvent,
  context: FloorContext,
  policy: TurnPolicy,
): FloorChange {
  switch (event.type) {
    case 'line-started':
      return hold(true, state.filled, Number.NEGATIVE_INFINITY, context, policy);
    case 'service-started': {
      const held = hold(true, state.filled, Number.NEGATIVE_INFINITY, context, policy);
      return preceded(held, whileHeld(held.state, event, context, policy));
    }
    case 'words':
      // Of a sound after which the agent had gone on.
      return preceded({ state, effects: [stop('voice')] }, asked(context.nowMs, context, policy));
    case 'deadline':
      return wait(state, Number.NEGATIVE_INFINITY, context, policy);
    default:
      return stay(state);
  }
}

function whileHeld(state: In<'held'>, event: FloorEvent, context: FloorContext, policy: TurnPolicy): FloorChange {
  const { resumeMs, wordlessMs, clearWordlessMs } = policy.interruption;
  switch (event.type) {
    case 'service-started': {
      const beganMs = Math.min(state.beganMs, event.beganMs ?? state.beganMs);
      const heard: In<'held'> = { ...state, service: 'hears', beganMs };
      // Nothing was heard of the answer: it is asked for anew, with all that was said.
      if (!state.audible) return interrupt(heard, context, policy);
      return to({ ...heard, deadlineMs: context.nowMs + CONFIRMED_MS });
    }
    case 'service-stopped':
    case 'committed': {
      const service = event.type === 'committed' ? 'committed' : 'heard';
      const latestMs = Math.max(context.nowMs, state.sinceMs + LONGEST_HOLD_MS);
      return to({ ...state, service, deadlineMs: Math.min(latestMs, context.nowMs + WORDS_WITHIN_MS) });
    }
    case 'words':
      return interrupt(state, context, policy);
    case 'no-words':
      return state.service === 'silent' ? stay(state) : resume(state, context, policy);
    case 'line-started':
      if (state.service !== 'silent') return stay(state);
      return to({ ...state, deadlineMs: Math.max(context.nowMs, state.sinceMs + wordlessMs) });
    case 'line-ended': {
      if (state.service !== 'silent') return to({ ...state, lastSpeechMs: event.lastSpeechMs });
      // A clear voice may well be the caller's, whom the service is about to hear.
      const patienceEndsMs = context.voiceIsClear
        ? Number.POSITIVE_INFINITY
        : Math.max(context.nowMs, state.sinceMs + wordlessMs);
      const deadlineMs = Math.max(context.nowMs, Math.min(patienceEndsMs, event.lastSpeechMs + resumeMs));
      return to({ ...state, lastSpeechMs: event.lastSpeechMs, deadlineMs });
    }
    case 'deadline': {
      if (state.service !== 'silent') return judge(state, context, policy);
      const patienceEndsMs = state.sinceMs + clearWordlessMs;
      const speaksOn = context.lineSpeaks && context.voiceIsClear && context.nowMs < patienceEndsMs;
      if (!speaksOn) return resume(state, context, policy);
      return to({ ...state, deadlineMs: Math.min(context.nowMs + LOOK_AGAIN_MS, patienceEndsMs) });
    }
    default:
      return stay(state);
  }
}

/** Words have not come in time. What the service still hears, and so do we, or has heard for long, is the caller. */
function judge(state: In<'held'>, context: FloorContext, policy: TurnPolicy): FloorChange {
  if (state.service !== 'hears') {
    // A service may tell no words at all.
    return context.voiceIsClear && context.worthAsking
      ? interrupt(state, context, policy)
      : resume(state, context, policy);
  }
  const latestMs = state.sinceMs + LONGEST_HOLD_MS;
  if (context.lineSpeaks || context.nowMs >= latestMs) return interrupt(state, context, policy);
  return to({ ...state, deadlineMs: latestMs });
}

/** The caller has the floor for good; what the agent had left to say is dropped. */
function interrupt(state: In<'held'>, context: FloorContext, policy: TurnPolicy): FloorChange {
  const silenced: FloorChange = { state, effects: [stop('voice')] };
  if (state.service === 'committed') return preceded(silenced, asked(state.lastSpeechMs, context, policy));
  if (state.service === 'heard' || isOver(state.beganMs, context))
    return preceded(silenced, to(waiting('heard', state.lastSpeechMs, context, policy)));
  return preceded(silenced, to(callerSpeaks(true, context, policy)));
}

/**
 * Nobody is left in silence. Whatever the service is at: when the caller has heard nothing for a while, the wait is
 * filled, then explained, then given up. Only sound counts; that work goes on is no comfort.
 */
function wait(
  state: In<'waiting'> | In<'speaking'>,
  askedAtMs: number,
  context: FloorContext,
  policy: TurnPolicy,
): FloorChange {
  const { filled } = state;
  const { fillAfterMs, maxFillers, afterGivingUp } = policy.waiting;
  const quietSinceMs = Math.max(askedAtMs, context.agentHeardUntilMs);
  const gaveUp = filled > maxFillers + 1;
  const hangsUp = gaveUp && afterGivingUp === 'hang-up';
  if (hangsUp && context.nowMs >= quietSinceMs) {
    return { state: listening(context, policy), effects: [stop('gave-up'), { type: 'hang-up' }] };
  }
  const patienceMs = gaveUp ? policy.recovery.stallMs : fillAfterMs;
  const dueMs = hangsUp ? quietSinceMs : quietSinceMs + patienceMs;
  if (context.nowMs < dueMs) return to({ ...state, deadlineMs: dueMs });
  if (gaveUp) return { state: listening(context, policy), effects: [{ type: 'stalled' }, stop('gave-up')] };
  const kind = filled < maxFillers ? 'filler' : filled === maxFillers ? 'explanation' : 'give-up';
  return {
    state: { ...state, filled: filled + 1, deadlineMs: context.nowMs + fillAfterMs },
    effects: [{ type: 'fill-wait', kind }],
  };
}

/** The agent falls silent until it is clear whose the sound was. */
function hold(
  audible: boolean,
  filled: number,
  askedAtMs: number,
  { nowMs }: FloorContext,
  policy: TurnPolicy,
): FloorChange & { readonly state: In<'held'> } {
  const deadlineMs = nowMs + policy.interruption.wordlessMs;
  return {
    state: {
      name: 'held',
      service: 'silent',
      beganMs: nowMs,
      audible,
      filled,
      askedAtMs,
      sinceMs: nowMs,
      lastSpeechMs: nowMs,
      deadlineMs,
    },
    effects: [{ type: 'hold' }],
  };
}

function resume(state: In<'held'>, context: FloorContext, policy: TurnPolicy): FloorChange {
  const { audible, filled } = state;
  const next = audible
    ? speaking(filled, context, policy)
    : { ...waitsOn(state, context, policy), filled: goOnFrom(filled, policy) };
  return { state: next, effects: [{ type: 'resume', misled: audible }] };
}

/** A noise that has ended is nothing that the caller would wait for anew, as he does after his own voice. */
function waitsOn({ askedAtMs, lastSpeechMs }: In<'held'>, context: FloorContext, policy: TurnPolicy): In<'waiting'> {
  const { nowMs, lineSpeaks, voiceIsClear } = context;
  if (lineSpeaks || voiceIsClear) {
    return waiting('yes', Math.max(askedAtMs, lineSpeaks ? nowMs : lastSpeechMs), context, policy);
  }
  const deadlineMs = Math.max(nowMs, askedAtMs + policy.waiting.fillAfterMs);
  return { name: 'waiting', asked: 'yes', sinceMs: askedAtMs, filled: 0, deadlineMs };
}

function callerSpeaks(known: boolean, { nowMs, lineSpeaks }: FloorContext, policy: TurnPolicy): In<'caller-speaking'> {
  const knownMs = lineSpeaks ? policy.endpointing.maxCallerTurnMs : UNHEARD_SOUND_MS;
  const forMs = known ? knownMs : UNKNOWN_SOUND_MS;
  return { name: 'caller-speaking', known, deadlineMs: nowMs + forMs };
}

function listening(context: FloorContext, policy: TurnPolicy): In<'listening'> {
  const { afterMs } = policy.away;
  const prompts = context.mayPrompt && afterMs > 0;
  return { name: 'listening', deadlineMs: prompts ? context.nowMs + afterMs : Number.POSITIVE_INFINITY };
}

function waiting(
  asked: In<'waiting'>['asked'],
  lastSpeechMs: number,
  { nowMs }: FloorContext,
  policy: TurnPolicy,
): In<'waiting'> {
  const { fillAfterMs } = policy.waiting;
  // Of a caller who was not heard by our own detector nobody knows since when they wait: since now.
  const sinceMs = lastSpeechMs > nowMs - fillAfterMs ? Math.min(lastSpeechMs, nowMs) : nowMs;
  // Whoever is asked what he said shall hear that before the wait must be filled.
  const askAfterMs = asked === 'no' ? Math.max(0, fillAfterMs - SPEAKS_WITHIN_MS) : fillAfterMs;
  return { name: 'waiting', asked, sinceMs, filled: 0, deadlineMs: sinceMs + askAfterMs };
}

function speaking(filled: number, { nowMs }: FloorContext, policy: TurnPolicy): In<'speaking'> {
  return { name: 'speaking', filled: goOnFrom(filled, policy), deadlineMs: nowMs + policy.waiting.fillAfterMs };
}

/** What comes after a wait was given up may stall, too, and is given up once more. */
function goOnFrom(filled: number, { waiting }: TurnPolicy): number {
  return Math.min(filled, waiting.maxFillers + 1);
}

/** What began then our own detector has heard, to its end: a service that hears it still is late. */
function isOver(beganMs: number | undefined, { lineSpeaks, lastSpeechMs }: FloorContext): boolean {
  return beganMs !== undefined && beganMs <= lastSpeechMs && !lineSpeaks;
}

/** Whoever waits for a service that is late waits since he stopped, not since it says so. */
function heardLate(sinceMs: number, filled: number, { waiting: { fillAfterMs } }: TurnPolicy): In<'waiting'> {
  return { name: 'waiting', asked: 'heard', sinceMs, filled, deadlineMs: sinceMs + fillAfterMs };
}

/** All of what the caller said is there: the service is asked for an answer. */
function asked(lastSpeechMs: number, context: FloorContext, policy: TurnPolicy): FloorChange {
  return { state: waiting('yes', lastSpeechMs, context, policy), effects: [{ type: 'ask' }] };
}

const preceded = ({ effects }: FloorChange, next: FloorChange): FloorChange => ({
  state: next.state,
  effects: [...effects, ...next.effects],
});
const stop = (cause: StopCause): FloorEffect => ({ type: 'stop', cause });
const to = (state: FloorState): FloorChange => ({ state, effects: [] });
const stay = to;
