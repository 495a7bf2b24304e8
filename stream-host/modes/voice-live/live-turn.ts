import type { HistoryItem, ToolCall } from '../../../shared/sessions/history.ts';
import type { CallAction, ToolOutcome, TurnTools } from '../../contract/agent.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { Ending, SessionEmitter } from '../../contract/events.ts';
import type { Utterance } from '../../contract/mouth.ts';
import type { RealtimeResponseRequest } from '../../contract/realtime.ts';
import { earOf } from '../../dialogue/call-actions.ts';
import type { SpokenText } from '../../dialogue/spoken-text.ts';
import { TurnRecord } from '../../dialogue/turn-record.ts';
import { type CallerEntry, isGiven, textOf } from './ledger.ts';

/** What makes the agent speak: the caller's words, or the mode itself, with a line that it is to say. */
export type TurnKind = 'answer' | 'opening' | 'prompt' | 'again' | 'line';

export interface LiveTurnOptions {
  readonly number: number;
  readonly kind: TurnKind;
  /** What the service was told to say, where it was told. */
  readonly say: string | undefined;
  readonly asked: readonly CallerEntry[];
  readonly lastSpeechMs: number;
  readonly askedAtMs: number;
  readonly utterance: Utterance;
  readonly bytesPerMs: number;
  readonly events: SessionEmitter;
}

const HEARD_EVERY_MS = 200;

/** An item of the service's conversation that the turn speaks. */
interface SpokenItem {
  readonly itemId: string;
  readonly startMs: number;
  readonly spoken: SpokenText;
  generatedMs: number;
}

/**
 * One turn of the agent as a service makes it: of one response, or of several where tools are used, each with audio and
 * the words to it. Keeps what was said apart from what was heard, and until it is audible or a tool was asked for, tells
 * nobody of it.
 */
export class LiveTurn {
  readonly number: number;
  readonly kind: TurnKind;
  readonly say: string | undefined;
  readonly utterance: Utterance;
  /** Tools with side effects go on when the turn is over; the others are told. */
  readonly abort = new AbortController();
  /** Responses of the service that belong to it, and requests for some. */
  readonly owed = new Set<string>();
  /** Tools that run, ours and the service's. */
  readonly running = new Set<string>();
  readonly asked: readonly CallerEntry[];
  tools: TurnTools | undefined;
  /** What the agent wants to do with the call once the turn was heard. */
  readonly actions: CallAction[] = [];
  /** It has begun something with the call that the caller must be told of. */
  asksToSayIt = false;
  /** What has happened in the call that it speaks of. */
  news: readonly CallNews[] = [];
  /** It wanted something done with the call without a word, and was asked to say so. */
  askedToSayIt = false;
  /** Why the agent hangs up once the turn was heard, if it does. */
  ending: Ending | undefined;
  /** Tools gave something, and no response was asked for since that may use it. */
  unusedResults = false;
  /** What the service was asked for last. */
  request: RealtimeResponseRequest = {};
  /** A response of it failed and was asked for once more. */
  retried = false;
  /** It could not be had, or not to its end. */
  failed = false;
  /** There is so much of it that no more is taken. */
  isFull = false;
  /** The caller was told that there will be no answer. */
  gaveUp = false;
  /** It has said goodbye because its model had not. */
  saidGoodbye = false;
  /** All of it is generated. */
  finished = false;
  readonly #options: LiveTurnOptions;
  readonly #record = new TurnRecord();
  #items: SpokenItem[] = [];
  #bytes = 0;
  #heldText = '';
  /** Some words of it are told, or kept to be. */
  #hasText = false;
  #told = false;
  #wordsTold: string | undefined;
  #audibleSinceMs: number | undefined;
  #heardToldMs = 0;
  #firstTokenMs: number | undefined;
  #firstVoiceMs: number | undefined;
  #heardMs: number | undefined;

  constructor(options: LiveTurnOptions) {
    this.#options = options;
    this.number = options.number;
    this.kind = options.kind;
    this.say = options.say;
    this.asked = options.asked;
    this.utterance = options.utterance;
  }

  /** The caller's words, and what was said to them, are on record: the turn has happened. */
  get told(): boolean {
    return this.#told;
  }

  get audible(): boolean {
    return this.#audibleSinceMs !== undefined;
  }

  get over(): boolean {
    return this.#heardMs !== undefined;
  }

  get hasAudio(): boolean {
    return this.#bytes > 0;
  }

  get endsInSpeech(): boolean {
    return this.#record.endsInSpeech;
  }

  /** How long all of its audio so far lasts. */
  get generatedMs(): number {
    return this.#bytes / this.#options.bytesPerMs;
  }

  audio(itemId: string, pcm: Uint8Array, nowMs: number): void {
    this.#firstTokenMs ??= nowMs;
    this.#firstVoiceMs ??= nowMs;
    const item = this.#item(itemId);
    this.#bytes += pcm.length;
    item.generatedMs = this.generatedMs - item.startMs;
    this.utterance.write(pcm);
  }

  text(itemId: string, text: string, nowMs: number): void {
    this.#firstTokenMs ??= nowMs;
    const isNew = this.#items.at(-1)?.itemId !== itemId;
    this.#item(itemId).spoken.addText(text);
    // As the words are told piece by piece, two items do not run into one.
    const told = isNew && this.#hasText && !/^\s/.test(text) ? ` ${text}` : text;
    this.#hasText = true;
    if (this.audible) this.#tellText(told);
    else this.#heldText += told;
  }

  /** Audio that was kept for such a case, in place of what the service should have said. */
  standIn(text: string, pcm: Uint8Array, nowMs: number): void {
    const id = `stand-in-${this.#bytes}`;
    this.text(id, text, nowMs);
    this.audio(id, pcm, nowMs);
    this.itemsEnd();
    // The service knows nothing of it.
    this.#items.pop();
  }

  toolStarted(call: ToolCall): void {
    this.tell();
    this.#options.events.emit('toolStarted', { call, turn: this.number });
  }

  toolEnded({ call, result }: ToolOutcome): void {
    this.#record.toolEnded({ role: 'tool', call, result });
  }

  /** All audio is there of what was begun. */
  itemsEnd(): void {
    const last = this.#items.at(-1);
    last?.spoken.endClause(last.generatedMs);
  }

  /** No more comes of what was begun: words without audio are dropped. */
  breakOff(): void {
    const last = this.#items.at(-1);
    last?.spoken.breakOff(last.generatedMs);
  }

  /** Words of the newest item that has no sound are none of the turn's. */
  dropSilent(): void {
    const last = this.#items.at(-1);
    if (!this.hasAudio) {
      this.#heldText = '';
      this.#hasText = false;
    }
    if (last?.generatedMs !== 0) return;
    last.spoken.breakOff(0);
    this.#items.pop();
  }

  /** The one that is being said, or was last. */
  get lastItem(): { readonly itemId: string; readonly generatedMs: number } | undefined {
    return this.#items.at(-1);
  }

  /** The session that had the items is gone. */
  forgetItems(): void {
    this.#items = [];
  }

  /** Where each item must be cut in the service's conversation when so much of the turn was heard. */
  cuts(heardMs: number): { readonly itemId: string; readonly audioEndMs: number }[] {
    return this.#items.flatMap(({ itemId, startMs, generatedMs }) =>
      heardMs >= startMs + generatedMs ? [] : [{ itemId, audioEndMs: Math.max(0, Math.floor(heardMs - startMs)) }],
    );
  }

  becameAudible(nowMs: number): void {
    this.#audibleSinceMs = nowMs;
    this.tell();
    const { events, kind, asked, lastSpeechMs, askedAtMs } = this.#options;
    if (this.#heldText !== '') this.#tellText(this.#heldText);
    if (kind !== 'answer' || asked.length === 0) return;
    const since = (atMs: number) => Math.max(0, Math.round(atMs - lastSpeechMs));
    const wordsAtMs = Math.max(...asked.map(({ changedAtMs, text }) => (text === '' ? nowMs : changedAtMs)));
    events.emit('turnLatency', {
      turn: this.number,
      wordsMs: since(wordsAtMs),
      recognisedMs: since(askedAtMs),
      firstTokenMs: since(this.#firstTokenMs ?? nowMs),
      firstVoiceMs: since(this.#firstVoiceMs ?? nowMs),
      firstAudioMs: since(nowMs),
      ...(asked.every(isGiven) && { typed: true }),
    });
  }

  /** From here on the turn has happened, whatever becomes of it. */
  tell(): void {
    this.#told = true;
    this.tellCallerWords(false);
  }

  /** The caller's words, once they are all there, or once nobody waits for more of them. */
  tellCallerWords(now: boolean): void {
    if (!this.#told || (!now && this.asked.some(({ settled }) => !settled))) return;
    const text = textOf(this.asked);
    if (text === '' || text === this.#wordsTold) return;
    this.#options.events.emit(this.#wordsTold === undefined ? 'callerFinal' : 'callerCorrected', {
      text,
      turn: this.number,
    });
    this.#wordsTold = text;
  }

  /** How much of it was heard by now, unless that was told just before. */
  tellHeard(nowMs: number, heardMs: () => number): void {
    if (!this.#told || nowMs - this.#heardToldMs < HEARD_EVERY_MS) return;
    this.#heardToldMs = nowMs;
    this.#options.events.emit('agentHeard', { turn: this.number, heardText: this.spoken(heardMs()).heardText });
  }

  /** No more is said of it than was heard; what is running of its tools goes on or not, as each tool wants it. */
  end(heardMs: number): void {
    this.#heardMs = heardMs;
    this.abort.abort();
    this.utterance.cut();
  }

  spoken(heardMs: number): { readonly fullText: string; readonly heardText: string } {
    return this.#record.spoken(heardMs);
  }

  /** As history: tools that ran, and of the words those that were heard. Once it is over it is known how much that was. */
  history(heardMs: number): HistoryItem[] {
    return this.#record.history(this.#heardMs ?? heardMs, this.news);
  }

  #tellText(text: string): void {
    this.#options.events.emit('agentText', { text, turn: this.number, ...earOf(this.news) });
  }

  #item(itemId: string): SpokenItem {
    const known = this.#items.at(-1);
    if (known?.itemId === itemId) return known;
    if (known?.generatedMs === 0) this.dropSilent();
    else known?.spoken.endClause(known.generatedMs);
    const spoken = this.#record.speech();
    const startMs = this.generatedMs;
    // Two items are two sentences.
    spoken.addClause(spoken.full === '' ? '' : ' ', startMs);
    const item: SpokenItem = { itemId, startMs, spoken, generatedMs: 0 };
    this.#items.push(item);
    return item;
  }
}
