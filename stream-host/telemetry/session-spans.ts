import { TRANSFERRED } from '../../shared/calls/end-reasons.ts';
import type { Clock } from '../../shared/clock.ts';
import type { NewId } from '../../shared/ids.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { callTraceOf } from '../../shared/telemetry/call-trace.ts';
import { dependencySpan } from '../../shared/telemetry/dependency-span.ts';
import { ATTRIBUTE, CONTENT, chatSpan, SPAN, toolSpan } from '../../shared/telemetry/names.ts';
import type { Attributes, FinishedSpan, SpanSink } from '../../shared/telemetry/span.ts';
import type { SessionEvent, SessionEventSource } from '../contract/events.ts';
import type { ServedRequest } from '../contract/recorder.ts';
import type { OpenedSession, SessionObserver } from '../contract/session-observer.ts';
import { OpenTurn } from './open-turn.ts';
import type { ServicePlace, ServicePlaces } from './service-places.ts';
import { type Silence, SilenceMeter } from './silence-meter.ts';

export interface SessionSpansOptions extends OpenedSession {
  /** The entry span of the session's call, where it has one. */
  readonly traceparent: string | undefined;
  readonly spans: SpanSink;
  readonly places: ServicePlaces;
  /** Puts what was said into the spans, too. */
  readonly content: boolean;
  readonly clock: Clock;
  readonly newSpanId: NewId;
  /** A caller waited, and heard nothing, for so long. */
  readonly onSilence?: (ms: number) => void;
}

/**
 * Makes the spans of one session out of its events and of what its services tell: session → turn → recognition, model,
 * tool, synthesis, with the times at which each was really done. A span is told when it is over, so of a session that
 * dies with its host all is there but what was under way.
 *
 * A stage that is a request to a service is one span, of kind client, with what draws it on Azure's map: whoever tells of
 * the connections to those services need not tell of their requests again.
 */
export class SessionSpans implements SessionObserver {
  readonly #options: SessionSpansOptions;
  /** From the session's clock to the time since 1970: once, so that a clock that is set does not tear the session. */
  readonly #sinceEpochMs: number;
  readonly #place: Pick<FinishedSpan, 'traceId' | 'parentSpanId'>;
  readonly #sessionSpanId: string;
  /** What the session is, on the spans that are told once a session or a turn. The others have its id, and stand under these. */
  readonly #common: Attributes;
  readonly #id: Attributes;
  readonly #silences = new SilenceMeter();
  #turn: OpenTurn | undefined;
  /** A speech-to-speech service hears by itself: its hearing is no request. */
  #hearsItself = false;
  readonly #counts = { turns: 0, faults: 0, bargeIns: 0 };
  #isOver = false;

  constructor(options: SessionSpansOptions) {
    const { session, clock, newSpanId, traceparent } = options;
    this.#options = options;
    this.#sinceEpochMs = clock.wallMs() - clock.now();
    this.#place = callTraceOf(session.id, traceparent);
    this.#sessionSpanId = newSpanId();
    this.#common = commonOf(session);
    this.#id = { [ATTRIBUTE.session]: session.id };
  }

  follow(events: SessionEventSource): void {
    const { arrivedAtMs, clock, resumed } = this.#options;
    this.#record(SPAN.session, arrivedAtMs, clock.now(), {
      parentSpanId: this.#place.parentSpanId,
      spanId: this.#sessionSpanId,
      attributes: { [ATTRIBUTE.resumed]: resumed },
    });
    events.on('callerFinal', (event) => this.#callerSaid(event));
    events.on('callerPartial', ({ atMs }) => this.#silences.callerSpoke(atMs));
    events.on('agentText', ({ turn, atMs }) => {
      this.#silences.agentHeard(atMs);
      this.#turnNumber(turn, atMs);
    });
    events.on('agentHeard', ({ atMs }) => this.#silences.agentHeard(atMs));
    events.on('waitFilled', (event) => this.#waitFilled(event));
    events.on('turnLatency', (event) => this.#latency(event));
    events.on('toolEnded', (event) => this.#toolEnded(event));
    events.on('bargeIn', ({ turn, by, atMs }) => {
      this.#counts.bargeIns += 1;
      this.#turnNumber(turn, atMs).bargeInBy = by;
    });
    events.on('agentSpoke', (event) => this.#agentSpoke(event));
    events.on('transcript', (event) => this.#transcript(event));
    events.on('fault', ({ code }) => {
      this.#counts.faults += 1;
      if (this.#turn) this.#turn.fault = code;
    });
    events.on('ended', ({ reason, atMs }) => this.#ended(reason, atMs));
  }

  readonly served = (request: ServedRequest): void => {
    const turn = this.#turnAt(request.startedAtMs);
    turn.began(request.startedAtMs);
    const { places } = this.#options;
    if (request.service === 'speech-synthesis') {
      this.#request(turn, places.voice, 'synthesis', request, { name: SPAN.synthesis });
    } else if (request.service === 'chat-model') {
      this.#request(turn, places.model, 'chat', request, {
        name: chatSpan(request.model ?? 'unknown'),
        method: 'POST',
      });
    } else {
      this.#hearsItself = true;
      this.#request(turn, places.realtime, 'response', request, { name: chatSpan(request.model ?? 'unknown') });
    }
  };

  #request(
    turn: OpenTurn,
    { dependency, url }: ServicePlace,
    operation: string,
    request: ServedRequest,
    more: { readonly name: string; readonly method?: string },
  ): void {
    const { startedAtMs, firstAtMs, endedAtMs, status, error } = request;
    const isModel = request.service !== 'speech-synthesis';
    const firstMs = firstAtMs === undefined ? undefined : Math.max(0, firstAtMs - startedAtMs);
    this.#options.spans.record(
      dependencySpan({
        traceId: this.#place.traceId,
        spanId: this.#options.newSpanId(),
        parentSpanId: turn.spanId,
        ...{ dependency, operation, url: request.url ?? url, status, error, ...more },
        startMs: this.#wall(startedAtMs),
        endMs: this.#wall(endedAtMs),
        attributes: {
          ...this.#id,
          ...(isModel ? genAi(request, this.#options.session, dependency, firstMs) : voiceOf(request)),
          ...(firstMs !== undefined && measured({ first_ms: firstMs })),
        },
      }),
    );
  }

  #callerSaid({ turn, text, atMs }: SessionEvent<'callerFinal'>): void {
    this.#turnNumber(turn, atMs).callerText = text;
  }

  #waitFilled({ turn, kind, text, atMs }: SessionEvent<'waitFilled'>): void {
    this.#turnNumber(turn, atMs).filled(kind);
    this.#silences.filled(atMs, text);
  }

  /** The first sound of an answer is out, and with it is known when the caller had finished. */
  #latency({ type: _, turn: number, atMs, ...latency }: SessionEvent<'turnLatency'>): void {
    const speechEndMs = atMs - latency.firstAudioMs;
    const turn = this.#turnNumber(number, speechEndMs);
    turn.latency = latency;
    for (const silence of this.#silences.answered(speechEndMs, atMs)) this.#silent(turn, silence);
    const isOurs = !this.#hearsItself;
    const { dependency, url } = this.#options.places.recogniser;
    const times = { startMs: this.#wall(speechEndMs), endMs: this.#wall(speechEndMs + latency.wordsMs) };
    const ids = { traceId: this.#place.traceId, spanId: this.#options.newSpanId(), parentSpanId: turn.spanId };
    const attributes = this.#id;
    this.#options.spans.record(
      isOurs
        ? dependencySpan({
            ...ids,
            ...times,
            dependency,
            url,
            operation: 'recognition',
            name: SPAN.recognition,
            attributes,
          })
        : { ...ids, ...times, name: SPAN.recognition, kind: 'internal', attributes },
    );
  }

  #toolEnded({ call, turn: number, elapsedMs, result, error, atMs }: SessionEvent<'toolEnded'>): void {
    const turn = this.#turnNumber(number, atMs - elapsedMs);
    const { content } = this.#options;
    this.#record(toolSpan(call.name), atMs - elapsedMs, atMs, {
      parentSpanId: turn.spanId,
      isStage: true,
      attributes: {
        [ATTRIBUTE.genAiOperation]: 'execute_tool',
        [ATTRIBUTE.genAiTool]: call.name,
        [ATTRIBUTE.genAiToolCall]: call.callId,
        [ATTRIBUTE.genAiToolType]: 'function',
        ...(content && {
          [CONTENT.toolArguments]: JSON.stringify(call.args) ?? '',
          [CONTENT.toolResult]: JSON.stringify(result) ?? '',
        }),
      },
      // Its own words of the failure are for the model and the record.
      ...(error !== undefined && { error: 'tool.failed' }),
    });
  }

  #agentSpoke({ turn: number, heardText, interrupted, atMs }: SessionEvent<'agentSpoke'>): void {
    this.#silences.agentHeard(atMs);
    const turn = this.#turnNumber(number, atMs);
    turn.heardText = heardText;
    this.#concludes(turn, atMs, interrupted);
  }

  #concludes(turn: OpenTurn, atMs: number, interrupted: boolean): void {
    this.#turn = undefined;
    if (turn.number !== undefined) this.#counts.turns += 1;
    const { latency, callerText, heardText, fault } = turn;
    this.#record(SPAN.turn, turn.startMs, atMs, {
      spanId: turn.spanId,
      attributes: {
        [ATTRIBUTE.interrupted]: interrupted,
        ...turn.attributes,
        ...(latency && measured(measurementsOf(latency))),
        ...(this.#options.content && {
          ...(callerText !== undefined && { [CONTENT.callerText]: callerText }),
          ...(heardText !== undefined && { [CONTENT.agentText]: heardText }),
        }),
      },
      ...(fault !== undefined && { error: fault }),
    });
  }

  #transcript({ speaker, durationMs, turn, text, atMs }: SessionEvent<'transcript'>): void {
    const { dependency, url } = this.#options.places.recogniser;
    this.#options.spans.record(
      dependencySpan({
        traceId: this.#place.traceId,
        spanId: this.#options.newSpanId(),
        parentSpanId: this.#sessionSpanId,
        ...{ dependency, url, operation: 'write_down', name: SPAN.transcript },
        // When it was spoken is counted on another scale: how long it took to be words is what is left.
        startMs: this.#wall(atMs - durationMs),
        endMs: this.#wall(atMs),
        attributes: {
          ...this.#id,
          [ATTRIBUTE.turn]: turn,
          [ATTRIBUTE.speaker]: speaker,
          ...(this.#options.content && { [CONTENT.callerText]: text }),
        },
      }),
    );
  }

  #silent(turn: OpenTurn, { fromMs, toMs }: Silence): void {
    this.#options.onSilence?.(toMs - fromMs);
    this.#record(SPAN.silence, fromMs, toMs, {
      parentSpanId: turn.spanId,
      isStage: true,
      attributes: { [ATTRIBUTE.silentMs]: Math.round(toMs - fromMs) },
      error: 'caller.silence',
    });
  }

  #ended(reason: string, atMs: number): void {
    const silence = this.#silences.ended(atMs);
    if (silence) this.#silent(this.#turnAt(atMs), silence);
    const turn = this.#turn;
    // Stages of it may have been told: they need it to stand under.
    if (turn) this.#concludes(turn, atMs, true);
    const { turns, faults, bargeIns } = this.#counts;
    this.#record(SPAN.sessionEnd, this.#options.arrivedAtMs, atMs, {
      attributes: {
        [ATTRIBUTE.endReason]: endWord(reason),
        [ATTRIBUTE.turns]: turns,
        [ATTRIBUTE.faults]: faults,
        [ATTRIBUTE.bargeIns]: bargeIns,
      },
    });
    this.#isOver = true;
  }

  /** The turn to which what began then belongs: the one under way, or the next one. */
  #turnAt(startMs: number): OpenTurn {
    // What the end broke off tells of itself a moment later, when there will be no turn for it.
    this.#turn ??= new OpenTurn(this.#isOver ? this.#sessionSpanId : this.#options.newSpanId(), startMs);
    return this.#turn;
  }

  #turnNumber(number: number, startMs: number): OpenTurn {
    // A turn of which nothing was heard has no end of its own: the next one is it.
    const turn = this.#turnAt(startMs);
    turn.began(startMs);
    turn.number = number;
    return turn;
  }

  /** A span of this process's own, by the session's clock. */
  #record(
    name: string,
    startMs: number,
    endMs: number,
    more: Partial<Pick<FinishedSpan, 'spanId' | 'parentSpanId' | 'kind' | 'error'>> & {
      readonly attributes: Attributes;
      readonly isStage?: true;
    },
  ): void {
    const { isStage, ...own } = more;
    this.#options.spans.record({
      kind: 'internal',
      spanId: own.spanId ?? this.#options.newSpanId(),
      parentSpanId: this.#sessionSpanId,
      ...own,
      traceId: this.#place.traceId,
      name,
      startMs: this.#wall(startMs),
      endMs: this.#wall(endMs),
      attributes: { ...(isStage ? this.#id : this.#common), ...own.attributes },
    });
  }

  #wall(atMs: number): number {
    return atMs + this.#sinceEpochMs;
  }
}

function commonOf({ id, callConnectionId, channel, direction, mode, agent }: Session): Attributes {
  return {
    [ATTRIBUTE.session]: id,
    ...(callConnectionId !== undefined && { [ATTRIBUTE.call]: callConnectionId }),
    [ATTRIBUTE.channel]: channel,
    [ATTRIBUTE.direction]: direction,
    [ATTRIBUTE.mode]: mode,
    [ATTRIBUTE.genAiAgent]: agent,
  };
}

function genAi(
  { model, tokens, finishReason }: ServedRequest,
  session: Session,
  dependency: string,
  firstMs: number | undefined,
): Attributes {
  return {
    [ATTRIBUTE.genAiOperation]: 'chat',
    [ATTRIBUTE.genAiProvider]: dependency === 'voice-live' ? 'azure.ai.inference' : 'azure.ai.openai',
    ...(model !== undefined && { [ATTRIBUTE.genAiModel]: model }),
    [ATTRIBUTE.genAiConversation]: session.id,
    ...(finishReason !== undefined && WORD.test(finishReason) && { [ATTRIBUTE.genAiFinish]: finishReason }),
    ...(firstMs !== undefined && { [ATTRIBUTE.genAiFirstChunk]: firstMs / 1000 }),
    ...(tokens && {
      [ATTRIBUTE.genAiInput]: tokens.input,
      [ATTRIBUTE.genAiOutput]: tokens.output,
      ...(tokens.cached !== undefined && { [ATTRIBUTE.genAiCached]: tokens.cached }),
      ...(tokens.inputAudio !== undefined && { [ATTRIBUTE.genAiAudioInput]: tokens.inputAudio }),
      ...(tokens.outputAudio !== undefined && { [ATTRIBUTE.genAiAudioOutput]: tokens.outputAudio }),
    }),
  };
}

const voiceOf = ({ model }: ServedRequest): Attributes => (model === undefined ? {} : { [ATTRIBUTE.voice]: model });

const measured = (values: Readonly<Record<string, number>>): Attributes => ({
  [ATTRIBUTE.measurements]: JSON.stringify(values),
});

const measurementsOf = ({
  wordsMs,
  recognisedMs,
  firstTokenMs,
  firstVoiceMs,
  firstAudioMs,
}: Omit<SessionEvent<'turnLatency'>, 'type' | 'atMs' | 'turn'>): Readonly<Record<string, number>> => ({
  words_ms: wordsMs,
  recognised_ms: recognisedMs,
  first_token_ms: firstTokenMs,
  first_voice_ms: firstVoiceMs,
  first_audio_ms: firstAudioMs,
});

/** A word of a service's own list, and nothing that could be a sentence. */
const WORD = /^[a-z_]{1,32}$/;

/** Reasons that are words of ours. An agent gives one in its own words, which may quote the caller, and so does a far end. */
const END_WORDS: ReadonlySet<string> = new Set([
  'agent-ended',
  'call-too-long',
  'caller-ended',
  'caller-left',
  'hangup-requested',
  'menu',
  'no-answer',
  'service-lost',
  'voicemail',
  TRANSFERRED,
]);

/** How it reads where the carrier has told of the end: an event's name, two codes, and words. */
const CARRIERS_WORDS = /^\w+ \d+(?:\/\d+)?(?: |$)/;

function endWord(reason: string): string {
  if (END_WORDS.has(reason)) return reason;
  return CARRIERS_WORDS.test(reason) ? 'carrier-ended' : 'other';
}
