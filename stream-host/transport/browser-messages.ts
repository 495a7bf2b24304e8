import type { Clock } from '../../shared/clock.ts';
import { ERROR_CODES } from '../../shared/error-codes.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { BrowserMessage, Envelope } from '../../shared/protocol/browser.ts';
import type { CallSummary, SessionEventSource, TranscribedWords } from '../contract/events.ts';

/** Who talks, as the envelopes of one session say it. */
export interface BrowserSession {
  readonly sessionId: string;
  readonly agent: string;
  /** What is done with the line. */
  readonly mode: string;
  /** The agent's first words, which the old contract sends as a status. Absent in a resumed session. */
  readonly greeting?: string;
  readonly resumed: boolean;
  /** The session that the browser named, which is over. */
  readonly replaces?: string;
  /** With which the browser may come back after its line was lost. */
  readonly returnTicket?: string;
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
  const nameOf = (turn: number): string => `${sessionId}:${turn}`;
  const turnOf = (turn: number) => ({ turn, turn_id: nameOf(turn) });
  /** An answer as it streams and at its end: the same sender, and the same names. */
  const sayAs = (type: Envelope['type'], sender: string, turn: number, payload: Envelope['payload']) =>
    send(envelope(sessionId, type, sender, { ...payload, turn_id: nameOf(turn), response_id: nameOf(turn) }));
  let greeting = session.greeting;
  let greetingTurn: number | undefined;

  events.on('callerPartial', ({ text }) => send({ type: 'user_partial', content: text }));
  events.on('callerFinal', ({ text: content, turn }) => {
    // Who speaks first gets an answer, and no greeting.
    greeting = undefined;
    send(envelope(sessionId, 'event', 'User', { sender: 'User', message: content }));
    send({ type: 'user_final', content, ...turnOf(turn) });
  });
  // The same turn again, with better words. The old contract has nothing for it, and its clients ignore this one.
  events.on('callerCorrected', ({ text, turn }) => send({ type: 'user_final', content: text, ...turnOf(turn) }));
  events.on('agentText', ({ text, turn, to }) => {
    if (greeting?.startsWith(text)) {
      greetingTurn = turn;
      sayAs('status', 'System', turn, { message: greeting });
    } else if (turn !== greetingTurn) {
      sayAs('assistant_streaming', agent, turn, { content: text, streaming: true, ...(to && { to }) });
    }
    greeting = undefined;
  });
  events.on('toolStarted', ({ call, turn }) =>
    send({
      type: 'tool_start',
      callId: call.callId,
      tool: call.name,
      ts: epochSeconds(),
      args: cutArgs(call.args),
      ...turnOf(turn),
    }),
  );
  events.on('toolEnded', ({ call, elapsedMs, result, error, turn }) =>
    send({
      type: 'tool_end',
      callId: call.callId,
      tool: call.name,
      ts: epochSeconds(),
      status: error === undefined ? 'success' : 'error',
      elapsedMs: Math.round(elapsedMs),
      result: cut(result) ?? result,
      ...(error !== undefined && { error }),
      ...turnOf(turn),
    }),
  );
  events.on('transcriptPartial', (words) => send({ type: 'transcript_partial', ...wordsOf(words) }));
  events.on('transcript', ({ turn, confidence, language, words, ...said }) =>
    send({
      type: 'transcript_final',
      ...wordsOf(said),
      ...(confidence !== undefined && { confidence }),
      ...(language !== undefined && { language }),
      ...(words && { words: words.map((word) => ({ text: word.text, ...placeOf(word) })) }),
      ...turnOf(turn),
    }),
  );
  events.on('agentHeard', ({ turn, heardText }) =>
    send({ type: 'assistant_heard', heard: heardText, ...turnOf(turn) }),
  );
  events.on('agentSpoke', ({ turn, fullText, heardText, interrupted, to }) => {
    if (turn !== greetingTurn) {
      const content = interrupted ? heardText : fullText;
      send({ type: 'assistant_final', content, speaker: 'assistant', ...turnOf(turn) });
      sayAs('status', agent, turn, { message: content });
    }
    const ear = to && { to };
    send({ type: 'assistant_spoken', full: fullText, heard: heardText, interrupted, ...ear, ...turnOf(turn) });
  });
  events.on('turnLatency', ({ wordsMs, recognisedMs, firstTokenMs, firstVoiceMs, firstAudioMs, turn }) =>
    send({
      type: 'turn_latency',
      words_ms: wordsMs,
      recognised_ms: recognisedMs,
      first_token_ms: firstTokenMs,
      first_voice_ms: firstVoiceMs,
      first_audio_ms: firstAudioMs,
      ...turnOf(turn),
    }),
  );
  events.on('spent', (summary) => send(spentMessage(summary)));
  events.on('waitFilled', ({ turn, kind, text }) =>
    send({ type: 'wait_filled', kind, content: text, ...turnOf(turn) }),
  );
  events.on('answeredBy', ({ verdict, afterMs }) => send({ type: 'answered_by', verdict, after_ms: afterMs }));
  events.on('keysCollected', ({ name, status, attempts }) => send({ type: 'keys_collected', name, status, attempts }));
  events.on('fault', ({ code, error }) => {
    if (code === 'synthesis.failed') {
      // The words themselves are in the streamed answer; here they would only be repeated into an error.
      send({ type: 'tts_error', error: code, text: '' });
    }
    const message = NOTICES[code];
    // Why, in words that are ours: what a provider says may quote the caller.
    const why = error instanceof ParleyError ? ` ${ERROR_CODES[error.code].meaning}` : '';
    if (message !== undefined)
      send({ type: 'notice', code, message: `${message}${code === 'reply.failed' ? why : ''}` });
  });
}

/** What a session has used and cost. */
export const spentMessage = ({ totals, cost }: CallSummary): BrowserMessage => ({
  type: 'call_spent',
  totals: totals.map(({ service, model, used, unknown }) => ({
    service,
    ...(model !== undefined && { model }),
    used: { ...used },
    ...(unknown && { unknown: { ...unknown } }),
  })),
  cost: cost ? { currency: cost.currency, total: cost.total, at_least: cost.at_least } : null,
});

const placeOf = ({ offsetMs, durationMs }: Pick<TranscribedWords, 'offsetMs' | 'durationMs'>) => ({
  offset_ms: offsetMs,
  duration_ms: durationMs,
});

const wordsOf = (words: TranscribedWords) => ({ speaker: words.speaker, content: words.text, ...placeOf(words) });

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

/** Characters of arguments or of a result, as JSON: a page shows them, and needs no more. */
const LONGEST_JSON = 8000;

/** What stands for a value that is too long to be sent; undefined where it is not. */
function cut(value: unknown): { readonly beginning: string; readonly leftOut: number } | undefined {
  const text = JSON.stringify(value) ?? '';
  if (text.length <= LONGEST_JSON) return undefined;
  return { beginning: text.slice(0, LONGEST_JSON), leftOut: text.length - LONGEST_JSON };
}

const cutArgs = (args: Readonly<Record<string, unknown>>): Record<string, unknown> => ({ ...(cut(args) ?? args) });

/** What a person can be told of the engine's faults. Others concern operators only. */
const NOTICES: Readonly<Record<string, string>> = {
  'recogniser.recovering': 'Speech recognition was lost for a moment and is being restored.',
  'recogniser.failed': 'Speech recognition does not work at the moment. Please try again later.',
  'voice-activity.failed': 'Interruptions may be noticed late for a moment.',
  'reply.failed': 'The agent could not answer.',
  'reply.too_long': 'The answer was too long, and ends early.',
  'reply.stalled': 'The agent took too long and was stopped. Please say it again.',
  'synthesis.failed': 'The agent could not speak for a moment.',
  'notice.unspoken': 'Nobody on the line was told yet that it is written down. It is tried again.',
  'transcription.too-many-speakers': 'More people speak than can be written down at a time.',
  'text.unsupported': 'Nothing can be typed in this conversation. Please say it.',
};
