import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { monotonicMs } from '../harness/protocol.ts';
import type { AgentVoice } from '../subjects/agent-voice.ts';
import type { Clip } from './clips.ts';
import type { ProviderTiming } from './providers.ts';
import type { ClipIndex } from './scripted-speech.ts';

/** When the service says that it hears the caller: at once, when a real one may, or long after. */
export type Hears = 'at-once' | 'usual' | 'late';

/** What each interruption of a session is to be, in turn. */
const INTERRUPTIONS: readonly Hears[] = ['at-once', 'usual', 'at-once', 'late'];
/** Pieces of a cancelled response that still come: they were on their way. */
const PIECES_IN_FLIGHT = 2;

/** What the service did, for whoever saw the far side of it. Times are of the machine's monotonic clock. */
export const newRealtimeRecord = () => ({
  /** By the number that marks an answer's audio: when each piece of 100 ms was sent. */
  piecesMs: new Map<number, number[]>(),
  /** `input_audio_buffer.speech_started` at an interruption, and the newest answer, which it ended or which was heard. */
  heard: [] as { readonly answer: number; readonly how: Hears; readonly sentMs: number }[],
  /** Pieces that were sent of responses that had been cancelled. */
  latePieces: 0,
});
export type RealtimeRecord = ReturnType<typeof newRealtimeRecord>;

/** What the sessions of a process share. */
export interface ScriptedService {
  readonly index: ClipIndex;
  readonly voice: AgentVoice;
  readonly timing: ProviderTiming['realtime'];
  readonly nextAnswer: () => { readonly number: number; readonly text: string };
  readonly record: () => RealtimeRecord;
}

interface ClientEvent {
  readonly type: string;
  readonly event_id?: string;
  readonly audio?: string;
  readonly session?: {
    readonly turn_detection?: { readonly create_response?: boolean; readonly interrupt_response?: boolean };
  };
  readonly item?: unknown;
  readonly item_id?: string;
  readonly audio_end_ms?: number;
  readonly response?: {
    readonly metadata?: unknown;
    readonly pre_generated_assistant_message?: { readonly content?: readonly { readonly text?: string }[] };
  };
}

interface Utterance {
  readonly itemId: string;
  readonly clip: Clip;
  readonly startMs: number;
  readonly endMs: number;
  isTold: boolean;
}

interface Response {
  readonly ids: { readonly response_id: string; readonly item_id: string };
  readonly number: number;
  readonly timer: NodeJS.Timeout;
  readonly texts: string[];
  pieces: Int16Array<ArrayBuffer>[];
  cancelledBy: string | undefined;
}

/**
 * One session on Voice Live's own wire (2026-07-15, PCM16 of 16 kHz). It knows by heart what may be said, as
 * {@link ScriptedRecognition} does, and answers by itself. The audio of each answer is marked with its number; lines that
 * it is told to say have 0. Of a response that is cancelled some audio still comes.
 */
export class ScriptedRealtime {
  readonly #service: ScriptedService;
  readonly #sends: (text: string) => void;
  #events = 0;
  #heardMs = 0;
  #utterance: Utterance | undefined;
  #interruptions = 0;
  #hearTimer: NodeJS.Timeout | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  #owesAnswer = false;
  /** What the session wants the service to do by itself. */
  #answersItself = true;
  #interruptsItself = true;
  #running: Response | undefined;
  /** Of the last answer. */
  #number = 0;

  constructor(service: ScriptedService, sends: (text: string) => void) {
    this.#service = service;
    this.#sends = sends;
    this.#send('session.created', { session: { id: 'scripted' } });
  }

  receive(text: string): void {
    const event = JSON.parse(text) as ClientEvent;
    switch (event.type) {
      case 'input_audio_buffer.append':
        this.#hear(Buffer.from(event.audio ?? '', 'base64'));
        return;
      case 'session.update':
        this.#answersItself = event.session?.turn_detection?.create_response !== false;
        this.#interruptsItself = event.session?.turn_detection?.interrupt_response !== false;
        this.#send('session.updated', { session: event.session });
        return;
      case 'conversation.item.create':
        this.#send('conversation.item.created', { item: event.item });
        return;
      case 'conversation.item.truncate':
        this.#send('conversation.item.truncated', { item_id: event.item_id, audio_end_ms: event.audio_end_ms });
        return;
      case 'response.cancel':
        this.#cancel('client_cancelled');
        return;
      case 'response.create': {
        const code = 'conversation_already_has_active_response';
        const line = event.response?.pre_generated_assistant_message?.content?.[0]?.text;
        if (this.#running) this.#send('error', { error: { code, event_id: event.event_id } });
        else if (line === undefined) this.#answer(event.response?.metadata);
        else this.#respond(0, line, event.response?.metadata);
      }
    }
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#hearTimer);
    clearTimeout(this.#answerTimer);
    clearInterval(this.#running?.timer);
  }

  #hear(audio: Uint8Array): void {
    for (let at = 0; at + FRAME_BYTES <= audio.length; at += FRAME_BYTES) {
      const clip = this.#service.index.find(audio, at);
      if (clip) this.#begin(clip);
      this.#heardMs += FRAME_MS;
    }
    if (this.#utterance && this.#heardMs >= this.#utterance.endMs) this.#finish(this.#utterance);
  }

  #begin(clip: Clip): void {
    if (this.#utterance) this.#finish(this.#utterance);
    const { hearsMs, silenceMs } = this.#service.timing;
    const startMs = this.#heardMs;
    const endMs = startMs + (clip.pcm.length / FRAME_BYTES) * FRAME_MS + silenceMs;
    const utterance: Utterance = { itemId: this.#newId('item'), clip, startMs, endMs, isTold: false };
    this.#utterance = utterance;
    const isInterruption = clip.kind === 'interruption';
    const how = (isInterruption && INTERRUPTIONS[this.#interruptions++ % INTERRUPTIONS.length]) || 'usual';
    if (how === 'at-once') this.#tellStart(utterance, how);
    else this.#hearTimer = setTimeout(() => this.#tellStart(utterance, how), hearsMs[how]);
  }

  #tellStart(utterance: Utterance, how: Hears): void {
    if (utterance.isTold) return;
    utterance.isTold = true;
    clearTimeout(this.#answerTimer);
    this.#owesAnswer = false;
    const { heard } = this.#service.record();
    if (utterance.clip.kind === 'interruption') heard.push({ answer: this.#number, how, sentMs: monotonicMs() });
    const started = { audio_start_ms: utterance.startMs, item_id: utterance.itemId };
    this.#send('input_audio_buffer.speech_started', started);
    if (this.#interruptsItself) this.#cancel('turn_detected');
  }

  #finish(utterance: Utterance): void {
    const { itemId: item_id, clip } = utterance;
    this.#utterance = undefined;
    clearTimeout(this.#hearTimer);
    this.#tellStart(utterance, 'late');
    this.#send('input_audio_buffer.speech_stopped', { audio_end_ms: Math.round(this.#heardMs), item_id });
    this.#send('input_audio_buffer.committed', { item_id, previous_item_id: null });
    this.#send('conversation.item.created', { item: { id: item_id, type: 'message', role: 'user' } });
    const transcript = { item_id, content_index: 0, transcript: clip.text };
    this.#send('conversation.item.input_audio_transcription.completed', transcript);
    if (!this.#answersItself) return;
    this.#answerTimer = setTimeout(() => {
      this.#owesAnswer = this.#running !== undefined;
      if (!this.#running) this.#answer(undefined);
    }, this.#service.timing.answerMs);
  }

  #answer(metadata: unknown): void {
    const { number, text } = this.#service.nextAnswer();
    this.#number = number;
    this.#respond(number, text, metadata);
  }

  #respond(number: number, text: string, metadata: unknown): void {
    const { voice, timing } = this.#service;
    const pieces = [...voice.turn(number)(text)];
    const perPiece = Math.ceil(text.length / Math.max(1, pieces.length));
    const texts = pieces.map((_, at) => text.slice(at * perPiece, (at + 1) * perPiece));
    const ids = { response_id: this.#newId('resp'), item_id: this.#newId('item') };
    const timer = setInterval(() => this.#step(response), timing.pieceMs);
    const response: Response = { ids, number, timer, texts, pieces, cancelledBy: undefined };
    this.#running = response;
    const item = { id: ids.item_id, type: 'message', role: 'assistant' };
    this.#send('response.created', { response: { id: ids.response_id, status: 'in_progress', metadata } });
    this.#send('response.output_item.added', { ...ids, output_index: 0, item });
    this.#step(response);
  }

  #step({ ids, number, texts, pieces, cancelledBy, timer }: Response): void {
    const piece = pieces.shift();
    if (piece) {
      const record = this.#service.record();
      const sentMs = record.piecesMs.get(number) ?? [];
      record.piecesMs.set(number, sentMs);
      const at = { ...ids, output_index: 0, content_index: 0 };
      const delta = Buffer.from(bytesOf(piece)).toString('base64');
      sentMs.push(monotonicMs());
      if (cancelledBy !== undefined) record.latePieces += 1;
      this.#send('response.audio.delta', { ...at, delta });
      this.#send('response.audio_transcript.delta', { ...at, delta: texts.shift() ?? '' });
      if (pieces.length > 0) return;
    }
    clearInterval(timer);
    this.#running = undefined;
    const status = cancelledBy === undefined ? 'completed' : 'cancelled';
    const status_details = cancelledBy === undefined ? null : { type: status, reason: cancelledBy };
    this.#send('response.output_item.done', { ...ids, output_index: 0, item: { id: ids.item_id, type: 'message' } });
    this.#send('response.done', { response: { id: ids.response_id, status, status_details } });
    if (this.#owesAnswer) this.#answer(undefined);
    this.#owesAnswer = false;
  }

  #cancel(reason: string): void {
    const running = this.#running;
    if (!running || running.cancelledBy !== undefined) return;
    running.cancelledBy = reason;
    running.pieces = running.pieces.slice(0, PIECES_IN_FLIGHT);
  }

  #newId(kind: string): string {
    return `${kind}_${++this.#events}`;
  }

  #send(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#sends(JSON.stringify({ type, event_id: this.#newId('event'), ...fields }));
  }
}
