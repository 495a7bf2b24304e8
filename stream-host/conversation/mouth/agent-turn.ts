import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import { beginsAtOnce } from '../../../shared/calls/call-wish.ts';
import type { HistoryItem, ToolCall } from '../../../shared/sessions/history.ts';
import type { CallAction, ReplyPiece } from '../../contract/agent.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { Ending } from '../../contract/events.ts';
import type { Utterance } from '../../contract/mouth.ts';
import type { Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import type { SpokenText } from '../../dialogue/spoken-text.ts';
import { TurnRecord } from '../../dialogue/turn-record.ts';
import { ClauseCutter } from './clauses.ts';
import { Mailbox } from './mailbox.ts';

export interface AgentTurnEvents {
  /** The model said so many characters, or a tool moved. */
  onProgress(characters: number): void;
  /** The voice has begun to say this. */
  onText(text: string): void;
  onToolStarted(call: ToolCall): void;
  onToolEnded(ended: Extract<ReplyPiece, { type: 'tool-ended' }>): void;
  /** Something is to be done with the call, and at once. */
  onBegin(action: CallAction): void;
  /** The model or the synthesiser failed. The turn goes on to its end with what it has. */
  onFailure(code: string, error: unknown): void;
}

export interface AgentTurnOptions {
  readonly synthesiser: Synthesiser;
  readonly voice: string;
  /** What the voice speaks: it says where a sentence ends. */
  readonly locale: string;
  /** Where the turn's audio goes. */
  readonly utterance: Utterance;
  readonly events: AgentTurnEvents;
  /**
   * What is said where the answer or the voice failed, or the agent hangs up without a word. Its audio is there, whatever
   * became of the voice.
   */
  readonly standIn: (
    failure: unknown,
    hangsUp: boolean,
  ) => { readonly text: string; readonly pcm: Uint8Array } | undefined;
  /** Said before the answer, and no part of what makes it one. Whole sentences. */
  readonly preface?: string | undefined;
  /** The turn may come to nothing: until it is adopted no tool runs, and with `text` nothing is synthesised. */
  readonly draft?: 'text' | 'speech' | undefined;
}

const BREATH_MS = 300;

/**
 * One turn of the agent, from the model's first token to the last frame handed to the mouth. Two tasks: one reads the
 * model's answer and cuts it into clauses, the other synthesises them in order, so that a tool or a slow token never
 * waits for audio. One {@link AbortController} ends both.
 */
export class AgentTurn {
  readonly number: number;
  readonly #options: AgentTurnOptions;
  readonly #abort = new AbortController();
  readonly #clauses = new Mailbox<{
    readonly spoken: SpokenText;
    readonly text: string;
    readonly isPreface: boolean;
  }>();
  readonly #record = new TurnRecord();
  readonly #adoption = Promise.withResolvers<void>();
  #isDraft: boolean;
  #failure: { readonly code: string; readonly error: unknown } | undefined;
  #ending: Ending | undefined;
  readonly #actions: CallAction[] = [];
  #ranTool = false;
  #prefaceMs = 0;
  /** The words that were told last, and of which stretch of speech they are. */
  #told: { readonly spoken: SpokenText; readonly text: string } | undefined;

  constructor(number: number, options: AgentTurnOptions) {
    this.number = number;
    this.#options = options;
    this.#isDraft = options.draft !== undefined;
  }

  /** A draft broke down. Better to begin anew than to adopt it. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  get utterance(): Utterance {
    return this.#options.utterance;
  }

  /** The draft is wanted: it goes on as a turn like any other. */
  adopt(): void {
    this.#isDraft = false;
    this.#adoption.resolve();
  }

  /** Why the agent wants to hang up after this turn, if it does. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** What the agent wants to do with the call once this turn was heard. */
  get actions(): readonly CallAction[] {
    return this.#actions;
  }

  /** A tool has run: what the caller asked for may have been done, heard or not. */
  get ranTool(): boolean {
    return this.#ranTool;
  }

  abort(): void {
    this.#abort.abort();
    this.#clauses.end();
    this.#adoption.resolve();
    this.#options.utterance.cut();
  }

  /** Runs the turn until all of its audio was handed over or it was aborted. Never rejects. */
  async run(reply: (signal: AbortSignal) => AsyncIterable<ReplyPiece>): Promise<void> {
    await Promise.all([this.#read(reply), this.#speak()]);
    // An answer without a sound is none, whatever the model thinks of it.
    const hangsUp = this.#ending !== undefined;
    const isEmpty = this.#options.utterance.writtenMs === this.#prefaceMs;
    if (isEmpty && !hangsUp) this.#fail('reply.empty', undefined);
    // Nobody is hung up on without a word, nor asked to say it again by one who hangs up.
    const isRude = hangsUp && (isEmpty || this.#failure !== undefined || !this.#record.endsInSpeech);
    if (isRude || (this.#failure && !this.#isDraft)) this.#sayStandIn(hangsUp);
    this.#options.utterance.end();
  }

  /** What of the answer was heard when `heardMs` of it had been played, and what it would have been. */
  spoken(heardMs: number): { readonly fullText: string; readonly heardText: string } {
    return this.#record.spoken(heardMs);
  }

  /** See {@link TurnRecord.history}. */
  history(heardMs: number, news: readonly CallNews[]): HistoryItem[] {
    return this.#record.history(heardMs, news);
  }

  async #read(reply: (signal: AbortSignal) => AsyncIterable<ReplyPiece>): Promise<void> {
    const { locale, preface } = this.#options;
    const cutter = new ClauseCutter(locale);
    if (preface !== undefined) this.#say([...cutter.push(preface), ...cutter.flush()], true);
    try {
      for await (const piece of reply(this.#abort.signal)) {
        if (
          this.#isDraft &&
          (piece.type === 'tool-started' || piece.type === 'tool-ended' || piece.type === 'call-action')
        ) {
          await this.#adoption.promise;
        }
        if (this.#abort.signal.aborted) break;
        this.#options.events.onProgress(piece.type === 'text' ? piece.text.length : 0);
        this.#take(piece, cutter);
      }
      this.#say(cutter.flush());
    } catch (error) {
      this.#say(cutter.flush());
      this.#fail('reply.failed', error);
    }
    this.#clauses.end();
  }

  #take(piece: ReplyPiece, cutter: ClauseCutter): void {
    switch (piece.type) {
      case 'text':
        this.#say(cutter.push(piece.text));
        return;
      case 'tool-started':
        this.#ranTool = true;
        this.#say(cutter.flush());
        this.#options.events.onToolStarted(piece.call);
        return;
      case 'tool-ended':
        this.#record.toolEnded({ role: 'tool', call: piece.call, result: piece.result });
        this.#options.events.onToolEnded(piece);
        return;
      case 'end-call': {
        const { type: _, ...ending } = piece;
        this.#ending = ending;
        return;
      }
      case 'call-action':
        if (beginsAtOnce(piece.action.wish)) this.#options.events.onBegin(piece.action);
        else this.#actions.push(piece.action);
    }
  }

  #say(clauses: readonly string[], isPreface = false): void {
    for (const text of clauses) this.#clauses.put({ spoken: this.#record.speech(), text, isPreface });
  }

  async #speak(): Promise<void> {
    try {
      for await (const { spoken, text, isPreface } of this.#clauses) {
        if (this.#isDraft && this.#options.draft === 'text') await this.#adoption.promise;
        if (this.#abort.signal.aborted) return;
        await this.#speakClause(spoken, text);
        if (isPreface) this.#prefaceMs = this.#options.utterance.writtenMs;
        if (this.#abort.signal.aborted) return;
      }
    } catch (error) {
      this.#fail('synthesis.failed', error);
    }
  }

  async #speakClause(spoken: SpokenText, text: string): Promise<void> {
    const { utterance, synthesiser, voice } = this.#options;
    const startMs = utterance.writtenMs;
    const words: Extract<SynthesisPiece, { type: 'word' }>[] = [];
    let isHeard = false;
    try {
      for await (const piece of synthesiser.speak(text, voice, this.#abort.signal)) {
        if (this.#abort.signal.aborted) return;
        if (piece.type === 'word') {
          if (isHeard) spoken.addWord(piece.text, piece.startMs, piece.durationMs);
          else words.push(piece);
          continue;
        }
        // What has no sound is said to nobody.
        if (!isHeard) {
          spoken.addClause(text, startMs);
          for (const word of words) spoken.addWord(word.text, word.startMs, word.durationMs);
          this.#tellText(spoken, text);
        }
        isHeard = true;
        utterance.write(piece.pcm);
        await utterance.room();
      }
      if (isHeard) spoken.endClause(utterance.writtenMs - startMs);
      else if (/[\p{L}\p{N}]/u.test(text)) throw new Error('The synthesiser gave no audio.');
    } catch (error) {
      if (isHeard) spoken.breakOff(utterance.writtenMs - startMs);
      throw error;
    }
  }

  /** The first failure counts. A draft's is told when the draft is adopted after all, which it never is. */
  #fail(code: string, error: unknown): void {
    if (this.#abort.signal.aborted || this.#failure) return;
    this.#failure = { code, error };
    if (!this.#isDraft) this.#options.events.onFailure(code, error);
  }

  /** Where it is told piece by piece, what stands before and behind a tool must not run into one. */
  #tellText(spoken: SpokenText, text: string): void {
    const isApart = spoken === this.#told?.spoken || /^\s/.test(text) || !this.#endsInWord;
    this.#told = { spoken, text };
    this.#options.events.onText(isApart ? text : ` ${text}`);
  }

  /** What was told last has no space behind it. */
  get #endsInWord(): boolean {
    return this.#told !== undefined && /\S$/.test(this.#told.text);
  }

  /** Said after whatever was said before: nobody is left with half a sentence. */
  #sayStandIn(hangsUp: boolean): void {
    if (this.#abort.signal.aborted) return;
    const standIn = this.#options.standIn(this.#failure?.error, hangsUp);
    if (!standIn) return;
    const { utterance } = this.#options;
    const spoken = this.#record.speech();
    const follows = spoken.full !== '';
    const text = follows && this.#endsInWord ? ` ${standIn.text}` : standIn.text;
    // After half a sentence a breath, or the two run into one.
    if (follows) utterance.write(new Uint8Array(BREATH_MS * BYTES_PER_MS));
    const startMs = utterance.writtenMs;
    spoken.addClause(text, startMs);
    this.#tellText(spoken, text);
    utterance.write(standIn.pcm);
    spoken.endClause(utterance.writtenMs - startMs);
  }
}
