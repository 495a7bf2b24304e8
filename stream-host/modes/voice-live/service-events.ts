import type { SessionEmitter } from '../../contract/events.ts';
import type { RealtimeProblem } from '../../contract/realtime.ts';
import type { Answers } from './answers.ts';
import type { CallerSide } from './caller-side.ts';
import type { LinkEvents } from './service-link.ts';

interface ServiceListeners extends Pick<LinkEvents, 'onServing' | 'onNextReady' | 'onGone'> {
  readonly events: SessionEmitter;
  readonly caller: CallerSide;
  readonly answers: Answers;
  /** The call is over, or somebody else's: nothing of the service counts any more. */
  readonly isOver: () => boolean;
  readonly onResponseEnded: () => void;
}

/** Whom each of the service's events concerns. It happens between the steps of the session, like all that happens in it. */
export function serviceEvents(listeners: ServiceListeners): LinkEvents {
  const { events, caller, answers, isOver } = listeners;
  const step =
    <Args extends unknown[]>(work: (...args: Args) => void) =>
    (...args: Args): void => {
      if (!isOver()) events.atomic(() => work(...args));
    };
  const tellProblem = (code: string, { code: problem, param }: RealtimeProblem) => {
    // Its own words may quote the caller.
    const error = new Error(param === undefined ? problem : `${problem} (${param})`);
    events.emit('fault', { code, error });
  };
  return {
    onServing: step(listeners.onServing),
    onNextReady: step(listeners.onNextReady),
    onGone: step(listeners.onGone),
    onDropped: step(() => {
      answers.dropped();
      caller.dropped();
    }),
    onFailure: step((error) => events.emit('fault', { code: error.code, error })),
    onSpeechStarted: step((itemId, audioMs) => caller.speechStarted(itemId, audioMs)),
    onSpeechStopped: step((itemId, audioMs) => caller.speechStopped(itemId, audioMs)),
    onCommitted: step((itemId) => caller.committed(itemId)),
    onCallerWords: step((itemId, text, isFinal) => caller.words(itemId, text, isFinal)),
    onCallerWordsFailed: step((itemId, problem) => {
      tellProblem('realtime.words_failed', problem);
      caller.wordsFailed(itemId);
    }),
    onResponseStarted: step((responseId, requestId) => answers.responseStarted(responseId, requestId)),
    onResponseDropped: step((requestId, problem) => answers.responseDropped(requestId, problem)),
    onAudio: step((responseId, itemId, pcm) => answers.audio(responseId, itemId, pcm)),
    onText: step((responseId, itemId, text) => answers.text(responseId, itemId, text)),
    onToolRequest: step((responseId, request) => answers.toolRequest(responseId, request)),
    onServiceTool: step(({ callId, name, state }) => answers.serviceTool(callId, name, state)),
    onResponseEnded: step((responseId, status, reason) => {
      answers.responseEnded(responseId, status, reason);
      listeners.onResponseEnded();
    }),
    onWarning: step((warning) => tellProblem('realtime.warning', warning)),
    onProblem: step((problem) => tellProblem('realtime.problem', problem)),
  };
}
