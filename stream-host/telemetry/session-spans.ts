import { endWord } from '../../shared/calls/end-reasons.ts';
import type { Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { NewId } from '../../shared/ids.ts';
import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { callTraceOf } from '../../shared/telemetry/call-trace.ts';
import { type DependencyCall, dependencySpan } from '../../shared/telemetry/dependency-span.ts';
import { ATTRIBUTE, CONTENT, SPAN, toolSpan } from '../../shared/telemetry/names.ts';
import type { Attributes, FinishedSpan, SpanSink } from '../../shared/telemetry/span.ts';
import { toldTool } from '../../shared/telemetry/told-tool.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';
import type { SessionEvent, SessionEventSource } from '../contract/events.ts';
import type { ServedRequest } from '../contract/recorder.ts';
import type { OpenedSession, SessionObserver } from '../contract/session-observer.ts';
import { OpenTurn } from './open-turn.ts';
import { placeOf, requestSpan, type ServicePlaces } from './request-span.ts';
import { type Silence, SilenceMeter } from './silence-meter.ts';

export interface SessionSpansOptions extends OpenedSession {
  /** The entry span of the session's call, where it has one. */
  readonly traceparent: string | undefined;
  readonly spans: SpanSink;
  readonly places: ServicePlaces;
  /** Of the services of the host. */
  readonly providers?: TypedEvents<ProviderEvents> | undefined;
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
export class SessionSpans implements Pick<SessionObserver, 'follow' | 'served'> {
  readonly #options: SessionSpansOptions;
  /** From the session's clock to the time since 1970: once, so that a clock that is set does not tear the session. */
  readonly #sinceEpochMs: number;
  readonly #place: Pick<FinishedSpan, 'traceId' | 'parentSpanId'>;
  readonly #openingSpanId: string;
  /** What the session is, on the spans that are told once a session or a turn. The others have its id, and stand under these. */
  readonly #common: Attributes;
  readonly #id: Attributes;
  readonly #silences = new SilenceMeter();
  #turn: OpenTurn | undefined;
  /** The last turn that is over: what was done in it may be told after its end. */
  #last: { readonly number: number; readonly spanId: string; readonly endMs: number } | undefined;
  /** A speech-to-speech service hears by itself: its hearing is no request. */
  #hearsItself = false;
  readonly #counts = { turns: 0, faults: 0, bargeIns: 0 };
  #isOver = false;

  constructor(options: SessionSpansOptions) {
    const { session, clock, newSpanId, traceparent } = options;
    this.#options = options;
    this.#sinceEpochMs = clock.wallMs() - clock.now();
    this.#place = callTraceOf(session.id, traceparent);
    this.#openingSpanId = newSpanId();
    this.#common = commonOf(session);
    this.#id = { [ATTRIBUTE.session]: session.id };
  }

  follow(events: SessionEventSource): void {
    const { arrivedAtMs, aloneSinceMs, clock, resumed, providers } = this.#options;
    if (aloneSinceMs !== undefined) this.#silences.leftAlone(aloneSinceMs, clock.now());
    this.#record(SPAN.sessionOpening, arrivedAtMs, clock.now(), {
      parentSpanId: this.#place.parentSpanId,
      spanId: this.#openingSpanId,
      attributes: { [ATTRIBUTE.resumed]: resumed },
    });
    events.on('callerFinal', ({ turn, text, atMs }) => {
      this.#turnNumber(turn, atMs).callerText = text;
    });
    events.on('callerPartial', ({ atMs }) => this.#silences.callerSpoke(atMs));
    events.on('agentText', ({ turn, atMs }) => {
      this.#back(this.#silences.agentHeard(atMs));
      this.#turnNumber(turn, atMs);
    });
    events.on('agentHeard', ({ atMs }) => this.#back(this.#silences.agentHeard(atMs)));
    events.on('waitFilled', ({ turn, kind, text, atMs }) => {
      const open = this.#turnNumber(turn, atMs);
      open.filled(kind);
      if (kind === 'give-up') open.giveUp(atMs);
      this.#back(this.#silences.filled(atMs, text));
    });
    events.on('turnLatency', (event) => this.#latency(event));
    events.on('toolEnded', (event) => this.#toolEnded(event));
    events.on('bargeIn', ({ turn, by, atMs }) => {
      this.#counts.bargeIns += 1;
      this.#turnNumber(turn, atMs).bargeInBy = by;
    });
    events.on('agentSpoke', ({ turn: number, heardText, interrupted, atMs }) => {
      this.#back(this.#silences.agentHeard(atMs));
      const turn = this.#turnNumber(number, atMs);
      turn.heardText = heardText;
      this.#concludes(turn, atMs, interrupted);
    });
    events.on('transcript', (event) => this.#transcript(event));
    events.on('fault', (event) => this.#fault(event));
    const stop = providers?.on('away', ({ provider, code = 'late' }) => {
      const atMs = clock.now();
      this.#record(SPAN.outage, atMs, atMs, {
        isStage: true,
        error: code,
        attributes: { [ATTRIBUTE.provider]: provider },
      });
    });
    events.on('ended', ({ reason, atMs }) => {
      stop?.();
      this.#ended(reason, atMs);
    });
  }

  readonly served = (request: ServedRequest): void => {
    const { service, startedAtMs, endedAtMs } = request;
    const place = placeOf(this.#options.places, request);
    const span = requestSpan(request, place, this.#options.session);
    if (service === 'speech-recognition') {
      // It hears all through a call, and what it fails in is no turn's.
      this.#client(this.#openingSpanId, startedAtMs, endedAtMs, span);
      return;
    }
    if (service !== 'speech-synthesis') {
      this.#hearsItself = service === 'realtime';
    }
    const above = this.#aboveNoTurn(startedAtMs, span.operation === 'session');
    if (above !== undefined) {
      this.#client(above, startedAtMs, endedAtMs, span);
      return;
    }
    if (service !== 'speech-synthesis') {
      // Whoever is asked after an answer was given up is asked something else.
      const open = this.#turn;
      if (open?.gaveUpAtMs !== undefined && startedAtMs >= open.gaveUpAtMs) this.#concludes(open, open.lastMs, true);
    }
    const turn = this.#turnAt(startedAtMs);
    turn.lasted(startedAtMs, endedAtMs);
    this.#client(turn.spanId, startedAtMs, endedAtMs, span);
  };

  /** The first sound of an answer is out, and with it is known when the caller had finished. */
  #latency({ type: _, turn: number, atMs, ...latency }: SessionEvent<'turnLatency'>): void {
    const speechEndMs = atMs - latency.firstAudioMs;
    const turn = this.#turnNumber(number, speechEndMs, atMs);
    turn.latency = latency;
    for (const silence of this.#silences.answered(speechEndMs, atMs)) this.#silent(turn.spanId, silence);
    if (latency.typed) return;
    const untilMs = speechEndMs + latency.wordsMs;
    if (this.#hearsItself) {
      this.#record(SPAN.recognition, speechEndMs, untilMs, {
        parentSpanId: turn.spanId,
        isStage: true,
        attributes: {},
      });
    } else this.#heard(turn.spanId, speechEndMs, untilMs, 'recognition', SPAN.recognition);
  }

  #toolEnded(ended: SessionEvent<'toolEnded'>): void {
    const { call, turn: number, elapsedMs, result, error, atMs } = ended;
    const last = this.#last;
    // A turn that is heard to its end may have wanted something with the call, which is done after it.
    const isLate = last !== undefined && number <= last.number && number !== this.#turn?.number;
    const parentSpanId = isLate ? last.spanId : this.#turnNumber(number, atMs - elapsedMs, atMs).spanId;
    const { content } = this.#options;
    const tool = toldTool(ended);
    this.#record(toolSpan(tool), atMs - elapsedMs, atMs, {
      parentSpanId,
      isStage: true,
      attributes: {
        [ATTRIBUTE.genAiOperation]: 'execute_tool',
        [ATTRIBUTE.genAiTool]: tool,
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

  /** What a turn came to less by makes it one that failed; what else went wrong meanwhile is told where it happened. */
  #fault({ code, error, ofTurn, atMs }: SessionEvent<'fault'>): void {
    this.#counts.faults += 1;
    if (code === 'realtime.handed_over') this.#hearsItself = false;
    if (ofTurn === undefined || ofTurn <= (this.#last?.number ?? 0)) return;
    const turn = this.#turnNumber(ofTurn, atMs);
    if (code === 'reply.stalled') turn.giveUp(atMs);
    // "The reply failed" says less than why.
    else turn.fault = error instanceof ParleyError ? error.code : code;
  }

  #concludes(turn: OpenTurn, atMs: number, interrupted: boolean): void {
    this.#turn = undefined;
    const { fault, number = this.#last?.number ?? 0, spanId } = turn;
    if (turn.number !== undefined) this.#counts.turns += 1;
    this.#last = { number, spanId, endMs: atMs };
    this.#record(SPAN.turn, turn.startMs, atMs, {
      spanId,
      attributes: { [ATTRIBUTE.interrupted]: interrupted, ...turn.attributes(this.#options.content) },
      ...(fault !== undefined && { error: fault }),
    });
  }

  #transcript({ speaker, durationMs, turn, text, atMs }: SessionEvent<'transcript'>): void {
    // When it was spoken is counted on another scale: how long it took to be words is what is left.
    this.#heard(this.#openingSpanId, atMs - durationMs, atMs, 'write_down', SPAN.transcript, {
      [ATTRIBUTE.turn]: turn,
      [ATTRIBUTE.speaker]: speaker,
      ...(this.#options.content && { [CONTENT.callerText]: text }),
    });
  }

  /** Somebody talks with the caller again: the silence before it was begun elsewhere, and is no turn's. */
  #back(silence: Silence | undefined): void {
    if (silence) this.#silent(this.#openingSpanId, silence);
  }

  #silent(parentSpanId: string, { fromMs, toMs }: Silence): void {
    this.#options.onSilence?.(toMs - fromMs);
    this.#record(SPAN.silence, fromMs, toMs, {
      parentSpanId,
      isStage: true,
      attributes: { [ATTRIBUTE.silentMs]: Math.round(toMs - fromMs) },
      error: 'caller.silence',
    });
  }

  #ended(reason: string, atMs: number): void {
    const alone = this.#silences.notAlone(atMs);
    this.#back(alone);
    const silence = alone ? undefined : this.#silences.ended(atMs);
    if (silence) this.#silent(this.#turnAt(atMs).spanId, silence);
    const turn = this.#turn;
    // Stages of it may have been told: they need it to stand under.
    if (turn) this.#concludes(turn, turn.gaveUpAtMs ?? atMs, true);
    const { turns, faults, bargeIns } = this.#counts;
    this.#record(SPAN.session, this.#options.arrivedAtMs, atMs, {
      attributes: {
        [ATTRIBUTE.endReason]: endWord(reason),
        [ATTRIBUTE.turns]: turns,
        [ATTRIBUTE.faults]: faults,
        [ATTRIBUTE.bargeIns]: bargeIns,
      },
    });
    this.#isOver = true;
  }

  /** What a request stands under that begins no turn: one that was begun in the last turn, or a service's session between two. */
  #aboveNoTurn(startedAtMs: number, isSession: boolean): string | undefined {
    if (this.#turn || this.#isOver) return undefined;
    if (this.#last && startedAtMs < this.#last.endMs) return this.#last.spanId;
    return isSession ? this.#openingSpanId : undefined;
  }

  /** The turn to which what began then belongs: the one under way, or the next one. */
  #turnAt(startMs: number): OpenTurn {
    // What the end broke off tells of itself a moment later, when there will be no turn for it.
    this.#turn ??= new OpenTurn(this.#isOver ? this.#openingSpanId : this.#options.newSpanId(), startMs);
    return this.#turn;
  }

  /** The turn of that number, of which something is told at `atMs` that began at `startMs`. */
  #turnNumber(number: number, startMs: number, atMs = startMs): OpenTurn {
    const open = this.#turn;
    // Of one of which nothing was heard nobody tells the end: that there is another one is it.
    if (open?.number !== undefined && number > open.number) this.#concludes(open, open.lastMs, true);
    const turn = this.#turnAt(startMs);
    turn.lasted(startMs, atMs);
    turn.number = Math.max(number, turn.number ?? number);
    return turn;
  }

  /** What the recogniser has done well. */
  #heard(
    parentSpanId: string,
    startMs: number,
    endMs: number,
    operation: string,
    name: string,
    attributes?: Attributes,
  ) {
    const place = placeOf(this.#options.places, { service: 'speech-recognition' });
    this.#client(parentSpanId, startMs, endMs, { ...place, operation, name, attributes });
  }

  /** A request to a service. */
  #client(
    parentSpanId: string,
    startMs: number,
    endMs: number,
    { attributes, ...call }: Omit<DependencyCall, 'traceId' | 'spanId' | 'parentSpanId' | 'startMs' | 'endMs'>,
  ): void {
    const { spans, newSpanId } = this.#options;
    const ids = { traceId: this.#place.traceId, spanId: newSpanId(), parentSpanId };
    const times = { startMs: this.#wall(startMs), endMs: this.#wall(endMs) };
    spans.record(dependencySpan({ ...ids, ...times, ...call, attributes: { ...this.#id, ...attributes } }));
  }

  /** A span of this process's own, by the session's clock. */
  #record(
    name: string,
    startMs: number,
    endMs: number,
    more: Partial<Pick<FinishedSpan, 'spanId' | 'parentSpanId' | 'error'>> & {
      readonly attributes: Attributes;
      readonly isStage?: true;
    },
  ): void {
    const { isStage, ...own } = more;
    this.#options.spans.record({
      kind: 'internal',
      spanId: own.spanId ?? this.#options.newSpanId(),
      parentSpanId: this.#openingSpanId,
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
