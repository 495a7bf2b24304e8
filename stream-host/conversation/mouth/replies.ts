import type { Clock } from '../../../shared/clock.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { TypedEvents } from '../../../shared/typed-events.ts';
import type { ReplyPiece, Responder } from '../../contract/agent.ts';
import type { ConversationEvents } from '../../contract/events.ts';
import type { AudioSink } from '../../contract/line.ts';
import type { Synthesiser } from '../../contract/speech.ts';
import { Playout, type PlayoutClock } from '../../playout/playout.ts';
import { type CallerWords, saysTheSame } from '../ear/caller-words.ts';
import type { TurnPolicy } from '../turns/turn-policy.ts';
import { AgentTurn } from './agent-turn.ts';
import { Reply, type ReplyOrigin } from './reply.ts';

export interface RepliesOptions {
  readonly clock: Clock;
  readonly playoutClock: PlayoutClock;
  readonly sink: AudioSink;
  readonly synthesiser: Synthesiser;
  readonly responder: Responder;
  readonly policy: TurnPolicy;
  readonly history: readonly HistoryItem[];
  readonly words: CallerWords;
  readonly events: TypedEvents<ConversationEvents>;
  readonly onAudible: (turn: number) => void;
  readonly onProgress: (turn: number) => void;
  /** The turn is over and on record. With a reason, the agent wants to hang up now. */
  readonly onEnded: (turn: number, endCallReason: string | undefined) => void;
  readonly onSent: (frame: Uint8Array, playsAtMs: number) => void;
  readonly onSilenced: (atMs: number) => void;
}

/** A frame that is sent shows that the turn goes on; that need not be noted 50 times a second. */
const PROGRESS_MS = 500;

/**
 * The agent's side of a conversation: the turn in progress, a draft of the next one, and the history that both become
 * part of. Does what the transition function decided; decides nothing itself.
 */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #playout: Playout;
  #history: readonly HistoryItem[];
  #reply: Reply | undefined;
  #draft: Reply | undefined;
  #draftsOfTurn = 0;
  #nextTurn = 1;
  #owed: ReplyOrigin['kind'] | undefined;
  #unansweredPrompts = 0;
  #progressedMs = Number.NEGATIVE_INFINITY;
  #heldSinceMs = 0;

  constructor(options: RepliesOptions) {
    this.#options = options;
    this.#history = options.history;
    this.#owed = owedAtStart(options.history);
    this.#playout = new Playout({
      clock: options.playoutClock,
      sink: options.sink,
      ...options.policy.playout,
      onAudible: (turn) => this.#onAudible(turn),
      onProgress: (turn) => this.#onFrameSent(turn),
      onPlayed: (turn) => this.#onPlayed(turn),
      onSent: options.onSent,
      onSilenced: options.onSilenced,
    });
  }

  get history(): readonly HistoryItem[] {
    return this.#history;
  }

  get nextTurn(): number {
    return this.#nextTurn;
  }

  /** A reply that nobody has heard anything of was dropped, or the first one was not given yet. */
  get isOwed(): boolean {
    return this.#owed !== undefined;
  }

  /** There is something left to say to a caller who is silent. */
  get hasPrompt(): boolean {
    const { afterMs } = this.#options.policy.away;
    const { prompts, farewell } = this.#options.responder.phrases;
    return afterMs > 0 && this.#unansweredPrompts < prompts.length + (farewell === '' ? 0 : 1);
  }

  /** When the turn in progress was first heard; infinite while it was not. */
  get audibleSinceMs(): number {
    return this.#reply?.audibleSinceMs ?? Number.POSITIVE_INFINITY;
  }

  /** How much more of the turn in progress the caller would hear; infinite while nobody knows. */
  get unheardMs(): number {
    return this.#playout.unheardMs;
  }

  /** What the caller may hear, and so the line may bring back: this turn, and the one before while its echo lasts. */
  get agentsWords(): string {
    const last = this.#history.findLast((item) => item.role === 'agent');
    return [last?.text, this.#reply?.turn.spoken(0).fullText].join(' ');
  }

  /** Starts turn `number` with all words that are pending, or with what is owed or unasked. */
  start(number: number, lastSpeechMs: number, unasked: ReplyOrigin['kind'] = this.#owed ?? 'answer'): void {
    this.#nextTurn = number + 1;
    const historyLength = this.#history.length;
    const callerText = this.#options.words.take();
    const kind = callerText === '' ? unasked : 'answer';
    const draft = this.#takeDraft(number, callerText);
    if (callerText !== '') {
      this.#setHistory([...this.#history, { role: 'caller', text: callerText }]);
      this.#unansweredPrompts = 0;
    }
    this.#owed = undefined;
    const reply = draft ?? this.#begin(number, kind, callerText, this.#history);
    const decidedMs = this.#options.clock.now();
    reply.adopt({ kind, callerText, lastSpeechMs, decidedMs, historyLength, ownFrom: this.#history.length });
    this.#reply = reply;
    this.#playout.play(reply.turn.playout);
  }

  /** Begins an answer to the pending words, unless it is begun already or the turn has cost enough drafts. */
  draft(): void {
    const { mode, maxPerTurn } = this.#options.policy.drafts;
    const callerText = this.#options.words.pendingText;
    if (this.#draft && saysTheSame(this.#draft.promptedWith, callerText)) return;
    this.dropDraft();
    if (mode === 'off' || this.#draftsOfTurn >= maxPerTurn) return;
    this.#draftsOfTurn += 1;
    const history: readonly HistoryItem[] = [...this.#history, { role: 'caller', text: callerText }];
    this.#draft = this.#begin(this.#nextTurn, 'answer', callerText, history, mode);
  }

  /** The pending words are not what they were: what was begun for them is thrown away unheard. */
  dropDraft(): void {
    const draft = this.#draft;
    if (!draft) return;
    this.#draft = undefined;
    draft.turn.abort();
    draft.turn.playout.cut();
    this.#options.events.emit('draftDropped', draft.spent);
  }

  /** Silence, but keep what was not heard. */
  hold(turn: number): void {
    this.#playout.hold();
    this.#heldSinceMs = this.#options.clock.now();
    this.#options.events.emit('replyHeld', turn);
  }

  /** Goes on where the caller's ear was at {@link hold}. */
  resume(turn: number): void {
    const silentMs = this.#options.clock.now() - this.#heldSinceMs;
    this.#options.events.emit('replyResumed', { turn, silentMs });
    this.#playout.resume();
  }

  /** The caller cuts in, or the turn must end: silence first, then the turn, then the record of what was heard. */
  stop(at: 'voice' | 'command'): void {
    const reply = this.#reply;
    if (!reply) return;
    const heardMs = reply.audible ? this.#playout.stop() : 0;
    reply.turn.abort();
    reply.turn.playout.cut();
    if (reply.audible) this.#options.events.emit('bargeIn', reply.turn.number, at);
    this.#conclude(reply, heardMs, true);
  }

  /** Drops a turn of which nothing was heard; the words that it answers are pending again. */
  takeBack(): void {
    const reply = this.#reply;
    if (!reply) return;
    reply.turn.abort();
    reply.turn.playout.cut();
    // A caller who makes a sound is there: nobody need ask any more.
    this.#owed = reply.origin.kind === 'prompt' ? undefined : reply.origin.kind;
    if (reply.turn.ranTool) {
      this.#conclude(reply, 0, true);
      return;
    }
    this.#reply = undefined;
    this.#nextTurn = reply.turn.number;
    this.#options.words.putBack();
    this.#setHistory(this.#history.slice(0, reply.origin.historyLength));
  }

  /** The recogniser changed its mind about words that a turn has taken: the model shall see the better ones. */
  correct(callerText: string): void {
    const at = this.#history.findLastIndex((item) => item.role === 'caller');
    if (at >= 0) this.#setHistory(this.#history.with(at, { role: 'caller', text: callerText }));
    if (this.#reply) this.#reply.corrected(callerText);
    else this.#options.events.emit('callerCorrected', callerText, this.#nextTurn - 1);
  }

  /** Asks the model (or the script of the conversation itself) and sets its task going. */
  #begin(
    number: number,
    kind: ReplyOrigin['kind'],
    callerText: string,
    history: readonly HistoryItem[],
    draft?: 'text' | 'speech',
  ): Reply {
    const { clock, events, responder, synthesiser } = this.#options;
    const turn = new AgentTurn(number, {
      synthesiser,
      playout: this.#playout.prepare(number),
      voice: responder.voice,
      apology: responder.phrases.apology,
      draft,
      events: {
        onProgress: () => {
          reply.progressed(clock.now());
          if (this.#reply === reply) this.#options.onProgress(number);
        },
        onText: (text) => reply.said(text),
        onToolStarted: (call) => reply.toolStarted(call),
        onToolEnded: ({ type: _, ...ended }) => {
          this.#writeHistory(reply, this.#playout.heardMs);
          events.emit('toolEnded', { ...ended, turn: number });
        },
        onFailure: (code, error) => events.emit('fault', code, error),
      },
    });
    const reply = new Reply(turn, callerText, events);
    void turn.run((signal) => (kind === 'answer' ? responder.respond(history, signal) : this.#ownWords(kind)));
    return reply;
  }

  /** What the engine itself makes the agent say. */
  async *#ownWords(kind: 'opening' | 'prompt'): AsyncGenerator<ReplyPiece> {
    const { greeting, resumption, prompts, farewell } = this.#options.responder.phrases;
    if (kind === 'opening') {
      const isNew = this.#history.length === 0;
      yield { type: 'text', text: isNew ? greeting : resumption };
      return;
    }
    const prompt = prompts[this.#unansweredPrompts];
    this.#unansweredPrompts += 1;
    yield { type: 'text', text: prompt ?? farewell };
    if (prompt === undefined) yield { type: 'end-call', reason: 'caller-away' };
  }

  /** The draft, if it is an answer to these very words. Any other is dropped. */
  #takeDraft(number: number, callerText: string): Reply | undefined {
    const draft = this.#draft;
    this.#draftsOfTurn = 0;
    if (!draft) return;
    const { turn, promptedWith } = draft;
    if (turn.number === number && !turn.failed && saysTheSame(promptedWith, callerText)) {
      this.#draft = undefined;
      return draft;
    }
    this.dropDraft();
    return;
  }

  #conclude(reply: Reply, heardMs: number, interrupted: boolean): void {
    this.#reply = undefined;
    reply.tell();
    this.#writeHistory(reply, heardMs);
    const { fullText, heardText } = reply.turn.spoken(heardMs);
    if (fullText !== '')
      this.#options.events.emit('agentSpoke', { turn: reply.turn.number, fullText, heardText, interrupted });
  }

  /** What the turn did and what was heard of it so far. A tool's result is kept from the moment it is there. */
  #writeHistory({ turn, origin }: Reply, heardMs: number): void {
    const items = turn.history(heardMs);
    if (items.length > 0) this.#setHistory([...this.#history.slice(0, origin.ownFrom), ...items]);
  }

  #onAudible(turn: number): void {
    if (this.#reply?.turn.number !== turn) return;
    this.#reply.becameAudible(this.#options.clock.now());
    this.#options.onAudible(turn);
  }

  #onFrameSent(turn: number): void {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#progressedMs < PROGRESS_MS) return;
    this.#progressedMs = nowMs;
    this.#options.onProgress(turn);
  }

  /** The turn is over: all of it was played, or it had nothing to play. */
  #onPlayed(turn: number): void {
    const reply = this.#reply;
    if (reply?.turn.number !== turn) return;
    this.#conclude(reply, reply.turn.playout.sentMs, false);
    this.#options.onEnded(turn, reply.turn.endCallReason);
  }

  #setHistory(history: readonly HistoryItem[]): void {
    this.#history = history;
    this.#options.events.emit('historyChanged', history);
  }
}

/** A resumed conversation owes the answer that its first host did not get to give, if the caller waits for one. */
function owedAtStart(history: readonly HistoryItem[]): ReplyOrigin['kind'] {
  const last = history.at(-1);
  return last === undefined || last.role === 'agent' ? 'opening' : 'answer';
}
