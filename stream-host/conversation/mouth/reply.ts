import type { HistoryItem, ToolCall } from '../../../shared/sessions/history.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { SessionEmitter, TurnLatency } from '../../contract/events.ts';
import { earOf } from '../../dialogue/call-actions.ts';
import type { AgentTurn } from './agent-turn.ts';

/**
 * What the engine makes the agent say by itself: the greeting (or the excuse of a resumed conversation), a question
 * whether the caller is there, or one what they have said, or a line that somebody wants said.
 */
export type OwnWords = 'opening' | 'prompt' | 'again' | 'line';

/** Where a turn of the agent came from, and where in the history it stands. */
export interface ReplyOrigin {
  /** An answer to the caller, or something of the engine's own. */
  readonly kind: 'answer' | OwnWords;
  /** The caller's words that it answers; empty when it answers none. */
  readonly callerText: string;
  readonly lastSpeechMs: number;
  /** These words were typed or pressed. */
  readonly isTyped: boolean;
  /** When the caller's words came to read as they do. */
  readonly wordsMs: number;
  /** When the engine decided that it was the agent's turn. */
  readonly decidedMs: number;
  /** The history without the caller's words that this turn answers. */
  readonly historyLength: number;
  /** From where on the history is the turn's own. */
  readonly ownFrom: number;
}

/** A resumed conversation owes the answer that its first host did not get to give, if the caller waits for one. */
export function owedAtStart(history: readonly HistoryItem[]): ReplyOrigin['kind'] {
  const last = history.at(-1);
  return last === undefined || last.role === 'agent' ? 'opening' : 'answer';
}

/**
 * The turn in progress, as others see it. Until something of it is audible or a tool has run it can be taken back, and
 * so nothing of it is told to anybody; from then on it is told as it happens, its words once it is audible. Before it has
 * an origin it is a draft.
 */
export class Reply {
  readonly turn: AgentTurn;
  /** The words that the model was asked with. */
  readonly promptedWith: string;
  /** What has happened in the call that it speaks of. */
  news: readonly CallNews[] = [];
  readonly #events: SessionEmitter;
  #origin: ReplyOrigin | undefined;
  #callerText: string;
  #heldText = '';
  #told = false;
  #gaveUp = false;
  #audibleSinceMs: number | undefined;
  #firstTokenMs: number | undefined;
  #firstVoiceMs: number | undefined;
  #lastTextMs = Number.NEGATIVE_INFINITY;
  #pieces = 0;
  #characters = 0;

  constructor(turn: AgentTurn, callerText: string, events: SessionEmitter) {
    this.turn = turn;
    this.promptedWith = callerText;
    this.#callerText = callerText;
    this.#events = events;
  }

  /** Makes the turn the agent's. */
  adopt(origin: ReplyOrigin): void {
    this.#origin = origin;
    this.#callerText = origin.callerText;
    this.turn.adopt();
  }

  /** Makes the turn the agent's once more: `before` had been told, and was taken back unheard. */
  adoptAgain(before: Reply, changes: Pick<ReplyOrigin, 'wordsMs' | 'decidedMs' | 'ownFrom'>): void {
    this.#told = true;
    this.adopt({ ...before.origin, callerText: before.#callerText, ...changes });
  }

  /** @throws {Error} for a draft: it has none */
  get origin(): ReplyOrigin {
    if (!this.#origin) throw new Error('A draft has no origin.');
    return this.#origin;
  }

  /** The caller's words, and what has been said to them, are on record: the turn has happened. */
  get told(): boolean {
    return this.#told;
  }

  /** The caller was told that there will be no answer. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  giveUp(): void {
    this.#gaveUp = true;
  }

  get audible(): boolean {
    return this.#audibleSinceMs !== undefined;
  }

  /** When its first sound went out; infinite before. */
  get audibleSinceMs(): number {
    return this.#audibleSinceMs ?? Number.POSITIVE_INFINITY;
  }

  /** What the model has sent of it. */
  get spent(): { readonly pieces: number; readonly characters: number } {
    return { pieces: this.#pieces, characters: this.#characters };
  }

  /** When the model's newest words came; minus infinity where none did. */
  get lastTextMs(): number {
    return this.#lastTextMs;
  }

  progressed(characters: number, nowMs: number): void {
    this.#pieces += 1;
    this.#characters += characters;
    this.#firstTokenMs ??= nowMs;
    if (characters > 0) this.#lastTextMs = nowMs;
  }

  said(text: string, nowMs: number): void {
    this.#firstVoiceMs ??= nowMs;
    if (this.audible) this.#tellText(text);
    else this.#heldText += text;
  }

  toolStarted(call: ToolCall): void {
    this.tell();
    this.#events.emit('toolStarted', { call, turn: this.turn.number });
  }

  becameAudible(nowMs: number): void {
    this.#audibleSinceMs = nowMs;
    this.tell();
    if (this.#heldText !== '') this.#tellText(this.#heldText);
    // The caller's words of an answer that a resumed conversation owes were another host's to time.
    const { kind, callerText, isTyped } = this.origin;
    if (kind !== 'answer' || callerText === '') return;
    const latency = { ...this.#latency(nowMs), ...(isTyped && { typed: true as const }) };
    this.#events.emit('turnLatency', { ...latency, turn: this.turn.number });
  }

  /** The recogniser changed its mind about the words that the turn answers. */
  corrected(callerText: string): void {
    this.#callerText = callerText;
    if (this.#told) this.#events.emit('callerCorrected', { text: callerText, turn: this.turn.number });
  }

  /** From here on the turn has happened, whatever becomes of it. */
  tell(): void {
    if (this.#told) return;
    this.#told = true;
    if (this.#callerText === '') return;
    this.#events.emit('callerFinal', { text: this.#callerText, turn: this.turn.number });
  }

  #tellText(text: string): void {
    this.#events.emit('agentText', { text, turn: this.turn.number, ...earOf(this.news) });
  }

  #latency(nowMs: number): TurnLatency {
    const { lastSpeechMs, wordsMs, decidedMs } = this.origin;
    const sinceSpeech = (atMs: number) => Math.round(atMs - lastSpeechMs);
    return {
      // The words may have stood before the last of them was spoken to its end.
      wordsMs: Math.max(0, sinceSpeech(wordsMs)),
      recognisedMs: sinceSpeech(decidedMs),
      firstTokenMs: sinceSpeech(this.#firstTokenMs ?? nowMs),
      firstVoiceMs: sinceSpeech(this.#firstVoiceMs ?? nowMs),
      firstAudioMs: sinceSpeech(nowMs),
    };
  }
}
