import type { Clock } from '../../../shared/clock.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { CallAction } from '../../contract/agent.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { Ending, SessionEmitter, WaitFilling } from '../../contract/events.ts';
import type { Mouth, MouthEvents, StopCause } from '../../contract/mouth.ts';
import type { Synthesiser } from '../../contract/speech.ts';
import { earOf, tellActions } from '../../dialogue/call-actions.ts';
import { type CallerWords, saysTheSame } from '../ear/caller-words.ts';
import type { TurnPolicy } from '../turns/turn-policy.ts';
import { AgentTurn } from './agent-turn.ts';
import { OwnSentences, type OwnSentencesOptions } from './own-sentences.ts';
import { PendingNews } from './pending-news.ts';
import { owedAtStart, Reply, type ReplyOrigin } from './reply.ts';

export interface RepliesOptions extends OwnSentencesOptions {
  readonly clock: Clock;
  readonly openMouth: (events: MouthEvents) => Mouth;
  readonly synthesiser: Synthesiser;
  readonly policy: TurnPolicy;
  /** The number of the last turn before. */
  readonly turns: number;
  readonly words: CallerWords;
  readonly events: SessionEmitter;
  readonly onAudible: (turn: number) => void;
  readonly onBegin: (action: CallAction) => void;
  /** The turn is over and on record. With a reason, the agent wants to hang up now; it wants these things of the call. */
  readonly onEnded: (turn: number, ending: Ending | undefined, actions: readonly CallAction[]) => void;
  readonly onSent: (frame: Uint8Array, playsAtMs: number) => void;
  readonly onSilenced: (atMs: number) => void;
}

/** How often it is told how far the voice is, at most. */
const HEARD_EVERY_MS = 200;

/**
 * The agent's side of a conversation: the turn in progress, a draft of the next one, and what both add to the history.
 * Does what the transition function decided; decides nothing itself.
 */
export class Replies {
  readonly #options: RepliesOptions;
  readonly #mouth: Mouth;
  #reply: Reply | undefined;
  #draft: Reply | undefined;
  #draftsOfTurn = 0;
  #nextTurn: number;
  #owed: ReplyOrigin['kind'] | undefined;
  /** What is owed had been told, and keeps its number and its caller's words. */
  #toldUnheard: Reply | undefined;
  /** The conversation was cut off before, and its caller has not been told so yet. */
  #owesExcuse: boolean;
  #askedAgain = false;
  readonly #sentences: OwnSentences;
  /** What has happened in the call that no turn has taken up. While the caller does not hear, what he is owed waits, too. */
  readonly news = new PendingNews();
  #heldSinceMs = 0;
  #heardToldMs = 0;

  constructor(options: RepliesOptions) {
    this.#options = options;
    this.#nextTurn = options.turns + 1;
    this.#owed = owedAtStart(options.history.items);
    this.#owesExcuse = options.history.length > 0;
    this.#sentences = new OwnSentences(options);
    this.#mouth = options.openMouth({
      onAudible: (turn) => this.#onAudible(turn),
      onPlayed: (turn) => this.#onPlayed(turn),
      onSent: (frame, playsAtMs) => {
        options.onSent(frame, playsAtMs);
        this.#tellHeard();
      },
      onSilenced: options.onSilenced,
    });
  }

  get nextTurn(): number {
    return this.#unfinished()?.turn.number ?? this.#nextTurn;
  }

  /** A reply that nobody has heard anything of was dropped, or the first one was not given yet. */
  get isOwed(): boolean {
    return this.#nextKind !== undefined;
  }

  get #nextKind(): ReplyOrigin['kind'] | undefined {
    return this.news.isSilent ? this.news.kind : (this.#owed ?? this.news.kind);
  }

  /** There is something left to say to a caller who is silent. */
  get hasPrompt(): boolean {
    return this.#sentences.hasPrompt;
  }

  /** The caller has not been asked to say it again since there were words. */
  get mayAskAgain(): boolean {
    return !this.#askedAgain;
  }

  /** When the newest words of the answer in progress came from the model; minus infinity where none did. */
  get lastTextMs(): number {
    return this.#reply?.lastTextMs ?? Number.NEGATIVE_INFINITY;
  }

  /** When the turn in progress was first heard; infinite while it was not. */
  get audibleSinceMs(): number {
    return this.#reply?.audibleSinceMs ?? Number.POSITIVE_INFINITY;
  }

  /** How much more of the turn in progress the caller would hear; infinite while nobody knows. */
  get unheardMs(): number {
    return this.#mouth.unheardMs;
  }

  /** Until when the caller hears the agent, as far as it has spoken. */
  get heardUntilMs(): number {
    return this.#mouth.playedOutAtMs;
  }

  /** What the caller may hear, and so the line may bring back: this turn, and the one before while its echo lasts. */
  get agentsWords(): string {
    const last = this.#options.history.items.findLast((item) => item.role === 'agent');
    return [last?.text, this.#reply?.turn.spoken(0).fullText].join(' ');
  }

  /** A resumed conversation goes on as if it had not been interrupted. */
  owesNothing(): void {
    this.#owed = undefined;
    this.#owesExcuse = false;
  }

  /** Starts turn `number` with all words that are pending, or with what is owed or unasked. */
  start(number: number, lastSpeechMs: number, unasked?: ReplyOrigin['kind']): void {
    const { history, words, clock } = this.#options;
    const unfinished = this.#unfinished();
    this.#nextTurn = Math.max(this.#nextTurn, number + 1);
    this.news.takeDown(history);
    const historyLength = history.length;
    // The words of an unfinished turn stay taken: they may be corrected once more.
    const callerText = unfinished || this.news.isSilent ? '' : words.take();
    const greets = !words.takenWereGiven && this.#sentences.isHello(callerText);
    const kind = callerText === '' ? (unasked ?? this.#nextKind ?? 'answer') : greets ? 'opening' : 'answer';
    const news = this.news.take(kind, this.#options.responder.phrases.greeting);
    const decidedMs = clock.now();
    const [wordsMs, isTyped] = callerText === '' ? [decidedMs, false] : [words.takenChangedMs, words.takenWereGiven];
    const draft = this.#takeDraft(number, callerText);
    if (callerText !== '') {
      history.append({ role: 'caller', text: callerText });
      this.#sentences.callerIsThere(greets);
      this.#askedAgain = false;
    }
    if (!this.news.isSilent) {
      this.#owed = undefined;
      this.#toldUnheard = undefined;
    }
    const reply = draft ?? this.#begin(number, kind, callerText, history.items, undefined, news.line);
    reply.news = news.all;
    const ownFrom = history.length;
    if (unfinished) reply.adoptAgain(unfinished, { wordsMs: words.takenChangedMs, decidedMs, ownFrom });
    else reply.adopt({ kind, callerText, isTyped, lastSpeechMs, wordsMs, decidedMs, historyLength, ownFrom });
    this.#reply = reply;
    this.#mouth.play(reply.turn.utterance);
  }

  /** Begins an answer to the pending words, unless it is begun already or the turn has cost enough drafts. */
  draft(): void {
    const { mode, maxPerTurn } = this.#options.policy.drafts;
    const callerText = this.#options.words.pendingText;
    if (this.#draft && saysTheSame(this.#draft.promptedWith, callerText)) return;
    this.dropDraft();
    if (mode === 'off' || this.#draftsOfTurn >= maxPerTurn || this.#sentences.isHello(callerText)) return;
    this.#draftsOfTurn += 1;
    this.news.takeDown(this.#options.history);
    const history: readonly HistoryItem[] = [...this.#options.history.items, { role: 'caller', text: callerText }];
    this.#draft = this.#begin(this.#nextTurn, 'answer', callerText, history, mode);
  }

  /** The pending words are not what they were: what was begun for them is thrown away unheard. */
  dropDraft(): void {
    const draft = this.#draft;
    if (!draft) return;
    this.#draft = undefined;
    draft.turn.abort();
    this.#options.events.emit('draftDropped', draft.spent);
  }

  /** Silence, but keep what was not heard. `soundMs`: how long ago the sound began that it is for. */
  hold(turn: number, soundMs?: number): void {
    this.#mouth.hold();
    this.#heldSinceMs = this.#options.clock.now();
    if (this.#reply?.audible)
      this.#options.events.emit('replyHeld', { turn, ...(soundMs !== undefined && { soundMs }) });
  }

  /** Goes on where the caller's ear was at {@link hold}. */
  resume(turn: number): void {
    const silentMs = this.#options.clock.now() - this.#heldSinceMs;
    if (this.#reply?.audible) this.#options.events.emit('replyResumed', { turn, silentMs });
    this.#mouth.resume();
  }

  /** The caller waits: something is said that is no part of the answer. */
  fill(turn: number, kind: WaitFilling): void {
    const speech = this.#sentences.filling(kind);
    if (!speech) return;
    this.#reply?.tell();
    if (kind === 'give-up') this.#reply?.giveUp();
    this.#mouth.fill(speech.pcm);
    this.#options.events.emit('waitFilled', { turn, kind, text: speech.text });
  }

  /** What fills a wait in which there is no turn yet falls silent. */
  stopFilling(cause: StopCause): void {
    if (!this.#reply) this.#mouth.stop(cause);
  }

  /** The caller cuts in, or the turn must end: silence first, then the turn, then the record of what was heard. */
  stop(cause: StopCause): void {
    const reply = this.#reply;
    if (!reply) return;
    const heardMs = this.#mouth.stop(cause);
    reply.turn.abort();
    const byCaller = cause === 'voice' || cause === 'command';
    if (reply.audible && byCaller) this.#options.events.emit('bargeIn', { turn: reply.turn.number, by: cause });
    this.#conclude(reply, heardMs, true);
  }

  /** The caller hears nothing from now on: what he has not heard of the turn is no history, and is owed to him. */
  putBy(): void {
    this.dropDraft();
    const reply = this.#reply;
    if (!reply) this.#mouth.stop('command');
    else if (!reply.audible) this.takeBack();
    if (!reply?.audible) return;
    const heardMs = this.#mouth.stop('gave-up');
    reply.turn.abort();
    const { kind } = reply.origin;
    if (kind === 'answer' || kind === 'opening') this.#owed = kind;
    this.news.putBack(reply.news);
    reply.news = [];
    this.#conclude(reply, heardMs, true);
  }

  /**
   * Drops a turn of which nothing was heard; the words that it answers are pending again. A turn of which the caller was
   * told something has happened, and what was asked, too: unless there are new words, it is begun anew as the same turn.
   */
  takeBack(): void {
    const reply = this.#reply;
    if (!reply) return;
    this.#mouth.stop('voice');
    reply.turn.abort();
    // A caller who makes a sound is there, and speaks: nobody need ask any more.
    const { kind } = reply.origin;
    this.news.putBack(reply.news);
    reply.news = [];
    this.#owed = kind === 'prompt' || kind === 'again' || kind === 'line' ? undefined : kind;
    if (reply.told) {
      this.#toldUnheard = this.#owed && reply;
      this.#conclude(reply, 0, true);
      return;
    }
    this.#reply = undefined;
    this.#nextTurn = reply.turn.number;
    this.#options.words.putBack();
    this.#options.history.replaceFrom(reply.origin.historyLength, []);
  }

  /** Something has happened in the call. It is on record, and spoken of, from the next turn on. */
  tell(news: CallNews): void {
    // An answer that was begun early does not know of it.
    this.dropDraft();
    this.news.add(news);
    // A turn rewrites what stands after its beginning.
    if (!this.#reply) this.news.takeDown(this.#options.history);
  }

  /** The recogniser changed its mind about words that a turn has taken: the model shall see the better ones. */
  correct(text: string): void {
    const { history, events } = this.#options;
    const at = history.items.findLastIndex((item) => item.role === 'caller');
    if (at >= 0) history.rewrite(at, { role: 'caller', text });
    if (this.#reply) this.#reply.corrected(text);
    else events.emit('callerCorrected', { text, turn: this.#nextTurn - 1 });
  }

  #unfinished(): Reply | undefined {
    if (this.news.isSilent) return undefined;
    return this.#options.words.pendingText === '' ? this.#toldUnheard : undefined;
  }

  #tellHeard(): void {
    const reply = this.#reply;
    const nowMs = this.#options.clock.now();
    if (!reply?.told || nowMs - this.#heardToldMs < HEARD_EVERY_MS) return;
    this.#heardToldMs = nowMs;
    const { heardText } = reply.turn.spoken(this.#mouth.heardMs);
    this.#options.events.emit('agentHeard', { turn: reply.turn.number, heardText });
  }

  /** Asks the model (or the script of the conversation itself) and sets its task going. */
  #begin(
    number: number,
    kind: ReplyOrigin['kind'],
    callerText: string,
    history: readonly HistoryItem[],
    draft?: 'text' | 'speech',
    line?: string,
  ): Reply {
    const { clock, events, responder, synthesiser } = this.#options;
    const turn = new AgentTurn(number, {
      synthesiser,
      utterance: this.#mouth.prepare(number),
      voice: responder.voice,
      locale: responder.locale,
      preface: kind === 'answer' && this.#owesExcuse && !this.news.isSilent ? this.#sentences.excuse : undefined,
      // Whoever was told that there is no answer need not be told that it failed.
      standIn: (failure, hangsUp) => {
        if (hangsUp) return this.#sentences.goodbye(kind);
        return reply.gaveUp ? undefined : this.#sentences.insteadOf(kind, failure, line);
      },
      draft,
      events: {
        onProgress: (characters) => reply.progressed(characters, clock.now()),
        onText: (text) => reply.said(text, clock.now()),
        onToolStarted: (call) => reply.toolStarted(call),
        onToolEnded: ({ type: _, ...ended }) => {
          this.#writeHistory(reply, this.#mouth.heardMs);
          events.emit('toolEnded', { ...ended, turn: number });
        },
        onBegin: (action) => this.#options.onBegin(action),
        onFailure: (code, error) => events.emit('fault', { code, error, ofTurn: number }),
      },
    });
    const reply = new Reply(turn, callerText, events);
    const own = () => this.#sentences.own(kind, line);
    void turn.run((signal) => (kind === 'answer' ? responder.respond(history, signal) : own()));
    return reply;
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
    const { heardText, fullText } = reply.turn.spoken(heardMs);
    if (reply.origin.kind === 'opening') this.#sentences.greeted(heardText);
    // What was to be done with the call once it was heard is not done.
    if (interrupted) this.#note(reply.turn, 'cancelled');
    for (const { onSpoken } of reply.news) onSpoken?.(!interrupted && !reply.turn.failed);
    // Two tones in place of words are heard too, and somebody waits for their end.
    if (!reply.audible) return;
    const words = { heardText, fullText, ...earOf(reply.news) };
    this.#options.events.emit('agentSpoke', { turn: reply.turn.number, ...words, interrupted });
  }

  /** What the turn did and what was heard of it so far. A tool's result is kept from the moment it is there. */
  #writeHistory({ turn, origin, news }: Reply, heardMs: number): void {
    const items = turn.history(heardMs, news);
    if (items.length > 0) this.#options.history.replaceFrom(origin.ownFrom, items);
  }

  /** What becomes of what the agent wanted to do with the call. */
  #note(turn: AgentTurn, state: 'begun' | 'cancelled'): void {
    const { history, events } = this.#options;
    tellActions(turn, state, events, (item) => history.append(item));
  }

  #onAudible(turn: number): void {
    if (this.#reply?.turn.number !== turn) return;
    if (!this.news.isSilent) this.#owesExcuse = false;
    if (this.#reply.origin.kind === 'again') this.#askedAgain = true;
    this.#reply.becameAudible(this.#options.clock.now());
    this.#options.onAudible(turn);
  }

  /** The turn is over: all of it was played, or it had nothing to play. */
  #onPlayed(turn: number): void {
    const reply = this.#reply;
    if (reply?.turn.number !== turn) return;
    this.#conclude(reply, reply.turn.utterance.sentMs, false);
    const { ending, actions } = reply.turn;
    // A caller who has said something meanwhile may want something else.
    const isCut = this.#options.words.pendingText !== '';
    this.#note(reply.turn, isCut ? 'cancelled' : 'begun');
    this.#options.onEnded(turn, isCut ? undefined : ending, isCut ? [] : actions);
  }
}
