import { bytesOf, samplesOf } from '../../../../shared/audio/pcm.ts';
import type { Cancel } from '../../../../shared/clock.ts';
import { DependencyError } from '../../../../shared/errors.ts';
import type { HistoryItem } from '../../../../shared/sessions/history.ts';
import type { VirtualClock } from '../../../../shared/virtual-clock.ts';
import type {
  OpenRealtime,
  RealtimeEvents,
  RealtimeOptions,
  RealtimeResponseRequest,
  RealtimeSession,
} from '../../../contract/realtime.ts';

/** What a response consists of: words with their sound or without any, pauses (ms), tool calls, or an end of another kind. */
export type Step =
  | { readonly say: string }
  | { readonly mute: string }
  | number
  | { readonly tool: string; readonly args?: object }
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
const OPEN_MS = 40;
const LATE_DELTAS = 2;
/** Sound from this level up has no words. */
const NOISE = 0x70;
const BYTES_PER_MS = 32;

/** A level at which the caller only hums. */
export const HUM = 0x6f;

/** The words of a caller, one for each level of sound from 0x10 up. */
export const wordAt = (level: number): string => (level === HUM ? 'mhm' : `word${level}`);

/**
 * A speech-to-speech service as the mode sees it, with the far side in the test's hands: it hears words by how loud the
 * sound is, answers by a script, and fails when it is told to. Each millisecond of its voice says of which item it is and
 * where in it, so that an ear can tell what was heard.
 */
export class FakeService {
  readonly clock: VirtualClock;
  readonly sessions: FakeSession[] = [];
  readonly openings: Opening[] = [];
  brain: Brain = () => [{ say: 'All right.' }];
  expiresAfterMs: number | undefined;
  transcribes = true;
  /** It tells words while they are spoken. */
  partials = false;
  wordsAfterMs = WORDS_AFTER_MS;
  /** What it made of items: their whole length. */
  readonly generated = new Map<number, number>();
  readonly itemTags = new Map<string, number>();
  readonly truncations: { readonly itemId: string; readonly audioEndMs: number; readonly atMs: number }[] = [];
  onTruncate: (itemId: string, audioEndMs: number) => void = () => {};
  #ids = 0;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  readonly open: OpenRealtime = (options, events) => {
    const session = new FakeSession(this, options, events, this.openings.shift() ?? 'ready');
    this.sessions.push(session);
    return session;
  };

  get session(): FakeSession | undefined {
    return this.sessions.findLast((session) => !session.over);
  }

  nextId(kind: string): string {
    this.#ids += 1;
    return `${kind}_${this.#ids}`;
  }
}

interface Running {
  readonly id: string;
  readonly request: RealtimeResponseRequest;
  cancelled: boolean;
  late: number;
}

export class FakeSession implements RealtimeSession {
  readonly rateHz = 16_000;
  readonly speaksVerbatim = true;
  readonly lines: Line[] = [];
  readonly brief: RealtimeOptions['brief'];
  readonly #options: RealtimeOptions;
  expiresAtMs: number | undefined;
  over = false;
  ready = false;
  readonly requests: RealtimeResponseRequest[] = [];
  readonly #service: FakeService;
  readonly #events: RealtimeEvents;
  #early: (() => void)[] = [];
  #queue: { readonly id: string | undefined; readonly request: RealtimeResponseRequest }[] = [];
  #running: Running | undefined;
  #timers = new Set<Cancel>();
  #audioMs = 0;
  #loudMs = 0;
  #quietMs = 0;
  #loudFromMs = 0;
  #levels: number[] = [];
  #item: { readonly id: string; readonly words: string[] } | undefined;

  constructor(service: FakeService, options: RealtimeOptions, events: RealtimeEvents, opening: Opening) {
    this.#service = service;
    this.#events = events;
    this.brief = options.brief;
    this.#options = options;
    const { expiresAfterMs } = service;
    if (expiresAfterMs !== undefined) {
      this.expiresAtMs = service.clock.wallMs() + expiresAfterMs;
      this.#after(expiresAfterMs, () => this.end('realtime.expired'));
    }
    if (opening === 'silent') return;
    this.#after(OPEN_MS, () => {
      if (opening === 'refused') this.end('realtime.unauthorised', true);
      else if (opening === 'throttled') this.end('realtime.throttled', false);
      else this.#becomeReady();
    });
  }

  /** The service ends the session. */
  end(
    code: 'realtime.lost' | 'realtime.unauthorised' | 'realtime.throttled' | 'realtime.expired',
    final = false,
  ): void {
    if (this.over) return;
    this.close();
    this.#events.onClosed(new DependencyError(code, 'The session is over.'), final);
  }

  warn(code: string): void {
    this.#events.onWarning({ code, message: 'a warning' });
  }

  complain(code: string): void {
    this.#events.onProblem({ code, message: 'a problem' });
  }

  get isAnswering(): boolean {
    return this.#running !== undefined && !this.#running.request.aside;
  }

  audio(pcm: Uint8Array): void {
    this.#whenReady(() => this.#hear(pcm));
  }

  typed(text: string): void {
    this.#whenReady(() => this.lines.push({ role: 'caller', text }));
  }

  restore(history: readonly HistoryItem[]): void {
    this.#whenReady(() => this.lines.push(...history));
  }

  respond(request: RealtimeResponseRequest = {}): string {
    const id = this.#service.nextId('req');
    this.requests.push(request);
    this.#whenReady(() => {
      this.#queue.push({ id, request });
      this.#next();
    });
    return id;
  }

  cancel(): void {
    const dropped = this.#queue.filter(({ request }) => !request.aside);
    this.#queue = this.#queue.filter(({ request }) => request.aside);
    for (const { id } of dropped) if (id !== undefined) this.#events.onResponseDropped(id, undefined);
    this.#cancelRunning(0);
  }

  truncate(itemId: string, audioEndMs: number): void {
    if (this.over) return;
    this.#service.truncations.push({ itemId, audioEndMs, atMs: this.#service.clock.now() });
    this.#service.onTruncate(itemId, audioEndMs);
  }

  toolResult(callId: string, output: string): void {
    this.lines.push({ role: 'tool', call: { callId, name: 'look_up', args: {} }, result: JSON.parse(output) });
  }

  close(): void {
    this.over = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#queue = [];
    this.#running = undefined;
  }

  #becomeReady(): void {
    this.ready = true;
    this.#events.onReady();
    for (const task of this.#early.splice(0)) if (!this.over) task();
  }

  #whenReady(task: () => void): void {
    if (this.over) return;
    if (this.ready) task();
    else this.#early.push(task);
  }

  #after(ms: number, task: () => void): void {
    const cancel = this.#service.clock.after(ms, () => {
      this.#timers.delete(cancel);
      if (!this.over) task();
    });
    this.#timers.add(cancel);
  }

  /** Hears in steps of what it is given, as the levels of one piece are one. */
  #hear(pcm: Uint8Array): void {
    const ms = pcm.length / BYTES_PER_MS;
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
      this.#events.onSpeechStarted(this.#item.id, Math.max(0, this.#loudFromMs - 100));
      for (const heard of this.#levels) this.#addWord(heard);
      if (this.#options.interruptResponse) this.#cancelRunning(LATE_DELTAS);
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
    this.#events.onSpeechStopped(item.id, this.#audioMs);
    if (this.over) return;
    this.#events.onCommitted(item.id, undefined);
    const text = item.words.join(' ');
    if (text !== '') this.lines.push({ role: 'caller', text });
    this.#after(this.#service.wordsAfterMs, () => {
      if (this.#service.transcribes) this.#events.onCallerWords(item.id, text, true);
      else this.#events.onCallerWordsFailed(item.id, { code: 'transcription_failed', message: '' });
    });
    if (this.over || !this.#options.createResponse) return;
    this.#queue.push({ id: undefined, request: {} });
    this.#next();
  }

  #forget(): void {
    this.#loudMs = 0;
    this.#levels = [];
  }

  #addWord(level: number): void {
    if (level >= NOISE) return;
    const word = wordAt(level);
    const item = this.#item;
    if (!item || item.words.at(-1) === word) return;
    item.words.push(word);
    if (this.#service.partials) this.#events.onCallerWords(item.id, item.words.join(' '), false);
  }

  #cancelRunning(late: number): void {
    const running = this.#running;
    if (!running || running.request.aside) return;
    running.cancelled = true;
    running.late = late;
    if (late === 0) this.#finish(running, 'cancelled');
  }

  #next(): void {
    if (this.#running || this.over) return;
    const asked = this.#queue.shift();
    if (!asked) return;
    const running: Running = { id: this.#service.nextId('resp'), request: asked.request, cancelled: false, late: 0 };
    this.#running = running;
    this.#after(THINKS_MS, () => {
      if (running.cancelled) {
        this.#finish(running, 'cancelled');
        return;
      }
      this.#events.onResponseStarted(running.id, asked.id);
      const { say } = asked.request;
      const steps = say === undefined ? this.#service.brain(this.lines, asked.request) : [{ say }];
      this.#run(running, [...steps]);
    });
  }

  #run(running: Running, steps: Step[]): void {
    if (this.over || this.#running !== running) return;
    const step = steps.shift();
    if (step === 'hang') return;
    if (step === undefined || step === 'nothing') this.#finish(running, 'completed');
    else if (step === 'fail') this.#finish(running, 'failed');
    else if (typeof step === 'number') this.#after(step, () => this.#run(running, steps));
    else if ('say' in step) this.#speak(running, step.say, steps);
    else if ('mute' in step) {
      this.#events.onText(running.id, this.#service.nextId('said'), step.mute);
      this.#run(running, steps);
    } else {
      const callId = this.#service.nextId('call');
      const argumentText = JSON.stringify(step.args ?? {});
      this.#events.onToolRequest(running.id, { callId, name: step.tool, argumentText });
      this.#run(running, steps);
    }
  }

  #speak(running: Running, text: string, steps: Step[]): void {
    const service = this.#service;
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
      if (delta !== '') this.#events.onText(running.id, itemId, delta);
      if (this.over) return;
      service.generated.set(tag, fromMs + ms);
      this.#events.onAudio(running.id, itemId, voiceOf(tag, fromMs, ms));
      fromMs += ms;
      if (fromMs < totalMs) this.#after(CHUNK_MS / SPEED, chunk);
      else this.#run(running, steps);
    };
    this.#after(CHUNK_MS / SPEED, chunk);
  }

  #finish(running: Running, status: 'completed' | 'cancelled' | 'failed'): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    const reason = status === 'failed' ? 'rate_limit_exceeded' : undefined;
    this.#events.onResponseEnded(running.id, status, reason, undefined);
    this.#next();
  }
}

/** Sound that says where it is from: of each millisecond the first samples are the item's tag and the place in it. */
function voiceOf(tag: number, fromMs: number, ms: number): Uint8Array {
  const samples = new Int16Array(ms * 16);
  for (let at = 0; at < ms; at += 1) {
    samples[at * 16] = tag;
    samples[at * 16 + 1] = fromMs + at;
    for (let i = 2; i < 16; i += 1) samples[at * 16 + i] = i % 2 === 0 ? 3000 : -3000;
  }
  return bytesOf(samples);
}
