import type { HistoryItem, ToolCall } from '../../../shared/sessions/history.ts';
import type { ReplyPiece } from '../../contract/agent.ts';
import type { Synthesiser } from '../../contract/speech.ts';
import type { PlayoutTurn } from '../../playout/playout-turn.ts';
import { ClauseCutter } from './clauses.ts';
import { Mailbox } from './mailbox.ts';
import { SpokenText } from './spoken-text.ts';

export interface AgentTurnEvents {
  /** The model said something, or a tool moved. */
  onProgress(): void;
  onText(text: string): void;
  onToolStarted(call: ToolCall): void;
  onToolEnded(ended: Extract<ReplyPiece, { type: 'tool-ended' }>): void;
  /** The model or the synthesiser failed. The turn goes on to its end with what it has. */
  onFailure(code: string, error: unknown): void;
}

export interface AgentTurnOptions {
  readonly synthesiser: Synthesiser;
  readonly voice: string;
  readonly playout: PlayoutTurn;
  readonly events: AgentTurnEvents;
  /** Spoken when the answer failed before it had a word. */
  readonly apology: string;
  /** The turn may come to nothing: until it is adopted no tool runs, and with `text` nothing is synthesised. */
  readonly draft?: 'text' | 'speech' | undefined;
}

type Said =
  | { readonly kind: 'speech'; readonly spoken: SpokenText }
  | { readonly kind: 'tool'; readonly item: HistoryItem };

/**
 * One turn of the agent, from the model's first token to the last frame handed to playout. Two tasks: one reads the
 * model's answer and cuts it into clauses, the other synthesises them in order, so that a tool or a slow token never
 * waits for audio. One {@link AbortController} ends both.
 */
export class AgentTurn {
  readonly number: number;
  readonly #options: AgentTurnOptions;
  readonly #abort = new AbortController();
  readonly #clauses = new Mailbox<{ readonly spoken: SpokenText; readonly text: string }>();
  readonly #said: Said[] = [];
  readonly #adoption = Promise.withResolvers<void>();
  #isDraft: boolean;
  #failed = false;
  #endCallReason: string | undefined;
  #ranTool = false;

  constructor(number: number, options: AgentTurnOptions) {
    this.number = number;
    this.#options = options;
    this.#isDraft = options.draft !== undefined;
  }

  /** A draft broke down. Better to begin anew than to adopt it. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Where the turn's audio goes. */
  get playout(): PlayoutTurn {
    return this.#options.playout;
  }

  /** The draft is wanted: it goes on as a turn like any other. */
  adopt(): void {
    this.#isDraft = false;
    this.#adoption.resolve();
  }

  /** Why the agent wants to hang up after this turn, if it does. */
  get endCallReason(): string | undefined {
    return this.#endCallReason;
  }

  /** A tool has run: what the caller asked for may have been done, heard or not. */
  get ranTool(): boolean {
    return this.#ranTool;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort.abort();
    this.#clauses.end();
    this.#adoption.resolve();
  }

  /** Runs the turn until all of its audio was handed over or it was aborted. Never rejects. */
  async run(reply: (signal: AbortSignal) => AsyncIterable<ReplyPiece>): Promise<void> {
    await Promise.all([this.#read(reply), this.#speak()]);
    this.#options.playout.end();
  }

  /** What of the answer was heard when `heardMs` of it had been played, and what it would have been. */
  spoken(heardMs: number): { readonly fullText: string; readonly heardText: string } {
    const texts = this.#said.filter((said) => said.kind === 'speech').map((said) => said.spoken);
    const join = (parts: string[]) => parts.filter((part) => part !== '').join(' ');
    return {
      fullText: join(texts.map((text) => text.full)),
      heardText: join(texts.map((text) => text.heardAt(heardMs))),
    };
  }

  /** The turn as history: tools that ran, and of the words only those that were heard. */
  history(heardMs: number): HistoryItem[] {
    return this.#said.flatMap((said): HistoryItem[] => {
      if (said.kind === 'tool') return [said.item];
      const text = said.spoken.heardAt(heardMs);
      return text === '' ? [] : [{ role: 'agent', text, heard: text === said.spoken.full }];
    });
  }

  async #read(reply: (signal: AbortSignal) => AsyncIterable<ReplyPiece>): Promise<void> {
    const cutter = new ClauseCutter();
    try {
      for await (const piece of reply(this.#abort.signal)) {
        if (this.#isDraft && (piece.type === 'tool-started' || piece.type === 'tool-ended')) {
          await this.#adoption.promise;
        }
        if (this.#abort.signal.aborted) break;
        this.#options.events.onProgress();
        this.#take(piece, cutter);
      }
      this.#say(cutter.flush());
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#fail(error, cutter);
    }
    this.#clauses.end();
  }

  #take(piece: ReplyPiece, cutter: ClauseCutter): void {
    switch (piece.type) {
      case 'text':
        this.#options.events.onText(piece.text);
        this.#say(cutter.push(piece.text));
        return;
      case 'tool-started':
        this.#ranTool = true;
        this.#say(cutter.flush());
        this.#options.events.onToolStarted(piece.call);
        return;
      case 'tool-ended':
        this.#said.push({ kind: 'tool', item: { role: 'tool', call: piece.call, result: piece.result } });
        this.#options.events.onToolEnded(piece);
        return;
      case 'end-call':
        this.#endCallReason = piece.reason;
    }
  }

  #say(clauses: readonly string[]): void {
    for (const text of clauses) {
      const last = this.#said.at(-1);
      const spoken = last?.kind === 'speech' ? last.spoken : new SpokenText();
      if (last?.kind !== 'speech') this.#said.push({ kind: 'speech', spoken });
      this.#clauses.put({ spoken, text });
    }
  }

  #fail(error: unknown, cutter: ClauseCutter): void {
    this.#failed = true;
    if (this.#isDraft) return;
    this.#options.events.onFailure('reply.failed', error);
    this.#say(cutter.flush());
    if (this.#said.some((said) => said.kind === 'speech')) return;
    this.#options.events.onText(this.#options.apology);
    this.#say([this.#options.apology]);
  }

  async #speak(): Promise<void> {
    try {
      for await (const { spoken, text } of this.#clauses) {
        if (this.#isDraft && this.#options.draft === 'text') await this.#adoption.promise;
        if (this.#abort.signal.aborted) return;
        await this.#speakClause(spoken, text);
        if (this.#abort.signal.aborted) return;
      }
    } catch (error) {
      this.#failed = true;
      if (!this.#abort.signal.aborted && !this.#isDraft) this.#options.events.onFailure('synthesis.failed', error);
    }
  }

  async #speakClause(spoken: SpokenText, text: string): Promise<void> {
    const { playout, synthesiser, voice } = this.#options;
    const startMs = playout.writtenMs;
    spoken.addClause(text, startMs);
    for await (const piece of synthesiser.speak(text, voice, this.#abort.signal)) {
      if (this.#abort.signal.aborted) return;
      if (piece.type === 'word') {
        spoken.addWord(piece.text, piece.startMs, piece.durationMs);
      } else {
        playout.write(piece.pcm);
        await playout.room();
      }
    }
    const durationMs = playout.writtenMs - startMs;
    if (durationMs > 0) spoken.endClause(durationMs);
    else if (/[\p{L}\p{N}]/u.test(text)) throw new Error('The synthesiser gave no audio.');
  }
}
