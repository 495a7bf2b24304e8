import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { RealtimeBrief, RealtimeEvents, RealtimeSession } from '../contract/realtime.ts';
import type { RealtimeService } from './realtime-service.ts';

/** One thing that we assume of a service. */
export interface ProbeResult {
  readonly assumed: string;
  readonly holds: boolean;
  /** What was seen, with times and codes; what was said is not among it. */
  readonly seen: string;
}

export interface ProbeOptions {
  readonly service: RealtimeService;
  /** Whose voice, language and settings are tried; instructions and tools are the probe's own. */
  readonly brief: Pick<RealtimeBrief, 'locale' | 'voice' | 'settings'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each result as it is there. */
  readonly onResult: (result: ProbeResult) => void;
}

const PATIENCE_MS = 20_000;
const FRAME_MS = 20;
const LINE = 'Hello, where is order number ten forty-two?';
const TOOL = {
  name: 'look_up_order',
  description: 'Finds an order by its number. Use it for every question about an order.',
  parameters: { type: 'object', properties: { order_number: { type: 'string' } }, required: ['order_number'] },
};

/** What a session has told so far. */
class Watch {
  readonly startMs: number;
  ready = false;
  closed: string | undefined;
  readonly warnings: string[] = [];
  readonly problems: string[] = [];
  readonly requests = new Map<string, string | undefined>();
  readonly dropped: string[] = [];
  readonly ends = new Map<string, string>();
  readonly audio = new Map<string, { readonly itemId: string; readonly pieces: Uint8Array[] }>();
  readonly calls: string[] = [];
  readonly callerWords: string[] = [];
  speechStarted = 0;
  committed = 0;

  constructor(clock: Clock) {
    this.startMs = clock.now();
  }

  readonly events: RealtimeEvents = {
    onReady: () => {
      this.ready = true;
    },
    onSpeechStarted: () => {
      this.speechStarted += 1;
    },
    onSpeechStopped: () => undefined,
    onCommitted: () => {
      this.committed += 1;
    },
    onCallerWords: (_, text, isFinal) => {
      if (isFinal && text !== '') this.callerWords.push(text);
    },
    onCallerWordsFailed: (_, { code }) => this.problems.push(code),
    onResponseStarted: (responseId, requestId) => this.requests.set(responseId, requestId),
    onResponseDropped: (requestId) => this.dropped.push(requestId),
    onAudio: (responseId, itemId, pcm) => {
      const audio = this.audio.get(responseId) ?? { itemId, pieces: [] };
      audio.pieces.push(pcm);
      this.audio.set(responseId, audio);
    },
    onText: () => undefined,
    onToolRequest: (_, { callId }) => this.calls.push(callId),
    onServiceTool: () => undefined,
    onResponseEnded: (responseId, status, reason) =>
      this.ends.set(responseId, reason === undefined ? status : `${status}, ${reason}`),
    onWarning: ({ code, param }) => this.warnings.push(param ?? code),
    onProblem: ({ code, param }) => this.problems.push(param === undefined ? code : `${code} (${param})`),
    onClosed: (error, final) => {
      this.closed = `${error.code}: ${messageOf(error)}${final ? ' It would be the same again.' : ''}`;
    },
  };

  /** The response to a request, or the first one that nobody asked for after `from` responses. */
  responseTo(requestId: string | undefined, from = 0): string | undefined {
    return [...this.requests].slice(from).find(([, request]) => request === requestId)?.[0];
  }

  bytesOf(responseId: string | undefined): number {
    const pieces = responseId === undefined ? [] : (this.audio.get(responseId)?.pieces ?? []);
    return pieces.reduce((sum, { length }) => sum + length, 0);
  }
}

/**
 * Holds a short dialogue with a service, to show on it what is only assumed of it: our fields, our ids, lines word for
 * word, tools, an answer that is cut off, and speech. Costs some seconds of the model's audio.
 * @returns whether all of it holds
 */
export async function probeRealtime({ service, brief, clock, log, onResult }: ProbeOptions): Promise<boolean> {
  const watch = new Watch(clock);
  let allHold = true;
  const tell = (assumed: string, holds: boolean, seen: string) => {
    allHold &&= holds;
    const problems = watch.problems.splice(0);
    onResult({ assumed, holds: holds && problems.length === 0, seen: [seen, ...problems].join('; ') });
    allHold &&= problems.length === 0;
  };
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  /** Waits until something is there. @returns after how many milliseconds; undefined where it does not come */
  const until = async (isThere: () => boolean): Promise<number | undefined> => {
    const startMs = clock.now();
    while (!isThere()) {
      if (watch.closed !== undefined || clock.now() - startMs > PATIENCE_MS) return undefined;
      await wait(FRAME_MS);
    }
    return Math.round(clock.now() - startMs);
  };

  const session = service.open(
    {
      log,
      brief: { ...brief, instructions: 'You are the desk of a shop, and answer in one short sentence.', tools: [TOOL] },
      rateHz: 16_000,
      createResponse: true,
      interruptResponse: true,
    },
    watch.events,
  );
  try {
    const readyMs = await until(() => watch.ready);
    const seconds = session.expiresAtMs === undefined ? undefined : (session.expiresAtMs - clock.wallMs()) / 1000;
    const lifetime = seconds === undefined ? 'no expiry is told' : `it lives for ${Math.round(seconds)} s`;
    tell(
      'key, address and model are taken',
      readyMs !== undefined,
      watch.closed ?? `ready in ${readyMs} ms at ${session.rateHz} Hz; ${lifetime}`,
    );
    if (readyMs === undefined) return false;
    const otherwise = watch.warnings.splice(0);
    tell(
      'the session has the fields that it was asked for',
      otherwise.length === 0,
      otherwise.join(', ') || 'the same',
    );

    const line = await ask(session, watch, until, { say: LINE });
    tell('a line is said, and its response says whose it is', line.holds, line.seen);
    const clip = await ask(session, watch, until, { say: 'One moment, please.', aside: true });
    tell('a line is said aside, as a clip', clip.holds, clip.seen);

    session.typed('What about order 1042?');
    session.respond();
    const calledMs = await until(() => watch.calls.length > 0 && watch.ends.size === watch.requests.size);
    tell('typed words bring a call of a tool', calledMs !== undefined, `after ${calledMs} ms`);
    const [callId] = watch.calls;
    if (callId !== undefined) {
      const from = watch.requests.size;
      session.toolResult(callId, '{"message":"Order 1042 is packed and comes on Friday."}');
      session.respond();
      const spokenMs = await until(() => watch.requests.size > from && watch.ends.size === watch.requests.size);
      const id = [...watch.requests.keys()][from];
      tell('its result is spoken', spokenMs !== undefined && watch.bytesOf(id) > 0, `ended after ${spokenMs} ms`);
    }

    session.typed(
      'Say: one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen.',
    );
    const long = session.respond();
    await until(() => watch.bytesOf(watch.responseTo(long)) > session.rateHz);
    const cutId = watch.responseTo(long);
    const itemId = cutId === undefined ? undefined : watch.audio.get(cutId)?.itemId;
    session.cancel();
    if (itemId !== undefined) session.truncate(itemId, 300);
    const endedMs = await until(() => cutId !== undefined && watch.ends.has(cutId));
    // A refusal would come after it.
    await wait(500);
    const end = cutId === undefined ? 'no response' : `${watch.ends.get(cutId)} after ${endedMs} ms`;
    tell(
      'an answer is ended, and cut where it was heard',
      end.startsWith('cancelled, client') || end.startsWith('completed'),
      end,
    );

    const from = watch.requests.size;
    await speak(session, watch.audio.get(line.responseId ?? '')?.pieces ?? [], wait, () => watch.committed > 0);
    const heardMs = await until(() => watch.callerWords.length > 0);
    tell(
      'speech is heard, and written down',
      heardMs !== undefined,
      `${watch.speechStarted} beginnings, ${watch.committed} ends; words ${heardMs} ms later`,
    );
    const answeredMs = await until(
      () => watch.bytesOf(watch.responseTo(undefined, from)) > 0 || watch.calls.length > 1,
    );
    tell('the service answers it by itself', answeredMs !== undefined, `after ${answeredMs} ms`);
    return allHold;
  } finally {
    session.close();
  }
}

async function ask(
  session: RealtimeSession,
  watch: Watch,
  until: (isThere: () => boolean) => Promise<number | undefined>,
  request: { readonly say: string; readonly aside?: boolean },
) {
  const id = session.respond(request);
  const endedMs = await until(() => {
    const responseId = watch.responseTo(id);
    return watch.dropped.includes(id) || (responseId !== undefined && watch.ends.has(responseId));
  });
  const responseId = watch.responseTo(id);
  const end = responseId === undefined ? 'no response is told as its own' : watch.ends.get(responseId);
  const audioMs = Math.round((watch.bytesOf(responseId) * 1000) / (2 * session.rateHz));
  return {
    responseId,
    holds: end === 'completed' && audioMs > 0,
    seen: `${end}; ${audioMs} ms of audio in ${endedMs} ms`,
  };
}

/** Plays audio to the service as a caller's line does, and then silence. */
async function speak(
  session: RealtimeSession,
  pieces: readonly Uint8Array[],
  wait: (ms: number) => Promise<void>,
  isHeard: () => boolean,
): Promise<void> {
  const frameBytes = (session.rateHz / 1000) * 2 * FRAME_MS;
  const pcm = Buffer.concat(pieces);
  for (let at = 0; at < pcm.length; at += frameBytes) {
    session.audio(pcm.subarray(at, at + frameBytes));
    await wait(FRAME_MS);
  }
  const silence = new Uint8Array(frameBytes);
  for (let ms = 0; ms < PATIENCE_MS && !isHeard(); ms += FRAME_MS) {
    session.audio(silence);
    await wait(FRAME_MS);
  }
}
