import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Faults } from '../faults.ts';
import type { ChatAnswer } from '../openai/chat-wire.ts';
import type { Voices } from '../speech/voices.ts';
import { wait } from '../wait.ts';
import { bytesPerMs, Encoder } from './audio-codec.ts';
import { asInstructed, chatRequest, givenWords } from './chat-request.ts';
import { type Conversation, Entry, type WireItem } from './conversation.ts';
import type { Dialect, Interim, ResponseParams, SessionSettings } from './dialect.ts';
import { usageOf } from './usage.ts';
import type { Json } from './wire-error.ts';

/** How fast answers are made. The services are several times faster than speech, too. */
export interface Pace {
  readonly chunkMs: number;
  /** The pause between two chunks. */
  readonly everyMs: number;
}

/** What the responses of a session have in common. */
export interface ResponseWorld {
  readonly dialect: Dialect;
  readonly voices: Pick<Voices, 'speakSentences'>;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly newId: (prefix: string) => string;
  /** Asks the model, with a chat request as its body. */
  readonly answer: (request: Json, signal: AbortSignal) => Promise<ChatAnswer>;
  readonly send: (type: string, fields: Json) => void;
  /** Breaks the connection off, as a failing network does. */
  readonly drop: () => void;
}

export type CancelReason = 'turn_detected' | 'client_cancelled';

/** The one tool that each MCP server has here. */
export const MCP_TOOL = 'search';

/** Chunks of a cancelled answer that are on their way already, and come all the same. */
const IN_FLIGHT_CHUNKS = 2;

/** One answer, from `response.created` to `response.done`. */
export class RealtimeResponse {
  readonly id: string;
  readonly outOfBand: boolean;
  readonly #world: ResponseWorld;
  readonly #settings: SessionSettings;
  readonly #params: ResponseParams;
  readonly #context: readonly Entry[];
  readonly #conversation: Conversation;
  readonly #output: WireItem[] = [];
  readonly #cancelled = Promise.withResolvers<undefined>();
  readonly #abort = new AbortController();
  #reason: CancelReason | undefined;
  #inFlight = IN_FLIGHT_CHUNKS;
  #outputTokens = 0;
  #audioMs = 0;
  #current: { readonly entry: Entry; readonly sinceMs: number } | undefined;

  /**
   * @param settings the session's, with what this response has of its own in their place
   * @param context what it answers to
   * @param conversation where its items go
   */
  constructor(
    world: ResponseWorld,
    settings: SessionSettings,
    params: ResponseParams,
    context: readonly Entry[],
    conversation: Conversation,
  ) {
    this.id = world.newId('resp');
    this.outOfBand = params.outOfBand;
    this.#world = world;
    this.#settings = settings;
    this.#params = params;
    this.#context = context;
    this.#conversation = conversation;
  }

  /** What is being spoken, and for how long the client can have played it. */
  get playing(): { readonly entry: Entry; readonly playedMs: number } | undefined {
    if (this.#current === undefined) return undefined;
    const { entry, sinceMs } = this.#current;
    return { entry, playedMs: Math.min(entry.audioMs, this.#world.clock.now() - sinceMs) };
  }

  /** How much audio there is of it. */
  get audioMs(): number {
    return this.#audioMs;
  }

  /** Ends it early: at once where nothing was generated, else after what is in flight. Idempotent. */
  cancel(reason: CancelReason): void {
    this.#reason ??= reason;
    this.#abort.abort();
    this.#cancelled.resolve(undefined);
  }

  /** Never rejects. @param whenDone runs before `response.done` is told: from then on the next may be asked for */
  async run(whenDone: () => void): Promise<void> {
    const { send, dialect, faults } = this.#world;
    send('response.created', { response: this.#shown('in_progress', null) });
    if (dialect.tellsRateLimits) send('rate_limits.updated', { rate_limits: RATE_LIMITS });
    const end = (status: string, details: Json | null) => {
      whenDone();
      send('response.done', { response: this.#shown(status, details && { type: status, ...details }) });
    };
    try {
      const isCut = await this.#respond();
      if (this.#reason !== undefined) end('cancelled', { reason: this.#reason });
      else if (isCut) end('incomplete', { reason: 'max_output_tokens' });
      else end('completed', null);
      if (this.#output.some(({ type }) => type === 'function_call')) this.#dropsAt('in_tool_call');
      if (this.#reason !== undefined && faults.take('realtime.stray')) this.#sendStray();
    } catch (error) {
      const known = error instanceof ResponseFailure ? error : new ResponseFailure('server_error', messageOf(error));
      end('failed', { error: { type: known.type, code: known.code, message: known.message } });
    }
  }

  /** @returns whether it was cut at the limit of tokens */
  async #respond(): Promise<boolean> {
    const { faults } = this.#world;
    if (this.#dropsAt('before_answer')) return false;
    if (faults.take('realtime.throttle')) {
      const text = 'Rate limit reached. Please try again in 20s.';
      throw new ResponseFailure('rate_limit_exceeded', text, 'rate_limit_exceeded');
    }
    const error = faults.take('realtime.error');
    if (error) {
      const failure = new ResponseFailure(error.code, 'The server had an error while processing your request.');
      const { code, type, message } = failure;
      this.#world.send('error', { error: { type, code, message, param: null, event_id: null } });
      throw failure;
    }
    if (faults.take('realtime.warn')) {
      this.#world.send('warning', { warning: { code: 'slow_model', message: 'The model is slow.', param: null } });
    }
    if (faults.take('realtime.hang')) await this.#cancelled.promise;
    const server = this.#settings.tools.find(({ type }) => type === 'mcp');
    const mcp = faults.take('realtime.mcp', () => server !== undefined);
    if (mcp?.as === 'mcp_call') this.#callOut(String(server?.server_label));
    else if (mcp) this.#call({ name: MCP_TOOL, args: '{}' });
    if (mcp) return false;
    const slow = faults.take('realtime.slow');

    const answering = this.#answer(slow?.ms ?? 0);
    answering.catch(() => {});
    await this.#sayMeanwhile(answering);
    const answer = await Promise.race([answering, this.#cancelled.promise]);
    if (answer === undefined || this.#reason !== undefined) return false;
    const isCut = answer.text !== '' && (await this.#say(answer.text));
    if (this.#reason !== undefined || isCut) return isCut;
    const { interim } = this.#settings;
    if (answer.calls.length > 0 && answer.text === '' && interim?.triggers.includes('tool'))
      await this.#sayInterim(interim);
    for (const call of answer.calls) if (this.#reason === undefined) this.#call(call);
    return false;
  }

  async #answer(afterMs: number): Promise<ChatAnswer> {
    const { clock, answer } = this.#world;
    await Promise.all(this.#context.map(({ known }) => known));
    await wait(clock, afterMs, this.#abort.signal);
    const said = givenWords(this.#params);
    if (said !== undefined) return { text: said, calls: [] };
    const ask = (context: readonly Entry[]) => answer(chatRequest(context, this.#settings), this.#abort.signal);
    return asInstructed(this.#params, this.#context, ask);
  }

  /** Fills the wait for an answer that takes its time. */
  async #sayMeanwhile(answering: Promise<unknown>): Promise<void> {
    const { interim } = this.#settings;
    if (!interim?.triggers.includes('latency')) return;
    const waited = wait(this.#world.clock, interim.thresholdMs, this.#abort.signal).then(() => 'late');
    const first = await Promise.race([answering, waited]);
    if (first === 'late' && this.#reason === undefined) await this.#sayInterim(interim);
  }

  async #sayInterim({ texts }: Interim): Promise<void> {
    const [text = ''] = texts;
    await this.#say(text);
  }

  /** @returns whether the limit of tokens cut it */
  async #say(whole: string): Promise<boolean> {
    const { dialect, newId, clock } = this.#world;
    const words = whole.match(/\s*\S+/g) ?? [];
    const isCut = words.length > this.#settings.maxTokens;
    const text = isCut ? words.slice(0, this.#settings.maxTokens).join('') : whole;
    this.#outputTokens += Math.min(words.length, this.#settings.maxTokens);

    const base = { id: newId('item'), object: 'realtime.item', type: 'message', role: 'assistant' };
    const entry = new Entry({ ...base, status: 'in_progress', content: [] });
    const output_index = this.#open(entry);
    const at = { response_id: this.id, item_id: base.id, output_index, content_index: 0 };
    const { speaks } = this.#settings;
    const empty = speaks ? { type: 'audio', transcript: '' } : { type: 'text', text: '' };
    this.#world.send('response.content_part.added', { ...at, part: empty });
    if (speaks) this.#current = { entry, sinceMs: clock.now() };
    await (speaks ? this.#speak(entry, text, at) : this.#write(entry, words.slice(0, this.#settings.maxTokens), at));
    this.#current = undefined;

    const { names, parts } = dialect;
    const said = entry.text;
    if (speaks) {
      this.#world.send(`${names.audio}.done`, at);
      this.#world.send(`${names.transcript}.done`, { ...at, transcript: said });
    } else {
      this.#world.send(`${names.text}.done`, { ...at, text: said });
    }
    const part = speaks ? { type: 'audio', transcript: said } : { type: 'text', text: said };
    this.#world.send('response.content_part.done', { ...at, part });
    const status = this.#reason === undefined && !isCut ? 'completed' : 'incomplete';
    const content = [speaks ? { type: parts.audio, transcript: said } : { type: parts.text, text: said }];
    this.#closeItem(entry, { ...base, status, content }, output_index);
    return isCut;
  }

  async #write(entry: Entry, words: readonly string[], at: Json): Promise<void> {
    for (const word of words) {
      if (this.#reason !== undefined) return;
      entry.say(word, 0);
      this.#world.send(`${this.#world.dialect.names.text}.delta`, { ...at, delta: word });
      await wait(this.#world.clock, this.#world.pace.everyMs, this.#abort.signal);
    }
  }

  /** Sends the words of a sentence, then its sound: transcripts run ahead of what is heard. */
  async #speak(entry: Entry, text: string, at: Json): Promise<void> {
    const { dialect, voices, send, faults } = this.#world;
    const { names } = dialect;
    const encoder = faults.take('realtime.mute') ? undefined : new Encoder(this.#settings.output);
    const clips = voices.speakSentences(text, this.#settings.voice);
    let cursor = 0;
    const tell = (end: number, startMs: number) => {
      const delta = text.slice(cursor, end);
      cursor = end;
      entry.say(delta, startMs);
      send(`${names.transcript}.delta`, { ...at, delta });
    };
    for (;;) {
      const next = await Promise.race([clips.next(), this.#cancelled.promise]);
      if (next === undefined) return;
      if (next.done) break;
      const startMs = entry.audioMs;
      for (const word of next.value.words) {
        const found = text.indexOf(word.text, cursor);
        if (found >= 0) tell(found + word.text.length, startMs + word.startMs);
        if (!this.#settings.tellsWordTimes) continue;
        const times = {
          audio_offset_ms: Math.round(startMs + word.startMs),
          audio_duration_ms: Math.round(word.durationMs),
        };
        send('response.audio_timestamp.delta', { ...at, ...times, text: word.text, timestamp_type: 'word' });
      }
      if (!(await this.#sendAudio(entry, next.value.pcm, encoder, at))) return;
    }
    if (this.#settings.tellsWordTimes) send('response.audio_timestamp.done', at);
    if (cursor < text.length) tell(text.length, Math.max(0, entry.audioMs - 1));
  }

  /** @returns whether all of it was sent */
  async #sendAudio(entry: Entry, pcm: Uint8Array, encoder: Encoder | undefined, at: Json): Promise<boolean> {
    const { pace, clock, send, dialect } = this.#world;
    const chunkBytes = pace.chunkMs * BYTES_PER_MS;
    for (let from = 0; from < pcm.length; from += chunkBytes) {
      if (this.#reason !== undefined && this.#inFlight-- <= 0) return false;
      if (encoder === undefined) continue;
      const audio = encoder.encode(pcm.subarray(from, from + chunkBytes));
      const delta = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength).toString('base64');
      send(`${dialect.names.audio}.delta`, { ...at, delta });
      const ms = audio.byteLength / bytesPerMs(this.#settings.output);
      entry.audioMs += ms;
      this.#audioMs += ms;
      if (from === 0 && this.#dropsAt('in_answer')) return false;
      await wait(clock, pace.everyMs, this.#abort.signal);
    }
    return true;
  }

  #call({ name, args }: ChatAnswer['calls'][number]): void {
    const { newId, send } = this.#world;
    const base = {
      ...{ id: newId('item'), object: 'realtime.item', type: 'function_call' },
      ...{ name, call_id: newId('call') },
    };
    const entry = new Entry({ ...base, status: 'in_progress', arguments: '' });
    const output_index = this.#open(entry);
    const at = { response_id: this.id, item_id: base.id, output_index, call_id: base.call_id };
    for (const delta of args.match(/.{1,12}/gs) ?? []) send('response.function_call_arguments.delta', { ...at, delta });
    send('response.function_call_arguments.done', { ...at, name, arguments: args });
    this.#outputTokens += 10;
    this.#closeItem(entry, { ...base, status: 'completed', arguments: args }, output_index);
  }

  /** The service calls a tool itself. It does not speak of what came of it unless it is asked to. */
  #callOut(server_label: string): void {
    const { newId, send } = this.#world;
    const id = newId('mcp');
    const base = { id, object: 'realtime.item', type: 'mcp_call', name: MCP_TOOL, server_label, arguments: '{}' };
    const entry = new Entry(base);
    const output_index = this.#open(entry);
    const at = { response_id: this.id, item_id: id, output_index };
    send('response.mcp_call_arguments.delta', { ...at, delta: '{}' });
    send('response.mcp_call_arguments.done', { ...at, arguments: '{}' });
    send('response.mcp_call.in_progress', { item_id: id, output_index });
    send('response.mcp_call.completed', { item_id: id, output_index });
    this.#closeItem(entry, { ...base, output: 'It is done.' }, output_index);
  }

  /** Tells of a new item. @returns its place in the output */
  #open(entry: Entry): number {
    const { send, dialect } = this.#world;
    const output_index = this.#output.length;
    send('response.output_item.added', { response_id: this.id, output_index, item: entry.item });
    this.#output.push(entry.item);
    if (this.outOfBand) return output_index;
    const previous_item_id = this.#conversation.add(entry);
    send(dialect.names.itemAdded, { previous_item_id, item: entry.item });
    return output_index;
  }

  #closeItem(entry: Entry, item: WireItem, output_index: number): void {
    const { send, dialect } = this.#world;
    const previous_item_id = this.#conversation.before(entry);
    entry.item = item;
    this.#output[output_index] = item;
    if (dialect.names.itemDone && !this.outOfBand) send(dialect.names.itemDone, { previous_item_id, item });
    send('response.output_item.done', { response_id: this.id, output_index, item });
  }

  #dropsAt(when: string): boolean {
    if (!this.#world.faults.take('realtime.drop', (fault) => fault.when === when)) return false;
    this.#world.drop();
    return true;
  }

  /** What was in flight longer than the news of the end. */
  #sendStray(): void {
    const [item] = this.#output;
    if (item === undefined) return;
    const at = { response_id: this.id, item_id: item.id, output_index: 0, content_index: 0 };
    const silence = Buffer.alloc(100 * bytesPerMs(this.#settings.output)).toString('base64');
    this.#world.send(`${this.#world.dialect.names.audio}.delta`, { ...at, delta: silence });
  }

  #shown(status: string, status_details: Json | null): Json {
    const isOver = status !== 'in_progress';
    return {
      id: this.id,
      object: 'realtime.response',
      status,
      status_details,
      output: this.#output,
      conversation_id: this.outOfBand ? null : 'conv_1',
      metadata: this.#params.metadata,
      ...this.#world.dialect.responseFields(this.#settings),
      usage: isOver ? usageOf(this.#context, this.#outputTokens, this.#audioMs) : null,
    };
  }
}

const RATE_LIMITS = [
  { name: 'requests', limit: 500, remaining: 499, reset_seconds: 0.12 },
  { name: 'tokens', limit: 40_000, remaining: 39_000, reset_seconds: 1.5 },
] as const;

/** Why a response ends as `failed`. */
class ResponseFailure extends Error {
  readonly code: string;
  readonly type: string;

  constructor(code: string, message: string, type = 'server_error') {
    super(message);
    this.code = code;
    this.type = type;
  }
}
