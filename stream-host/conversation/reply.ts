import type { TypedEvents } from '../../shared/typed-events.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { ConversationEvents, ToolCall, TurnLatency } from './ports.ts';

export interface ReplyOrigin {
  /** What the agent says of its own accord at the start, or an answer to the caller. */
  readonly kind: 'opening' | 'answer';
  /** The words that it answers; empty where it answers none. */
  readonly callerText: string;
  readonly lastSpeechMs: number;
  readonly decidedMs: number;
  /** How long the history was before the turn and the words that it answers. */
  readonly historyLength: number;
  /** From where on the history is the turn's own. */
  readonly ownFrom: number;
}

/**
 * The turn in progress, as others see it. Until something of it is audible or a tool has run it can be taken back, and
 * so nothing of it is told to anybody; from then on it is told as it happens.
 */
export class Reply {
  readonly turn: AgentTurn;
  readonly origin: ReplyOrigin;
  readonly #events: TypedEvents<ConversationEvents>;
  #callerText: string;
  #heldText = '';
  #told = false;
  #audible = false;
  #firstTokenMs: number | undefined;

  constructor(turn: AgentTurn, origin: ReplyOrigin, events: TypedEvents<ConversationEvents>) {
    this.turn = turn;
    this.origin = origin;
    this.#events = events;
    this.#callerText = origin.callerText;
  }

  get audible(): boolean {
    return this.#audible;
  }

  progressed(nowMs: number): void {
    this.#firstTokenMs ??= nowMs;
  }

  said(text: string): void {
    if (this.#told) this.#events.emit('agentText', text, this.turn.number);
    else this.#heldText += text;
  }

  toolStarted(call: ToolCall): void {
    this.tell();
    this.#events.emit('toolStarted', call, this.turn.number);
  }

  becameAudible(nowMs: number): void {
    this.#audible = true;
    this.tell();
    if (this.origin.kind === 'answer') this.#events.emit('turnLatency', this.#latency(nowMs), this.turn.number);
  }

  /** The recogniser changed its mind about the words that the turn answers. */
  corrected(callerText: string): void {
    this.#callerText = callerText;
    if (this.#told) this.#events.emit('callerCorrected', callerText, this.turn.number);
  }

  /** From here on the turn has happened, whatever becomes of it. */
  tell(): void {
    if (this.#told) return;
    this.#told = true;
    if (this.#callerText !== '') this.#events.emit('callerFinal', this.#callerText, this.turn.number);
    if (this.#heldText !== '') this.#events.emit('agentText', this.#heldText, this.turn.number);
  }

  #latency(nowMs: number): TurnLatency {
    const sinceSpeech = (atMs: number) => Math.round(atMs - this.origin.lastSpeechMs);
    return {
      recognisedMs: sinceSpeech(this.origin.decidedMs),
      firstTokenMs: sinceSpeech(this.#firstTokenMs ?? nowMs),
      firstAudioMs: sinceSpeech(nowMs),
    };
  }
}
