import type { Cancel, Clock } from '../../shared/clock.ts';
import { FRAME_BYTES, FRAME_MS } from '../../shared/protocol/acs-media.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import { AgentTurn } from './agent-turn.ts';
import { CallerWords, type Hearing } from './caller-words.ts';
import { Playout } from './playout.ts';
import type {
  AudioSink,
  ConversationEvents,
  HistoryItem,
  OpenRecogniser,
  OpenVoiceActivity,
  Recogniser,
  ReplyPiece,
  Responder,
  Synthesiser,
  VoiceActivity,
} from './ports.ts';
import { Reply, type ReplyOrigin } from './reply.ts';
import { SpeechDetector } from './speech-detector.ts';
import { DEFAULT_TURN_POLICY, type TurnPolicy } from './turn-policy.ts';
import { type TurnEffect, type TurnEvent, type TurnState, transition } from './turn-taking.ts';

export interface ConversationOptions {
  readonly clock: Clock;
  readonly sink: AudioSink;
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly openRecogniser: OpenRecogniser;
  readonly synthesiser: Synthesiser;
  readonly responder: Responder;
  /** A resumed conversation: what was said before. It opens with an excuse instead of the greeting. */
  readonly history?: readonly HistoryItem[];
  readonly policy?: Partial<TurnPolicy>;
}

/** How long a failed voice-activity detector is left before another is opened. */
const REOPEN_DETECTOR_MS = 1000;
const REOPEN_RECOGNISER_MS = 10_000;
/** So many turns of sound without a word make a recogniser suspect; a fresh one is opened. */
const DEAF_AFTER_TURNS = 3;
const BYTES_PER_MS = FRAME_BYTES / FRAME_MS;

/**
 * A spoken conversation between one caller and one agent. Everything that happens becomes a {@link TurnEvent}; the one
 * transition function decides; this class does what it says. No method waits: the turn's own task does the waiting, so
 * that audio, stop commands and the caller's words are handled the moment they arrive.
 */
export class Conversation {
  readonly events = new TypedEvents<ConversationEvents>((event, error) => this.#listenerFailed(event, error));
  readonly #clock: Clock;
  readonly #options: ConversationOptions;
  readonly #policy: TurnPolicy;
  readonly #detector: SpeechDetector;
  readonly #words: CallerWords;
  readonly #playout: Playout;
  #history: readonly HistoryItem[];
  #state: TurnState = { name: 'listening' };
  #cancelTimer: Cancel = () => {};
  #timerFiresAtMs = Number.POSITIVE_INFINITY;
  #cancelDetectorReopen: Cancel = () => {};
  #cancelRecogniserReopen: Cancel = () => {};
  #voiceActivity: VoiceActivity | undefined;
  #recogniser: Recogniser | undefined;
  #reply: Reply | undefined;
  #nextTurn = 1;
  /** How much of the caller's audio has come, and up to where in it there was speech. */
  #receivedMs = 0;
  #spokenUntilMs = Number.NEGATIVE_INFINITY;
  /** When the newest audio came that the detector has judged. */
  #seenUntilMs = 0;
  #turnsWithoutWords = 0;
  #replyOwed: ReplyOrigin['kind'] | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#policy = { ...DEFAULT_TURN_POLICY, ...options.policy };
    this.#detector = new SpeechDetector(this.#policy);
    this.#words = new CallerWords(this.#policy.stablePartialMs);
    this.#history = options.history ?? [];
    this.#playout = new Playout({
      clock: options.clock,
      sink: options.sink,
      leadMs: this.#policy.playoutLeadMs,
      maxBufferedMs: this.#policy.maxBufferedMs,
      onAudible: (turn) => this.#onAudible(turn),
      onProgress: (turn) => this.#handle({ type: 'reply-progressed', turn }),
      onPlayed: (turn) => this.#onPlayed(turn),
    });
  }

  /** What was said and done, cut to what was heard. */
  get history(): readonly HistoryItem[] {
    return this.#history;
  }

  get state(): TurnState['name'] {
    return this.#state.name;
  }

  /** Opens the recogniser and the detector, and speaks first: the greeting, or what a resumed conversation owes. */
  start(): void {
    if (this.#recogniser || this.#state.name === 'closed') return;
    this.#openRecogniser();
    this.#openDetector();
    this.#replyOwed = owedAtStart(this.#history);
    this.#handle({ type: 'reply-owed' });
  }

  /** Takes the caller's audio: PCM16 mono 16 kHz, any length. */
  receiveAudio(pcm: Uint8Array): void {
    if (this.#state.name === 'closed') return;
    this.#receivedMs += pcm.length / BYTES_PER_MS;
    this.#voiceActivity?.write(pcm);
    this.#recogniser?.write(pcm);
  }

  /** Makes the agent be quiet, if it speaks. */
  interrupt(): void {
    this.#handle({ type: 'interrupted' });
  }

  /** Ends the conversation and everything that it opened. Safe to call twice. */
  close(reason: string): void {
    if (this.#state.name === 'closed') return;
    this.#handle({ type: 'closed' });
    this.#cancelDetectorReopen();
    this.#cancelRecogniserReopen();
    this.#voiceActivity?.close();
    this.#recogniser?.close();
    this.events.emit('ended', reason);
    this.events.removeAll();
  }

  #handle(event: TurnEvent): void {
    const before = this.#state;
    const nowMs = this.#clock.now();
    const context = {
      nowMs,
      words: this.#words.status(nowMs, this.#spokenUntilMs),
      unseenMs: nowMs - this.#seenUntilMs,
      replyOwed: this.#replyOwed !== undefined,
      nextTurn: this.#nextTurn,
    };
    const { state, effects } = transition(before, event, context, this.#policy);
    if (state === before) return;
    this.#state = state;
    this.#armDeadline(state);
    for (const effect of effects) this.#apply(effect);
    if (state.name !== before.name) this.events.emit('state', state.name);
  }

  /** A deadline that only moves away (with each frame sent) keeps its timer; when that fires early, it is set anew. */
  #armDeadline(state: TurnState): void {
    const deadlineMs = 'deadlineMs' in state ? state.deadlineMs : Number.POSITIVE_INFINITY;
    if (deadlineMs >= this.#timerFiresAtMs && deadlineMs !== Number.POSITIVE_INFINITY) return;
    this.#cancelTimer();
    this.#timerFiresAtMs = deadlineMs;
    this.#cancelTimer = () => {};
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, deadlineMs - this.#clock.now()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timerFiresAtMs = Number.POSITIVE_INFINITY;
    if ('deadlineMs' in this.#state && this.#state.deadlineMs > this.#clock.now()) this.#armDeadline(this.#state);
    else this.#handle({ type: 'deadline' });
  }

  #apply(effect: TurnEffect): void {
    switch (effect.type) {
      case 'start-reply':
        this.#startReply(effect.turn, effect.lastSpeechMs);
        return;
      case 'stop-reply':
        this.#stopReply();
        return;
      case 'take-back-reply':
        this.#takeBackReply();
        return;
      case 'no-words':
        this.#onNoWords();
        return;
      case 'stalled':
        this.events.emit('fault', 'reply.stalled', undefined);
    }
  }

  #startReply(number: number, lastSpeechMs: number): void {
    this.#nextTurn = number + 1;
    const historyLength = this.#history.length;
    const callerText = this.#words.take();
    if (callerText !== '') this.#setHistory([...this.#history, { role: 'caller', text: callerText }]);
    const history = this.#history;
    const kind = callerText === '' ? (this.#replyOwed ?? 'answer') : 'answer';
    this.#replyOwed = undefined;

    const { responder, synthesiser } = this.#options;
    const turn = new AgentTurn(number, {
      synthesiser,
      playout: this.#playout.begin(number),
      voice: responder.voice,
      apology: this.#policy.apology,
      events: {
        onProgress: () => this.#onReplyProgress(reply),
        onText: (text) => reply.said(text),
        onToolStarted: (call) => reply.toolStarted(call),
        onToolEnded: ({ type: _, ...ended }) => {
          this.#writeHistory(reply, this.#playout.heardMs);
          this.events.emit('toolEnded', { ...ended, turn: number });
        },
        onFailure: (code, error) => this.events.emit('fault', code, error),
      },
    });
    const decidedMs = this.#clock.now();
    const origin = { kind, callerText, lastSpeechMs, decidedMs, historyLength, ownFrom: history.length } as const;
    const reply = new Reply(turn, origin, this.events);
    this.#reply = reply;
    void turn.run((signal) => (kind === 'opening' ? this.#opening() : responder.respond(history, signal)));
  }

  async *#opening(): AsyncGenerator<ReplyPiece> {
    const isNew = this.#history.length === 0;
    yield { type: 'text', text: isNew ? this.#options.responder.greeting : this.#policy.resumption };
  }

  /** The caller cuts in, or the turn must end: silence first, then the turn, then the record of what was heard. */
  #stopReply(): void {
    const reply = this.#reply;
    if (!reply) return;
    const heardMs = reply.audible ? this.#playout.stop() : 0;
    reply.turn.abort();
    const at = this.#state.name === 'caller-speaking' ? 'voice' : 'command';
    if (reply.audible) this.events.emit('bargeIn', reply.turn.number, at);
    this.#concludeReply(reply, heardMs, true);
  }

  #takeBackReply(): void {
    const reply = this.#reply;
    if (!reply) return;
    reply.turn.abort();
    this.#replyOwed = reply.origin.kind;
    if (reply.turn.ranTool) {
      this.#concludeReply(reply, 0, true);
      return;
    }
    this.#reply = undefined;
    this.#nextTurn = reply.turn.number;
    this.#words.putBack();
    this.#setHistory(this.#history.slice(0, reply.origin.historyLength));
  }

  #concludeReply(reply: Reply, heardMs: number, interrupted: boolean): void {
    this.#reply = undefined;
    reply.tell();
    this.#writeHistory(reply, heardMs);
    const { fullText, heardText } = reply.turn.spoken(heardMs);
    if (fullText !== '') this.events.emit('agentSpoke', { turn: reply.turn.number, fullText, heardText, interrupted });
  }

  /** What the turn did and what was heard of it so far. A tool's result is kept from the moment it is there. */
  #writeHistory({ turn, origin }: Reply, heardMs: number): void {
    const items = turn.history(heardMs);
    if (items.length > 0) this.#setHistory([...this.#history.slice(0, origin.ownFrom), ...items]);
  }

  #onReplyProgress(reply: Reply): void {
    if (this.#reply !== reply) return;
    reply.progressed(this.#clock.now());
    this.#handle({ type: 'reply-progressed', turn: reply.turn.number });
  }

  #onAudible(turn: number): void {
    if (this.#reply?.turn.number !== turn) return;
    this.#reply.becameAudible(this.#clock.now());
    this.#handle({ type: 'reply-audible', turn });
  }

  /** The turn is over: all of it was played, or it had nothing to play. */
  #onPlayed(turn: number): void {
    const reply = this.#reply;
    if (reply?.turn.number !== turn) return;
    this.#concludeReply(reply, Number.POSITIVE_INFINITY, false);
    this.#handle({ type: 'reply-ended', turn });
    const { endCallReason } = reply.turn;
    if (endCallReason !== undefined && this.#words.pendingText === '') this.close(endCallReason);
  }

  #onWords(text: string, hearing: Hearing): void {
    if (this.#state.name === 'closed') return;
    this.#turnsWithoutWords = 0;
    const correction = this.#words.heard(text, hearing, this.#clock.now());
    const pending = this.#words.pendingText;
    if (pending !== '') this.events.emit('callerPartial', pending);
    if (correction) this.#correctHistory(correction.takenText);
    this.#handle({ type: correction?.settled ? 'words-corrected' : 'words-changed' });
  }

  /** The recogniser changed its mind about words that a turn has taken: the model shall see the better ones. */
  #correctHistory(text: string): void {
    const at = this.#history.findLastIndex((item) => item.role === 'caller');
    if (at >= 0) this.#setHistory(this.#history.with(at, { role: 'caller', text }));
    this.#reply?.corrected(text);
  }

  #openRecogniser(): void {
    const openedAtMs = this.#receivedMs;
    this.#recogniser = this.#options.openRecogniser({
      onPartial: (text, offsetMs, endMs) =>
        this.#onWords(text, { offsetMs: openedAtMs + offsetMs, endMs: openedAtMs + endMs, final: false }),
      onFinal: (text, offsetMs, endMs) =>
        this.#onWords(text, { offsetMs: openedAtMs + offsetMs, endMs: openedAtMs + endMs, final: true }),
      onNoWords: (offsetMs, endMs) => {
        this.#words.heardNothing(openedAtMs + offsetMs, openedAtMs + endMs);
        this.#handle({ type: 'words-changed' });
      },
      onState: (state, error) => this.#onRecogniserState(state, error),
    });
  }

  /** One that gave up is replaced: a call must not stay deaf because a key was being changed. */
  #onRecogniserState(state: 'ready' | 'recovering' | 'failed', error: Error | undefined): void {
    if (state === 'ready' || this.#state.name === 'closed') return;
    this.events.emit('fault', `recogniser.${state}`, error);
    if (state === 'recovering') return;
    this.#recogniser?.close();
    this.#cancelRecogniserReopen = this.#clock.after(REOPEN_RECOGNISER_MS, () => this.#openRecogniser());
  }

  /** Sound but no words, again and again: noise, or a recogniser that has gone deaf without saying so. */
  #onNoWords(): void {
    this.#turnsWithoutWords += 1;
    if (this.#turnsWithoutWords < DEAF_AFTER_TURNS) return;
    this.#turnsWithoutWords = 0;
    this.events.emit('fault', 'recogniser.deaf', undefined);
    this.#cancelRecogniserReopen();
    this.#recogniser?.close();
    this.#openRecogniser();
  }

  #openDetector(): void {
    this.#voiceActivity = this.#options.openVoiceActivity({
      onFrame: (probability, atMs) => this.#onDetectorFrame(probability, atMs),
      onFailure: (error) => this.#onDetectorFailure(error),
    });
  }

  #onDetectorFrame(probability: number, atMs: number): void {
    if (this.#state.name === 'closed') return;
    this.#seenUntilMs = atMs;
    const edge = this.#detector.frame(probability, atMs);
    if (this.#detector.lastSpeechMs === atMs) this.#spokenUntilMs = this.#receivedMs - (this.#clock.now() - atMs);
    if (edge?.type === 'started') {
      this.#words.speechStarted();
      this.#handle({ type: 'speech-started' });
    } else if (edge?.type === 'ended') {
      this.#handle({ type: 'speech-ended', lastSpeechMs: edge.lastSpeechMs });
    }
  }

  /** Deaf to voice the conversation still goes on by the recogniser's words, until a new detector is there. */
  #onDetectorFailure(error: Error): void {
    this.events.emit('fault', 'voice-activity.failed', error);
    this.#voiceActivity?.close();
    this.#voiceActivity = undefined;
    if (this.#detector.speaking) this.#handle({ type: 'speech-ended', lastSpeechMs: this.#clock.now() });
    this.#spokenUntilMs = Number.NEGATIVE_INFINITY;
    this.#detector.reset();
    if (this.#state.name === 'closed') return;
    this.#cancelDetectorReopen = this.#clock.after(REOPEN_DETECTOR_MS, () => this.#openDetector());
  }

  #setHistory(history: readonly HistoryItem[]): void {
    this.#history = history;
    this.events.emit('historyChanged', history);
  }

  #listenerFailed(event: string, error: unknown): void {
    if (event !== 'fault') this.events.emit('fault', 'listener.failed', error);
  }
}

/** A resumed conversation owes the answer that its first host did not get to give, if the caller waits for one. */
function owedAtStart(history: readonly HistoryItem[]): ReplyOrigin['kind'] {
  const last = history.at(-1);
  return last === undefined || last.role === 'agent' ? 'opening' : 'answer';
}
