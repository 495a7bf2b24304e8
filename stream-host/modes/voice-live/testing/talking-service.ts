import { samplesOf } from '../../../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../../../shared/clock.ts';
import { countedIds } from '../../../../shared/ids.ts';
import { type HistoryItem, INTERRUPTED, type ToolCall } from '../../../../shared/sessions/history.ts';
import type { RealtimeResponseRequest } from '../../../contract/realtime.ts';
import { REQUEST_KEY } from '../../../realtime/dialect.ts';
import { realtimeOver } from '../../../realtime/realtime-service.ts';
import { testDialect } from '../../../realtime/testing/recorded-events.ts';
import {
  type FarSide,
  type ScriptedLine,
  ScriptedService,
  type SentEvent,
} from '../../../realtime/testing/scripted-service.ts';
import { serviceEvents } from '../../../realtime/testing/service-events.ts';
import { badLine } from './bad-line.ts';
import { voiceOf } from './caller-ear.ts';

/**
 * What a response consists of: words with their sound or without any, pauses (ms), tool calls, tools that the service runs
 * itself, which may outlive it, or an end of another kind.
 */
export type Step =
  | { readonly say: string }
  | { readonly mute: string }
  | number
  | { readonly tool: string; readonly args?: Readonly<Record<string, unknown>> }
  | { readonly own: string; readonly takesMs: number; readonly outlives?: boolean }
  | 'hang'
  | 'fail'
  | 'nothing';

/** What stands in a session's conversation: what was restored, typed, said and done. */
export type Line = HistoryItem;
export type Brain = (lines: readonly Line[], request: RealtimeResponseRequest) => readonly Step[];
/** How the next session opens. */
export type Opening = 'ready' | 'refused' | 'throttled' | 'silent';

/** The service's voice: so long per character, and made in a fifth of the time. */
export const MS_PER_CHAR = 50;
const CHUNK_MS = 200;
const SPEED = 5;
/** The service hears somebody after so much sound, and that they have stopped after so much silence. */
const ONSET_MS = 160;
const SILENCE_MS = 480;
const WORDS_AFTER_MS = 200;
/** From what it has to answer to its response. */
const THINKS_MS = 250;
const OPEN_MS = 20;
/** Of a cancelled response so many pieces still come. */
const LATE_DELTAS = 2;
/** Sound from this level up has no words. */
const NOISE = 0x70;
/** So much of the caller's line is of one level. */
const STEP_BYTES = 8 * 32;

/** A level at which the caller only hums. */
export const HUM = 0x6f;

/** The words of a caller, one for each level of sound from 0x10 up. */
export const wordAt = (level: number): string => (level === HUM ? 'mhm' : `word${level}`);

/** Reasons with which a service closes a connection, by what our session makes of them. */
const REASONS = {
  'realtime.lost': '',
  'realtime.unauthorised': 'unauthorized',
  'realtime.throttled': 'rate_limit',
  'realtime.expired': 'session_expired',
} as const;

/**
 * A speech-to-speech service behind our own session, on the wire of Voice Live, with the far side in the test's hands: it
 * hears words by how loud the sound is, answers by a brain, and fails when it is told to. Each millisecond of its voice
 * says of which item it is and where in it, so that an ear can tell what was heard.
 */
export class TalkingService {
  readonly clock: Clock;
  readonly wire = serviceEvents('voice-live');
  readonly sessions: TalkingSession[] = [];
  readonly openings: Opening[] = [];
  brain: Brain = () => [{ say: 'All right.' }];
  /** What comes of a line that it is told to say. */
  lines: (line: string) => readonly Step[] = (say) => [{ say }];
  expiresAfterMs: number | undefined;
  /** It tells words while they are spoken. */
  partials = false;
  /** What it says comes so much later; infinite: not at all, until it is less. */
  lateMs = 0;
  /** What it says is no JSON. */
  isGarbled = false;
  wordsAfterMs = WORDS_AFTER_MS;
  /** What it made of items: their whole length. */
  readonly generated = new Map<number, number>();
  readonly itemTags = new Map<string, number>();
  readonly truncations: { readonly itemId: string; readonly audioEndMs: number; readonly atMs: number }[] = [];
  onTruncate: (itemId: string, audioEndMs: number) => void = () => {};
  #ids = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get open() {
    const farSide = (plain: ScriptedLine) => {
      const line = badLine(plain, this);
      const session = new TalkingSession(this, line, this.openings.shift() ?? 'ready');
      this.sessions.push(session);
      return session;
    };
    const far = new ScriptedService({ clock: this.clock, farSide });
    return realtimeOver(testDialect('voice-live'), far.open, { clock: this.clock, newId: countedIds('request') }).open;
  }

  get session(): TalkingSession | undefined {
    return this.sessions.findLast((session) => !session.over);
  }

  nextId(kind: string): string {
    this.#ids += 1;
    return `${kind}_${this.#ids}`;
  }
}

interface Running {
  readonly id: string;
  readonly requestId: unknown;
  readonly request: RealtimeResponseRequest;
  cancelled: boolean;
  late: number;
}

export class TalkingSession implements FarSide {
  readonly lines: Line[] = [];
  over = false;
  readonly #service: TalkingService;
  readonly #line: ScriptedLine;
  readonly #calls = new Map<string, ToolCall>();
  readonly #timers = new Set<Cancel>();
  #running: Running | undefined;
  #audioMs = 0;
  #loudMs = 0;
  #quietMs = 0;
  #loudFromMs = 0;
  #levels: number[] = [];
  #item: { readonly id: string; readonly words: string[] } | undefined;

  constructor(service: TalkingService, line: ScriptedLine, opening: Opening) {
    this.#service = service;
    this.#line = line;
    const { wire, clock, expiresAfterMs } = service;
    const expiry = expiresAfterMs === undefined ? {} : { expires_at: (clock.wallMs() + expiresAfterMs) / 1000 };
    if (expiresAfterMs !== undefined) this.#after(expiresAfterMs, () => this.end('realtime.expired'));
    this.#after(OPEN_MS, () => {
      if (opening === 'ready') line.say(wire.sessionCreated(expiry));
      else if (opening !== 'silent') line.end({ type: 'refused', status: opening === 'refused' ? 401 : 429 });
    });
  }

  get isAnswering(): boolean {
    return this.#running !== undefined && !this.#running.request.aside;
  }

  /** The service ends the session. */
  end(code: keyof typeof REASONS): void {
    if (!this.over) this.#line.end({ type: 'closed', code: 1011, reason: REASONS[code] });
  }

  warn(code: string): void {
    this.#line.say({ type: 'warning', warning: { code, message: 'a warning' } });
  }

  complain(code: string): void {
    this.#line.say(this.#service.wire.error(code));
  }

  onClosed(): void {
    this.over = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#running = undefined;
  }

  onSent(event: SentEvent['event']): void {
    const { wire, clock } = this.#service;
    switch (event.type) {
      case 'session.update':
        this.#after(OPEN_MS, () => this.#line.say(wire.sessionUpdated(Object(event.session))));
        return;
      case 'input_audio_buffer.append': {
        const pcm = new Uint8Array(Buffer.from(String(event.audio), 'base64'));
        for (let at = 0; at < pcm.length; at += STEP_BYTES) this.#hear(pcm.subarray(at, at + STEP_BYTES));
        return;
      }
      case 'conversation.item.create':
        this.#take(Object(event.item));
        this.#line.say(wire.itemAdded(event.item));
        return;
      case 'conversation.item.truncate': {
        const [itemId, audioEndMs] = [String(event.item_id), Number(event.audio_end_ms)];
        this.#service.truncations.push({ itemId, audioEndMs, atMs: clock.now() });
        this.#service.onTruncate(itemId, audioEndMs);
        return;
      }
      case 'response.cancel':
        this.#cancelRunning();
        return;
      case 'response.create':
        this.#begin(Object(event.response));
    }
  }

  /** An item as it stands in the conversation from here on. */
  #take(item: Record<string, unknown>): void {
    const callId = String(item.call_id);
    if (item.type === 'function_call') {
      this.#calls.set(callId, { callId, name: String(item.name), args: JSON.parse(String(item.arguments)) });
    } else if (item.type === 'function_call_output') {
      const call = this.#calls.get(callId) ?? { callId, name: 'look_up', args: {} };
      this.lines.push({ role: 'tool', call, result: JSON.parse(String(item.output)) });
    } else {
      const text = String(Object(Object(item.content)[0]).text);
      const heard = !text.endsWith(INTERRUPTED);
      const said = heard ? text : text.slice(0, -INTERRUPTED.length).trimEnd();
      this.lines.push(item.role === 'user' ? { role: 'caller', text } : { role: 'agent', text: said, heard });
    }
  }

  #after(ms: number, task: () => void): void {
    const cancel = this.#service.clock.after(ms, () => {
      this.#timers.delete(cancel);
      if (!this.over) task();
    });
    this.#timers.add(cancel);
  }

  #hear(pcm: Uint8Array): void {
    const ms = pcm.length / 32;
    // A loop, as this is done for every sample of every call.
    let peak = 0;
    for (const sample of samplesOf(pcm)) if (sample > peak) peak = sample;
    const level = peak >> 8;
    this.#audioMs += ms;
    if (level < 0x10) this.#hearSilence(ms);
    else this.#hearSound(level, ms);
  }

  #hearSound(level: number, ms: number): void {
    if (this.#loudMs === 0) this.#loudFromMs = this.#audioMs - ms;
    this.#loudMs += ms;
    this.#quietMs = 0;
    this.#levels.push(level);
    if (this.#item) this.#addWord(level);
    else if (this.#loudMs >= ONSET_MS) {
      this.#item = { id: this.#service.nextId('item'), words: [] };
      this.#line.say(this.#service.wire.speechStarted(this.#item.id, Math.max(0, this.#loudFromMs - 100)));
      for (const heard of this.#levels) this.#addWord(heard);
    }
  }

  #hearSilence(ms: number): void {
    this.#quietMs += ms;
    if (this.#quietMs < SILENCE_MS) {
      if (!this.#item && this.#quietMs > 100) this.#forget();
      return;
    }
    const item = this.#item;
    this.#forget();
    if (!item) return;
    this.#item = undefined;
    const { wire, wordsAfterMs } = this.#service;
    const text = item.words.join(' ');
    if (text !== '') this.lines.push({ role: 'caller', text });
    this.#line.say(wire.speechStopped(item.id, this.#audioMs), wire.committed(item.id));
    this.#after(wordsAfterMs, () => this.#line.say(wire.callerWords(item.id, text)));
  }

  #forget(): void {
    this.#loudMs = 0;
    this.#levels = [];
  }

  #addWord(level: number): void {
    const word = wordAt(level);
    const item = this.#item;
    if (level >= NOISE || !item || item.words.at(-1) === word) return;
    item.words.push(word);
    const delta = item.words.length === 1 ? word : ` ${word}`;
    if (this.#service.partials) this.#line.say(this.#service.wire.callerDelta(item.id, delta));
  }

  #cancelRunning(): void {
    const running = this.#running;
    if (!running || running.request.aside || running.cancelled) return;
    running.cancelled = true;
    running.late = LATE_DELTAS;
  }

  #begin(given: Record<string, unknown>): void {
    if (this.#running) {
      this.#line.say(this.#service.wire.error('conversation_already_has_active_response'));
      return;
    }
    const said = Object(Object(given.pre_generated_assistant_message).content)[0];
    const request: RealtimeResponseRequest = {
      ...(said !== undefined && { say: String(Object(said).text) }),
      ...(typeof given.instructions === 'string' && { instructions: given.instructions }),
      ...(given.commit === false && { aside: true }),
    };
    const requestId = Object(given.metadata)[REQUEST_KEY];
    const running: Running = { id: this.#service.nextId('resp'), requestId, request, cancelled: false, late: 0 };
    this.#running = running;
    this.#after(THINKS_MS, () => {
      this.#line.say(this.#service.wire.responseCreated(running.id, requestId));
      const steps: readonly Step[] =
        request.say === undefined ? this.#service.brain(this.lines, request) : this.#service.lines(request.say);
      this.#run(running, [...steps]);
    });
  }

  #run(running: Running, steps: Step[]): void {
    if (this.over || this.#running !== running) return;
    const { wire } = this.#service;
    const nextId = (kind: string) => this.#service.nextId(kind);
    const goOn = () => this.#run(running, steps);
    const step = steps.shift();
    if (running.cancelled) this.#finish(running, 'cancelled');
    else if (step === 'hang') this.#after(SILENCE_MS, () => this.#run(running, ['hang']));
    else if (step === undefined || step === 'nothing') this.#finish(running, 'completed');
    else if (step === 'fail') this.#finish(running, 'failed');
    else if (typeof step === 'number') this.#after(step, goOn);
    else if ('say' in step) this.#speak(running, step.say, steps);
    else if ('mute' in step) {
      this.#line.say(wire.text(running.id, nextId('said'), step.mute));
      goOn();
    } else if ('tool' in step) {
      const [id, call_id, args] = [nextId('call'), nextId('call'), JSON.stringify(step.args ?? {})];
      this.#calls.set(call_id, { callId: call_id, name: step.tool, args: step.args ?? {} });
      const item = { id, type: 'function_call', name: step.tool, call_id, arguments: args };
      this.#line.say(wire.outputItemAdded(running.id, item), wire.callArguments(running.id, id, call_id, args));
      goOn();
    } else {
      const item = { id: nextId('mcp'), type: 'mcp_call', name: step.own };
      this.#line.say(wire.outputItemAdded(running.id, item), wire.serviceTool(item.id, 'in_progress'));
      this.#after(step.takesMs, () => {
        this.#line.say(wire.serviceTool(item.id, 'completed'));
        if (!step.outlives) goOn();
      });
      if (step.outlives) goOn();
    }
  }

  #speak(running: Running, text: string, steps: Step[]): void {
    const service = this.#service;
    const { wire } = service;
    const itemId = service.nextId('said');
    const tag = service.itemTags.size + 1;
    service.itemTags.set(itemId, tag);
    const totalMs = Math.max(1, text.length) * MS_PER_CHAR;
    // In the conversation stands all of it, unless it is truncated.
    if (!running.request.aside) this.lines.push({ role: 'agent', text, heard: true });
    let fromMs = 0;
    const words = text.match(/\S+\s*/g) ?? [];
    const chunk = (): void => {
      if (this.over || this.#running !== running) return;
      if (running.cancelled && running.late-- <= 0) {
        this.#finish(running, 'cancelled');
        return;
      }
      const ms = Math.min(CHUNK_MS, totalMs - fromMs);
      const chars = Math.ceil(((fromMs + ms) / totalMs) * text.length);
      let sent = text.length - words.join('').length;
      let delta = '';
      while (words.length > 0 && sent < chars) {
        const word = words.shift() ?? '';
        delta += word;
        sent += word.length;
      }
      if (delta !== '') this.#line.say(wire.text(running.id, itemId, delta));
      if (this.over) return;
      service.generated.set(tag, fromMs + ms);
      this.#line.say(wire.audio(running.id, itemId, voiceOf(tag, fromMs, ms)));
      fromMs += ms;
      if (fromMs < totalMs) {
        this.#after(CHUNK_MS / SPEED, chunk);
        return;
      }
      this.#line.say(wire.outputItemDone(running.id, { id: itemId, type: 'message' }));
      this.#run(running, steps);
    };
    this.#after(CHUNK_MS / SPEED, chunk);
  }

  #finish(running: Running, status: 'completed' | 'cancelled' | 'failed'): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    const details = status === 'failed' ? { type: 'failed', error: { code: 'rate_limit_exceeded' } } : null;
    this.#line.say(this.#service.wire.responseDone(running.id, status, details));
  }
}
