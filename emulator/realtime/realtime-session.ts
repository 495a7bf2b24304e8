import type { RawData, WebSocket } from 'ws';
import type { Cancel } from '../../shared/clock.ts';
import { jsonOf } from '../../shared/json.ts';
import type { Logger } from '../../shared/log.ts';
import type { Listens } from '../speech/transcriber.ts';
import { type ClientEvent, readClientEvent, readItem } from './client-events.ts';
import { Conversation, Entry, entryOf } from './conversation.ts';
import {
  type Dialect,
  PLAIN_RESPONSE,
  type ResponseParams,
  type SessionConfig,
  type SessionSettings,
  settingsFor,
} from './dialect.ts';
import { RealtimeEar, type Utterance } from './ear.ts';
import { type CancelReason, MCP_TOOL, RealtimeResponse, type ResponseWorld } from './realtime-response.ts';
import { type Json, WireError } from './wire-error.ts';

export interface RealtimeSessionOptions extends Omit<ResponseWorld, 'send' | 'drop' | 'dialect'> {
  readonly log: Logger;
  readonly dialect: Dialect;
  readonly transcriber: Listens;
  readonly model: string;
  /** What the service shows of an agent that was asked for in place of a model. */
  readonly agent: Json | null;
  readonly lifetimeMs: number;
  /** Told of each `response.done`. */
  readonly onDone?: (response: unknown) => void;
}

const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
const CHECK_BEHIND_MS = 50;
const OPEN = 1;

/** One connection: its settings, its conversation, and at most one answer at a time. */
export class RealtimeSession {
  readonly #socket: WebSocket;
  readonly #options: RealtimeSessionOptions;
  readonly #world: ResponseWorld;
  readonly #ear: RealtimeEar;
  readonly #conversation = new Conversation();
  readonly #outOfBand = new Set<RealtimeResponse>();
  readonly #cancelExpiry: Cancel;
  #config: SessionConfig;
  #active: RealtimeResponse | undefined;
  #cancelIdle: Cancel = () => {};
  #behindTimer: NodeJS.Timeout | undefined;
  #hasSpoken = false;

  constructor(socket: WebSocket, options: RealtimeSessionOptions) {
    const { dialect, clock, lifetimeMs, newId, transcriber, log, model, agent } = options;
    this.#socket = socket;
    this.#options = options;
    this.#world = { ...options, send: (type, fields) => this.#tell(type, fields), drop: () => socket.terminate() };
    const expires_at = Math.floor((clock.wallMs() + lifetimeMs) / 1000);
    const id = { id: newId('sess'), object: 'realtime.session', expires_at, ...(agent && { agent }) };
    this.#config = dialect.open({ model, ...id });
    this.#ear = new RealtimeEar(
      {
        transcriber,
        newItemId: () => newId('item'),
        listener: {
          onSpeechStarted: (utterance, audio_start_ms) => this.#speechStarted(utterance, audio_start_ms),
          onSpeechStopped: (utterance, audio_end_ms) => this.#speechStopped(utterance, audio_end_ms),
          onFailure: (error) => {
            log.error({ err: error }, 'a realtime session cannot hear any more');
            socket.close(1011, 'speech recognition failed');
          },
        },
      },
      this.#settings.input,
      this.#settings.turns,
    );
    this.#cancelExpiry = clock.after(lifetimeMs, () => this.#expire(lifetimeMs));
    socket.on('message', (data) => this.#receive(data));
    socket.on('close', () => this.#release());
    socket.on('error', (error) => log.warn({ err: error }, 'a realtime client broke the WebSocket protocol'));
    this.#send('session.created', { session: this.#config.shown });
  }

  close(code: number, reason: string): void {
    this.#release();
    this.#socket.close(code, reason);
  }

  /** As a failing network does. */
  drop(): void {
    this.#socket.terminate();
  }

  get #settings(): SessionSettings {
    return this.#config.settings;
  }

  #tell(type: string, fields: Json): void {
    if (type === 'response.done') this.#options.onDone?.(fields.response);
    this.#send(type, fields);
  }

  #receive(data: RawData): void {
    let eventId: unknown;
    try {
      const value = jsonOf(String(data));
      if (value === undefined) throw new WireError('invalid_json', 'The event is no JSON.');
      eventId = Object(value).event_id;
      this.#handle(readClientEvent(value));
    } catch (error) {
      if (error instanceof WireError) {
        this.#sendError(error, eventId);
        return;
      }
      this.#options.log.error({ err: error }, 'a realtime session failed');
      this.#socket.close(1011, 'the emulator failed; its log says why');
    }
  }

  #handle(event: ClientEvent): void {
    switch (event.type) {
      case 'session.update':
        this.#update(event.session);
        break;
      case 'input_audio_buffer.append':
        this.#append(Buffer.from(event.audio, 'base64'));
        break;
      case 'input_audio_buffer.commit':
        this.#commitByHand();
        break;
      case 'input_audio_buffer.clear':
        this.#ear.clear();
        this.#send('input_audio_buffer.cleared', {});
        break;
      case 'conversation.item.create':
        this.#createItem(event.item, event.previous_item_id);
        break;
      case 'conversation.item.retrieve': {
        const { item } = this.#conversation.find(event.item_id, 'retrieve');
        this.#send('conversation.item.retrieved', { item });
        break;
      }
      case 'conversation.item.truncate':
        this.#truncate(this.#conversation.find(event.item_id, 'truncate'), event.audio_end_ms, event.content_index);
        break;
      case 'conversation.item.delete':
        this.#conversation.remove(this.#conversation.find(event.item_id, 'delete'));
        this.#send('conversation.item.deleted', { item_id: event.item_id });
        break;
      case 'response.create':
        this.#createResponse({ ...event.response, ...addition(event) });
        break;
      case 'response.cancel':
        this.#cancelByClient(event.response_id);
        break;
    }
  }

  #update(patch: Json): void {
    const before = this.#config;
    const next = this.#options.dialect.configure(before.shown, patch);
    const isOtherVoice = next.settings.voice !== before.settings.voice;
    if (isOtherVoice && this.#hasSpoken && this.#options.dialect.keepsVoice) {
      const text = "Cannot update a conversation's voice if assistant audio is present.";
      throw new WireError('cannot_update_voice', text);
    }
    this.#config = next;
    const { input, turns } = next.settings;
    const hears = JSON.stringify([input, turns]) !== JSON.stringify([before.settings.input, before.settings.turns]);
    if (hears) this.#ear.configure(input, turns);
    const isOther = this.#options.faults.take('realtime.echo') !== undefined;
    this.#send('session.updated', { session: isOther ? before.shown : next.shown });
    this.#listTools(before.settings, next.settings);
  }

  /** Nobody dials MCP servers here. One on a private network fails, as the services cannot reach it. */
  #listTools(before: SessionSettings, { tools }: SessionSettings): void {
    const known = new Set(before.tools.map(({ server_label }) => server_label));
    for (const { server_label, server_url } of tools.filter(({ type }) => type === 'mcp')) {
      if (known.has(server_label)) continue;
      const item_id = this.#options.newId('mcpl');
      const isPublic = /^https:\/\/(?!localhost\b)[\w-]+(\.[\w-]+)*\.[a-z]{2,}(?=[:/]|$)/i.test(String(server_url));
      const found = isPublic ? [{ name: MCP_TOOL, input_schema: { type: 'object' } }] : [];
      this.#add(
        new Entry({ id: item_id, object: 'realtime.item', type: 'mcp_list_tools', server_label, tools: found }),
      );
      this.#send('mcp_list_tools.in_progress', { item_id });
      this.#send(`mcp_list_tools.${isPublic ? 'completed' : 'failed'}`, { item_id });
    }
  }

  #append(audio: Buffer): void {
    this.#ear.append(audio);
    if (!this.#ear.isBehind || this.#behindTimer !== undefined) return;
    this.#socket.pause();
    this.#behindTimer = setInterval(() => {
      if (this.#ear.isBehind) return;
      this.#stopHolding();
    }, CHECK_BEHIND_MS);
  }

  #stopHolding(): void {
    clearInterval(this.#behindTimer);
    this.#behindTimer = undefined;
    if (this.#socket.isPaused) this.#socket.resume();
  }

  #speechStarted({ itemId }: Utterance, audio_start_ms: number): void {
    this.#cancelIdle();
    this.#send('input_audio_buffer.speech_started', { audio_start_ms, item_id: itemId });
    const { turns } = this.#settings;
    if (turns?.interruptsResponse) this.#interrupt('turn_detected', turns.truncates);
  }

  #interrupt(reason: CancelReason, truncates: boolean): void {
    const playing = this.#active?.playing;
    this.#active?.cancel(reason);
    if (truncates && playing !== undefined && playing.entry.audioMs > 0) {
      this.#truncate(playing.entry, Math.floor(playing.playedMs));
    }
  }

  #speechStopped(utterance: Utterance, audio_end_ms: number): void {
    this.#send('input_audio_buffer.speech_stopped', { audio_end_ms, item_id: utterance.itemId });
    this.#takeTurn(utterance, audio_end_ms, this.#settings.turns?.createsResponse ?? false);
  }

  /** A turn that the service itself found. */
  #takeTurn(utterance: Utterance, endMs: number, isAnswered: boolean): void {
    try {
      this.#commit(utterance, endMs);
      if (isAnswered) this.#start(PLAIN_RESPONSE);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#sendError(error);
    }
  }

  #commitByHand(): void {
    const utterance = this.#ear.commit();
    if (utterance === undefined) {
      const text = 'Error committing input audio buffer: buffer too small. Expected at least 100ms of audio.';
      throw new WireError('input_audio_buffer_commit_empty', text);
    }
    this.#commit(utterance, this.#ear.nowMs);
  }

  #commit({ itemId, words, startMs }: Utterance, endMs: number): void {
    const previous_item_id = this.#conversation.lastId;
    this.#send('input_audio_buffer.committed', { previous_item_id, item_id: itemId });
    const content = [{ type: 'input_audio', transcript: null }];
    const common = { id: itemId, object: 'realtime.item', type: 'message', role: 'user', status: 'completed' };
    const entry = new Entry({ ...common, content }, words);
    entry.audioMs = endMs - startMs;
    this.#add(entry);
    if (this.#settings.transcribes) void words.then((text) => this.#tellTranscript(entry, text));
  }

  #tellTranscript(entry: Entry, transcript: string): void {
    const at = { item_id: entry.item.id, content_index: 0 };
    const name = 'conversation.item.input_audio_transcription';
    const { faults } = this.#options;
    if (faults.take('realtime.deaf')) {
      const error = { type: 'server_error', code: 'transcription_failed', message: 'It could not be transcribed.' };
      this.#send(`${name}.failed`, { ...at, error });
      return;
    }
    entry.item = { ...entry.item, content: [{ type: 'input_audio', transcript }] };
    if (transcript !== '') this.#send(`${name}.delta`, { ...at, delta: transcript });
    const usage = { type: 'duration', seconds: 1 };
    this.#send(`${name}.completed`, { ...at, transcript, usage });
    if (faults.take('realtime.blank')) this.#send(`${name}.completed`, { ...at, transcript: '', usage });
  }

  #createItem(given: Json, previous: string | null | undefined): void {
    const item = readItem(given, this.#options.dialect.parts);
    if (item.type === 'function_call_output' && !this.#conversation.hasCall(item.call_id)) {
      throw new WireError('invalid_tool_call_id', `Tool call ID '${item.call_id}' not found in conversation.`);
    }
    this.#add(entryOf(item, item.id ?? this.#options.newId('item')), previous);
  }

  #add(entry: Entry, previous?: string | null): void {
    const { itemAdded, itemDone } = this.#options.dialect.names;
    const fields = { previous_item_id: this.#conversation.add(entry, previous), item: entry.item };
    this.#send(itemAdded, fields);
    if (itemDone) this.#send(itemDone, fields);
  }

  #truncate(entry: Entry, audio_end_ms: number, content_index = 0): void {
    if (content_index !== 0) throw new WireError('invalid_value', 'There is no such content part.', 'content_index');
    entry.truncate(audio_end_ms);
    this.#send('conversation.item.truncated', { item_id: entry.item.id, content_index: 0, audio_end_ms });
  }

  #createResponse(given: Json): void {
    const params = this.#options.dialect.paramsOf(given, this.#settings);
    for (const item of params.appended) this.#createItem(Object(item), undefined);
    if (params.cancelsPrevious && this.#active) {
      this.#active.cancel('client_cancelled');
      this.#active = undefined;
    }
    this.#start(params);
  }

  #start(params: ResponseParams): void {
    this.#cancelIdle();
    if (!params.outOfBand && this.#active) {
      const text = `Conversation already has an active response in progress: ${this.#active.id}. Wait until the response is finished before creating a new one.`;
      throw new WireError('conversation_already_has_active_response', text);
    }
    const own = settingsFor(params, this.#settings);
    const context = params.input?.map((item) => this.#inputItem(item)) ?? [...this.#conversation.entries];
    const response = new RealtimeResponse(this.#world, own, params, context, this.#conversation);
    if (params.outOfBand) this.#outOfBand.add(response);
    else this.#active = response;
    if (own.speaks) this.#hasSpoken = true;
    void response.run(() => {
      this.#outOfBand.delete(response);
      if (this.#active !== response) return;
      this.#active = undefined;
      this.#awaitCaller(response.audioMs);
    });
  }

  /** An item of a response's own input, or a reference to one of the conversation. */
  #inputItem(given: unknown): Entry {
    const item: Json = Object(given);
    if (item.type === 'item_reference') return this.#conversation.find(String(item.id), 'retrieve');
    return entryOf(readItem(item, this.#options.dialect.parts), this.#options.newId('item'));
  }

  /** A caller who says nothing after an answer was played is answered all the same. */
  #awaitCaller(playsForMs: number): void {
    const idleMs = this.#settings.turns?.idleTimeoutMs;
    if (idleMs === null || idleMs === undefined) return;
    this.#cancelIdle = this.#options.clock.after(playsForMs + idleMs, () => {
      const utterance = this.#active ? undefined : this.#ear.commit();
      if (utterance === undefined) return;
      const audio_end_ms = this.#ear.nowMs;
      const fields = { audio_start_ms: Math.max(0, audio_end_ms - idleMs), audio_end_ms, item_id: utterance.itemId };
      this.#send('input_audio_buffer.timeout_triggered', fields);
      this.#takeTurn(utterance, audio_end_ms, true);
    });
  }

  #cancelByClient(id: string | undefined): void {
    const all = [...(this.#active ? [this.#active] : []), ...this.#outOfBand];
    const response = id === undefined ? this.#active : all.find((each) => each.id === id);
    if (!response) {
      throw new WireError('response_cancel_not_active', 'Cancellation failed: no active response found');
    }
    response.cancel('client_cancelled');
  }

  #expire(lifetimeMs: number): void {
    const minutes = Math.round(lifetimeMs / 60_000);
    const text = `Your session hit the maximum duration of ${minutes} minutes.`;
    this.#sendError(new WireError('session_expired', text));
    this.close(1001, text);
  }

  #sendError({ code, message, param }: WireError, eventId?: unknown): void {
    this.#options.log.warn({ code }, 'a realtime client is told of an error');
    const event_id = typeof eventId === 'string' ? eventId : null;
    this.#send('error', { error: { type: 'invalid_request_error', code, message, param, event_id } });
  }

  #send(type: string, fields: Json): void {
    if (this.#socket.readyState !== OPEN) return;
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) {
      this.#options.log.warn('a realtime client reads too slowly; its socket is dropped');
      this.#socket.terminate();
      return;
    }
    this.#socket.send(JSON.stringify({ type, event_id: this.#options.newId('event'), ...fields }));
  }

  #release(): void {
    this.#cancelExpiry();
    this.#cancelIdle();
    this.#stopHolding();
    this.#active?.cancel('client_cancelled');
    for (const response of this.#outOfBand) response.cancel('client_cancelled');
    this.#ear.close();
  }
}

const addition = ({
  additional_instructions: text,
}: {
  readonly additional_instructions?: string | undefined;
}): Json => (text === undefined ? {} : { additional_instructions: text });
