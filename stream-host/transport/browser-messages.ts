import type { Clock } from '../../shared/clock.ts';
import type { BrowserMessage, Envelope } from '../../shared/protocol/browser.ts';
import type { SessionEventSource } from '../contract/events.ts';

/** Who talks, as the envelopes of one session say it. */
export interface BrowserSession {
  readonly sessionId: string;
  readonly agent: string;
  /** The agent's first words, which the old contract sends as a status. Absent in a resumed session. */
  readonly greeting?: string;
  readonly resumed: boolean;
  /** The demo dialogue answers, no language model. */
  readonly scripted: boolean;
}

/**
 * Tells a browser what happens in a conversation, in the order of the old contract: the greeting as a status; then for
 * each turn the caller's words, the answer as it streams (and its tools), and once it was played the whole of it.
 */
export function tellBrowser(
  session: BrowserSession,
  events: SessionEventSource,
  send: (message: BrowserMessage) => void,
  clock: Pick<Clock, 'wallMs'>,
): void {
  const { sessionId, agent } = session;
  const envelope = envelopes(clock);
  /** The old contract's times: seconds since 1970, with a fraction. */
  const epochSeconds = (): number => clock.wallMs() / 1000;
  let greeting = session.greeting;
  let greetingTurn: number | undefined;

  events.on('callerPartial', ({ text }) => send({ type: 'user_partial', content: text }));
  events.on('callerFinal', ({ text: content, turn }) => {
    send(envelope(sessionId, 'event', 'User', { sender: 'User', message: content }));
    send({ type: 'user_final', content, turn });
  });
  // The same turn again, with better words. The old contract has nothing for it, and its clients ignore this one.
  events.on('callerCorrected', ({ text, turn }) => send({ type: 'user_final', content: text, turn }));
  events.on('agentText', ({ text, turn }) => {
    if (text === greeting) {
      greeting = undefined;
      greetingTurn = turn;
      send(envelope(sessionId, 'status', 'System', { message: text }));
    } else {
      send(envelope(sessionId, 'assistant_streaming', 'Assistant', { content: text, streaming: true }));
    }
  });
  events.on('toolStarted', ({ call }) =>
    send({ type: 'tool_start', callId: call.callId, tool: call.name, ts: epochSeconds(), args: call.args }),
  );
  events.on('toolEnded', ({ call, elapsedMs, result, error }) =>
    send({
      type: 'tool_end',
      callId: call.callId,
      tool: call.name,
      ts: epochSeconds(),
      status: error === undefined ? 'success' : 'error',
      elapsedMs: Math.round(elapsedMs),
      result,
      ...(error !== undefined && { error }),
    }),
  );
  events.on('agentSpoke', ({ turn, fullText, heardText, interrupted }) => {
    if (turn !== greetingTurn) {
      const content = interrupted ? heardText : fullText;
      send({ type: 'assistant_final', content, speaker: 'assistant' });
      send(envelope(sessionId, 'status', agent, { message: content }));
    }
    send({ type: 'assistant_spoken', turn, full: fullText, heard: heardText, interrupted });
  });
  events.on('turnLatency', ({ recognisedMs, firstTokenMs, firstAudioMs, turn }) =>
    send({
      type: 'turn_latency',
      turn,
      recognised_ms: recognisedMs,
      first_token_ms: firstTokenMs,
      first_audio_ms: firstAudioMs,
    }),
  );
  events.on('waitFilled', ({ turn, kind, text }) => send({ type: 'wait_filled', turn, kind, content: text }));
  events.on('fault', ({ code }) => {
    if (code === 'synthesis.failed') {
      // The words themselves are in the streamed answer; here they would only be repeated into an error.
      send({ type: 'tts_error', error: code, text: '' });
    }
    const message = NOTICES[code];
    if (message !== undefined) send({ type: 'notice', code, message });
  });
}

const envelopes =
  (clock: Pick<Clock, 'wallMs'>) =>
  (sessionId: string, type: Envelope['type'], sender: string, payload: Envelope['payload']): Envelope => ({
    type,
    topic: 'session',
    session_id: sessionId,
    call_id: null,
    user_id: null,
    sender,
    ts: new Date(clock.wallMs()).toISOString(),
    payload,
  });

/** What a person can be told of the engine's faults. Others concern operators only. */
const NOTICES: Readonly<Record<string, string>> = {
  'recogniser.recovering': 'Speech recognition was lost for a moment and is being restored.',
  'recogniser.failed': 'Speech recognition does not work at the moment. Please try again later.',
  'voice-activity.failed': 'Interruptions may be noticed late for a moment.',
  'reply.failed': 'The agent could not finish its answer.',
  'reply.stalled': 'The agent took too long and was stopped. Please say it again.',
  'synthesis.failed': 'The agent could not speak for a moment.',
};
