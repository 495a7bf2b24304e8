import type { Cancel, Clock } from '../../shared/clock.ts';
import type { RealtimeEvents, RealtimeUsage } from '../contract/realtime.ts';
import { CallerWords } from './caller-words.ts';
import { REQUEST_KEY } from './dialect.ts';
import { GeneratedAudio } from './generated-audio.ts';
import { isName, problemOf } from './realtime-errors.ts';
import type { ResponseQueue } from './response-queue.ts';
import { type RunningResponse, RunningResponses } from './running-responses.ts';
import type { EventOf, ServerEvent } from './server-event.ts';
import type { SessionCounts } from './session-counts.ts';

export interface SessionReaderOptions {
  readonly clock: Clock;
  readonly rateHz: number;
  readonly counts: SessionCounts;
  readonly queue: ResponseQueue;
  readonly afterServiceToolsMs: number;
  /** Items of ours that the conversation holds. */
  readonly itemsAdded: () => number;
  /** Of the caller's audio, what the service was never sent. */
  readonly droppedAudioMs: () => number;
  /** Asks for the response that uses what the service's own tools found. */
  readonly askOn: () => void;
  readonly cancelResponse: (responseId: string) => void;
  /** A response is under way. */
  readonly watchSilence: () => void;
  readonly tell: (what: (to: RealtimeEvents) => void) => void;
}

/** A service that was asked to end a response and does not say that it has: it counts as ended. */
const CANCELLED_MS = 3_000;
/** Longer than any answer on a telephone: a service that does not stop is stopped. */
const MAX_ITEM_MS = 600_000;
/** Responses at a time. Both services have one, besides those that are no part of the conversation. */
const MAX_RUNNING = 8;
/** Calls of tools in one response, and all arguments of one. A model that wants more has lost its way. */
const MAX_CALLS = 16;
const MAX_ARGUMENT_CHARS = 64_000;

const NO_TOOL_LIST = { code: 'mcp_list_tools_failed', message: 'The service cannot get the tools of a server.' };

/** What of the conversation itself a service tells, once its session is ready: the caller's words, and its responses. */
export class SessionReader {
  readonly #options: SessionReaderOptions;
  readonly #responses = new RunningResponses();
  readonly #generated: GeneratedAudio;
  readonly #words = new CallerWords();
  #cancelAskOn: Cancel = () => undefined;

  constructor(options: SessionReaderOptions) {
    this.#options = options;
    this.#generated = new GeneratedAudio(options.rateHz);
  }

  get isBusy(): boolean {
    return this.#responses.isBusy;
  }

  /** The service runs a tool of its own, which may take long. */
  get awaitsServiceTools(): boolean {
    const running = this.#responses.all.some(({ serviceTools }) => [...serviceTools.values()].includes(false));
    return running || this.#responses.awaitsServiceTools;
  }

  /** Where an item may be cut that was heard up to there; undefined where there is nothing to cut. */
  cutMs(itemId: string, heardMs: number): number | undefined {
    const generatedMs = this.#generated.ms(itemId);
    if (generatedMs === undefined) return undefined;
    // Of an answer that was cancelled the service has more than it has sent us.
    if (heardMs >= generatedMs && this.#generated.isComplete(itemId)) return undefined;
    return Math.max(0, Math.min(Math.floor(heardMs), generatedMs));
  }

  /** Ends what runs, but for asides. The service's own tools may go on: nobody is answered by what they find. */
  cancel(): void {
    this.#cancelAskOn();
    this.#responses.forgetTools();
    for (const response of this.#responses.all) {
      if (!response.aside && !response.cancelled) this.#cancel(response);
    }
  }

  /** An item is about to be cut: the response that still makes it has nothing more to add. */
  endItem(itemId: string): void {
    if (this.#generated.isComplete(itemId)) return;
    const response = this.#responses.all.find(({ spoken }) => spoken.has(itemId));
    if (response && !response.cancelled) this.#cancel(response);
  }

  close(): void {
    this.#cancelAskOn();
    this.#responses.clear();
  }

  read(
    event: Exclude<ServerEvent, { kind: 'sessionCreated' | 'sessionUpdated' | 'error' | 'itemAdded' | 'warning' }>,
  ): void {
    const { tell } = this.#options;
    switch (event.kind) {
      case 'speechStarted':
        tell((to) => to.onSpeechStarted(event.item_id, this.#givenMs(event.audio_start_ms)));
        break;
      case 'speechStopped':
        tell((to) => to.onSpeechStopped(event.item_id, this.#givenMs(event.audio_end_ms)));
        break;
      case 'committed':
        this.#options.queue.committed();
        tell((to) => to.onCommitted(event.item_id, event.previous_item_id ?? undefined));
        break;
      case 'callerDelta':
        this.#tellWords(event.item_id, this.#words.grow(event.item_id, event.delta ?? ''), false);
        break;
      case 'callerCompleted':
        this.#tellWords(event.item_id, this.#words.complete(event.item_id, event.transcript ?? ''), true);
        break;
      case 'callerFailed':
        tell((to) => to.onCallerWordsFailed(event.item_id, problemOf(event.error)));
        break;
      case 'responseCreated':
        this.#onCreated(event);
        break;
      case 'responseDone':
        this.#onDone(event);
        break;
      case 'audio':
        this.#onAudio(event);
        break;
      case 'words':
        if (this.#wanted(event.response_id)) tell((to) => to.onText(event.response_id, event.item_id, event.delta));
        break;
      case 'outputItemAdded':
        this.#onItemAdded(event);
        break;
      case 'outputItemDone':
        this.#onItemDone(event);
        break;
      case 'callArguments':
        this.#onCall(event.response_id, event.call_id, event.name ?? this.#nameOf(event), event.arguments);
        break;
      case 'serviceToolStarted':
      case 'serviceToolCompleted':
      case 'serviceToolFailed':
        this.#onServiceTool(event);
        break;
      case 'toolListFailed':
        tell((to) => to.onWarning(NO_TOOL_LIST));
        break;
    }
  }

  /** The service measures the audio that it was sent, which is without what was dropped before. */
  #givenMs(sentMs: number): number {
    return sentMs + this.#options.droppedAudioMs();
  }

  #tellWords(itemId: string, text: string | undefined, isFinal: boolean): void {
    if (text !== undefined) this.#options.tell((to) => to.onCallerWords(itemId, text, isFinal));
  }

  #onCreated({ response: { id, metadata } }: EventOf<'responseCreated'>): void {
    const { queue, itemsAdded, tell, watchSilence } = this.#options;
    const owner = metadata?.[REQUEST_KEY];
    const { request, requestId, unwanted } = queue.started(typeof owner === 'string' ? owner : undefined, itemsAdded());
    this.#cancelAskOn();
    const [oldest] = this.#responses.all;
    if (oldest && this.#responses.all.length >= MAX_RUNNING) {
      this.#endResponse(oldest.id, (to) => to.onResponseEnded(oldest.id, 'incomplete', 'too_many', undefined));
    }
    const response = this.#responses.begin(id, request?.aside ?? false);
    watchSilence();
    if (unwanted) this.#cancel(response);
    else tell((to) => to.onResponseStarted(id, requestId));
  }

  #onDone({ response: { id, status, status_details: details, usage } }: EventOf<'responseDone'>): void {
    const reason = [details?.error?.code, details?.error?.type, details?.reason, details?.type].find(isName);
    this.#endResponse(id, (to) => to.onResponseEnded(id, status, reason, usage ? usageOf(usage) : undefined));
  }

  #endResponse(id: string, say: (to: RealtimeEvents) => void): void {
    const response = this.#responses.end(id);
    if (!response) return;
    this.#options.tell(say);
    const { serviceTools, cancelled, spoke } = response;
    if (serviceTools.size > 0 && !cancelled && !spoke && !this.#responses.awaitsServiceTools) this.#askOnSoon();
    this.#options.queue.ended();
  }

  #cancel(response: RunningResponse): void {
    const { clock, cancelResponse } = this.#options;
    response.cancelled = true;
    response.cancelWatch = clock.after(CANCELLED_MS, () =>
      this.#endResponse(response.id, (to) => to.onResponseEnded(response.id, 'cancelled', 'unconfirmed', undefined)),
    );
    cancelResponse(response.id);
  }

  #onAudio({ response_id: responseId, item_id: itemId, delta }: EventOf<'audio'>): void {
    const response = this.#wanted(responseId);
    if (!response) return;
    response.spoke = true;
    response.spoken.add(itemId);
    const pcm = this.#generated.take(itemId, delta);
    if (pcm.length > 0) this.#options.tell((to) => to.onAudio(responseId, itemId, pcm));
    if ((this.#generated.ms(itemId) ?? 0) > MAX_ITEM_MS && !response.cancelled) this.#cancel(response);
  }

  #onItemAdded({ response_id: responseId, item }: EventOf<'outputItemAdded'>): void {
    const response = this.#responses.wanted(responseId);
    if (!response || !item.name || response.names.size >= MAX_CALLS) return;
    response.names.set(item.id, item.name);
    if (item.type === 'mcp_call') this.#serviceToolStarted(response, item.id, item.name);
  }

  /** A service tells a call twice, as arguments and as an item, or once in either way. */
  #onItemDone({ response_id: responseId, item }: EventOf<'outputItemDone'>): void {
    if (this.#responses.wanted(responseId)) this.#generated.complete(item.id);
    if (item.type !== 'function_call' || !item.call_id) return;
    this.#onCall(responseId, item.call_id, item.name ?? '', item.arguments ?? '');
  }

  #onCall(responseId: string, callId: string, name: string, argumentText: string): void {
    const response = this.#wanted(responseId);
    if (!response || response.calls.has(callId)) return;
    if (response.calls.size >= MAX_CALLS) {
      this.#options.counts.refusedCalls += 1;
      return;
    }
    response.calls.add(callId);
    // What was cut is no JSON any more, which the model is told.
    const request = { callId, name, argumentText: argumentText.slice(0, MAX_ARGUMENT_CHARS) };
    this.#options.tell((to) => to.onToolRequest(responseId, request));
  }

  #nameOf({ response_id: responseId, item_id: itemId }: EventOf<'callArguments'>): string {
    return this.#responses.wanted(responseId)?.names.get(itemId) ?? '';
  }

  #serviceToolStarted(response: RunningResponse, itemId: string, name: string): void {
    if (response.serviceTools.has(itemId)) return;
    response.serviceTools.set(itemId, false);
    this.#options.tell((to) => to.onServiceTool({ callId: itemId, name, state: 'started' }));
  }

  #onServiceTool({
    kind,
    item_id: itemId,
  }: EventOf<'serviceToolStarted' | 'serviceToolCompleted' | 'serviceToolFailed'>): void {
    const { tell } = this.#options;
    const found = this.#responses.withServiceTool(itemId);
    if (kind === 'serviceToolStarted') {
      if (found) this.#serviceToolStarted(found.response, itemId, found.name);
      return;
    }
    const wasLast = this.#responses.serviceToolEnded(itemId);
    const state = kind === 'serviceToolCompleted' ? 'completed' : 'failed';
    tell((to) => to.onServiceTool({ callId: itemId, name: found?.name ?? '', state }));
    if (wasLast) this.#askOnSoon();
  }

  /** The service's own tools are done. Some services go on by themselves, others never do. */
  #askOnSoon(): void {
    const { clock, afterServiceToolsMs, askOn } = this.#options;
    this.#cancelAskOn();
    if (afterServiceToolsMs === 0) askOn();
    else this.#cancelAskOn = clock.after(afterServiceToolsMs, askOn);
  }

  /** The response of a delta; undefined, and counted, where nobody wants any more of it. */
  #wanted(responseId: string): RunningResponse | undefined {
    const response = this.#responses.wanted(responseId);
    if (!response) this.#options.counts.late += 1;
    return response;
  }
}

type Usage = NonNullable<EventOf<'responseDone'>['response']['usage']>;

const usageOf = ({ input_token_details: input, output_token_details: output, ...all }: Usage): RealtimeUsage => ({
  inputTokens: all.input_tokens ?? 0,
  outputTokens: all.output_tokens ?? 0,
  cachedTokens: input?.cached_tokens ?? 0,
  inputAudioTokens: input?.audio_tokens ?? 0,
  cachedAudioTokens: input?.cached_tokens_details?.audio_tokens ?? 0,
  outputAudioTokens: output?.audio_tokens ?? 0,
});
