import type { Clock } from '../../shared/clock.ts';
import { type HistoryItem, pressedText } from '../../shared/sessions/history.ts';
import type { CallAction, Responder } from '../contract/agent.ts';
import type { Attention, CallNews } from '../contract/call-news.ts';
import type { Ending, SessionEmitter } from '../contract/events.ts';
import type { Mode } from '../contract/mode.ts';
import type { Mouth, MouthEvents } from '../contract/mouth.ts';
import type { StandbyVoice, Synthesiser } from '../contract/speech.ts';
import { History } from '../dialogue/history.ts';
import type { Correction } from './ear/caller-words.ts';
import { type Ear, type OpenEar, soundAgeMs } from './ear/ear.ts';
import { PressedKeys } from './ear/pressed-keys.ts';
import { isBackchannel, mayBecomeBackchannel } from './language/backchannel.ts';
import { type Language, languageFor } from './language/language.ts';
import { isPresenceCheck, mayBecomePresenceCheck } from './language/presence-check.ts';
import { Replies } from './mouth/replies.ts';
import { Endpointer } from './turns/endpointer.ts';
import { StateMachine } from './turns/state-machine.ts';
import { INITIAL_TURN_STATE } from './turns/turn-moves.ts';
import { type PlayoutPolicy, type TurnPolicy, type TurnPolicyChanges, turnPolicy } from './turns/turn-policy.ts';
import type { TurnContext, TurnEffect, TurnEvent, TurnState } from './turns/turn-state.ts';
import { transition } from './turns/turn-taking.ts';

export interface ConversationOptions {
  readonly clock: Clock;
  readonly events: SessionEmitter;
  readonly openEar: OpenEar;
  readonly openMouth: (events: MouthEvents, policy: PlayoutPolicy) => Mouth;
  readonly synthesiser: Synthesiser;
  /** Speaks while the caller waits and where the synthesiser fails. Without it there is silence then. */
  readonly standby?: StandbyVoice | undefined;
  readonly responder: Responder;
  /** A resumed conversation: what was said before. It opens with an excuse instead of the greeting. */
  readonly history?: readonly HistoryItem[];
  /** The number of the last turn of what was said before. */
  readonly turns?: number;
  /** We have placed the call: what its callee says first, such as his name, is no answer to the greeting. */
  readonly isPlaced?: boolean;
  readonly policy?: TurnPolicyChanges;
  /** Does what the agent wants done with the call. */
  readonly act?: ((action: CallAction) => void) | undefined;
}

/** So young an answer is better begun anew than given to half of what was asked. */
const FRESH_MS = 600;
/**
 * A voice without words must have lasted so long to be asked what it said, and one that is no voice beyond doubt longer:
 * of forty coughs on two lines none lasted 400 ms, and a "Hello?" over the telephone is as doubtful as they.
 */
const WORTH_ASKING_MS = 300;
const DOUBTFUL_WORTH_ASKING_MS = 500;
/** Words that sound less finished than this are no reason to ask the model early. */
const LEAST_DRAFT_LIKELIHOOD = 0.35;

/**
 * A spoken conversation between one caller and one agent. Everything that happens becomes a {@link TurnEvent}; the one
 * transition function decides; this class does what it says. No method waits: the turn's own task does the waiting, so
 * that audio, stop commands and the caller's words are handled the moment they arrive.
 */
export class Conversation implements Mode {
  readonly #events: SessionEmitter;
  readonly #clock: Clock;
  readonly #policy: TurnPolicy;
  readonly #language: Language;
  readonly #ear: Ear;
  readonly #history: History;
  readonly #keys: PressedKeys;
  readonly #endpointer: Endpointer;
  readonly #replies: Replies;
  readonly #floor: StateMachine<TurnState, TurnEvent, TurnEffect>;
  readonly #act: (action: CallAction) => void;
  #attention: Attention = 'caller';
  #started = false;

  /** @throws {ConfigError} for a policy that contradicts itself */
  constructor(options: ConversationOptions) {
    this.#clock = options.clock;
    this.#events = options.events;
    this.#act = options.act ?? (() => {});
    this.#history = new History(options.events, options.history ?? []);
    this.#policy = turnPolicy(options.policy);
    this.#language = languageFor(options.responder.locale);
    this.#endpointer = new Endpointer(this.#policy.endpointing, this.#language);
    this.#floor = new StateMachine<TurnState, TurnEvent, TurnEffect>({
      clock: options.clock,
      events: options.events,
      initial: INITIAL_TURN_STATE,
      next: (state, event) => transition(state, event, this.#context(this.#clock.now()), this.#policy),
      apply: (effect) => this.#apply(effect),
    });
    this.#ear = options.openEar({
      clock: options.clock,
      policy: this.#policy,
      agentsWords: () => this.#replies.agentsWords,
      events: {
        onSpeechStarted: () => this.#onSpeechStarted(),
        onSpeechEnded: (lastSpeechMs) => this.#onSpeechEnded(lastSpeechMs),
        onWords: (correction) => this.#onWords(correction),
        onFault: (code, error) => this.#events.emit('fault', { code, error }),
      },
    });
    this.#replies = new Replies({
      clock: options.clock,
      openMouth: (events) => options.openMouth(events, this.#policy.playout),
      synthesiser: options.synthesiser,
      standby: options.standby,
      responder: options.responder,
      policy: this.#policy,
      turns: options.turns ?? 0,
      isPlaced: options.isPlaced ?? false,
      history: this.#history,
      words: this.#ear.words,
      events: this.#events,
      onAudible: (turn) => this.#handle({ type: 'reply-audible', turn }),
      onBegin: (action) => this.#act(action),
      onEnded: (turn, ending, actions) => this.#onReplyEnded(turn, ending, actions),
      onSent: (frame, playsAtMs) => this.#ear.agentSends(frame, playsAtMs),
      onSilenced: (atMs) => this.#ear.agentSilenced(atMs),
    });
    this.#keys = new PressedKeys(options.clock, (keys, lastMs) => this.#onKeys(keys, lastMs));
  }

  /** What was said and done, cut to what was heard. */
  get history(): readonly HistoryItem[] {
    return this.#history.items;
  }

  get state(): TurnState['name'] {
    return this.#floor.state.name;
  }

  /**
   * Opens the recogniser and the detector, and speaks first: the greeting, or what a resumed conversation owes. One of which
   * the caller has not noticed that it was interrupted owes nothing.
   */
  start(isUnnoticed = false): void {
    if (this.#started || this.#floor.state.name === 'closed') return;
    this.#started = true;
    this.#ear.open();
    if (isUnnoticed) this.#replies.owesNothing();
    // What is to be said may have been told before.
    this.#handle(this.#replies.isOwed ? { type: 'reply-owed' } : { type: 'attention', hearing: false });
  }

  audio(pcm: Uint8Array): void {
    this.#ear.write(this.#attention === 'nobody' ? new Uint8Array(pcm.length) : pcm);
  }

  told(news: CallNews): void {
    if (this.#floor.state.name === 'closed') return;
    this.#events.atomic(() => {
      this.#replies.tell(news);
      if (news.speech !== 'none' && this.#started) this.#handle({ type: 'reply-owed' });
    });
  }

  attend(to: Attention): void {
    const hearing = (to === 'nobody') !== (this.#attention === 'nobody');
    this.#attention = to;
    if (hearing) this.#replies.news.callerHears(to !== 'nobody');
    if (this.#started) this.#handle({ type: 'attention', hearing });
  }

  pressed(tone: string): void {
    if (this.#floor.state.name === 'closed' || this.#attention === 'nobody') return;
    this.#events.emit('callerPressed', { tone });
    this.#keys.press(tone);
    this.#handle({ type: 'pressed' });
  }

  typed(text: string): void {
    if (this.#floor.state.name === 'closed') return;
    this.#ear.words.given(text, this.#clock.now());
    this.#events.emit('callerPartial', { text: this.#ear.words.pendingText });
    this.#handle({ type: 'typed' });
  }

  /** Makes the agent be quiet, if it speaks. */
  interrupt(): void {
    this.#handle({ type: 'interrupted' });
  }

  /** Ends the conversation and everything that it opened. Safe to call twice. @param words see `Ending` */
  close(reason: string, words?: string): void {
    if (this.#floor.state.name === 'closed') return;
    this.#events.atomic(() => {
      this.#replies.dropDraft();
      this.#handle({ type: 'closed' });
      this.#ear.close();
      this.#keys.close();
      this.#events.emit('ended', { reason, ...(words !== undefined && { words }) });
    });
  }

  #handle(event: TurnEvent): void {
    this.#floor.handle(event);
  }

  /** What the transition function may know of an event. */
  #context(nowMs: number): TurnContext {
    const ear = this.#ear;
    const { words } = ear;
    const replies = this.#replies;
    const { audibleSinceMs } = replies;
    const worthAskingMs = ear.voiceIsLikely ? WORTH_ASKING_MS : DOUBTFUL_WORTH_ASKING_MS;
    const isWorthAsking = ear.utteranceMs >= worthAskingMs && replies.mayAskAgain;
    return {
      nowMs,
      words: words.status(nowMs, ear.spokenUntilMs),
      interjection: this.#interjection(),
      callerSpeaks: ear.speaking,
      voicelessMs: ear.voicelessMs,
      voiceHums: ear.voiceHums,
      voiceIsClear: ear.voiceIsClear,
      voiceEndedMs: isWorthAsking ? ear.lastSpeechMs : Number.NEGATIVE_INFINITY,
      // Words that were still on their way when the answer began are of the question.
      wordsMayInterrupt: words.hasGiven || nowMs - audibleSinceMs < FRESH_MS || ear.lastVoiceMs > audibleSinceMs,
      holdMs: this.#endpointer.holdMs(words.pendingText),
      unseenMs: nowMs - ear.seenUntilMs,
      wordsAreLate: !words.cover(ear.spokenUntilMs),
      agentTextMs: replies.lastTextMs,
      agentHeardUntilMs: replies.heardUntilMs,
      replyOwed: replies.isOwed,
      silenced: this.#attention === 'nobody',
      mayPrompt: this.#policy.away.afterMs > 0 && replies.hasPrompt && this.#attention === 'caller',
      nextTurn: replies.nextTurn,
    };
  }

  #interjection(): TurnContext['interjection'] {
    const text = this.#ear.words.pendingText;
    // Nobody presses or types what means nothing, and no echo does.
    if (this.#ear.words.hasGiven) return 'words';
    if (text === '' || this.#ear.mayEcho(text)) return 'none';
    const isOpen = !this.#ear.words.pendingIsFinal;
    const isHeard = this.#replies.audibleSinceMs !== Number.POSITIVE_INFINITY;
    if (!isHeard) {
      // Into an answer that is not heard yet, "hello?" and "okay" ask for nothing that is not being done.
      if (isPresenceCheck(text, this.#language)) return 'backchannel';
      if (isOpen && mayBecomePresenceCheck(text, this.#language)) return 'begun';
    }
    const { backchannels, backchannelTailMs } = this.#policy.interruption;
    // At the end of what the agent says, "okay" is an answer.
    if (!backchannels || (isHeard && this.#replies.unheardMs <= backchannelTailMs)) return 'words';
    if (isBackchannel(text, this.#language)) return 'backchannel';
    return isOpen && mayBecomeBackchannel(text, this.#language) ? 'begun' : 'words';
  }

  #apply(effect: TurnEffect): void {
    switch (effect.type) {
      case 'hold-reply':
        this.#replies.hold(effect.turn, soundAgeMs(this.#ear, this.#clock.now()));
        return;
      case 'resume-reply':
        if (effect.misled) this.#ear.misled();
        this.#replies.resume(effect.turn);
        return;
      case 'stop-reply':
        this.#replies.stop(effect.cause);
        if (effect.cause === 'voice') this.#ear.confirmed();
        return;
      case 'put-by-reply':
        this.#replies.putBy();
        return;
      case 'stop-filling':
        this.#replies.stopFilling(effect.cause);
        return;
      case 'take-back-reply':
        this.#replies.takeBack();
        return;
      case 'draft-reply':
        this.#draftReply();
        return;
      case 'start-reply':
        this.#replies.start(effect.turn, effect.lastSpeechMs);
        return;
      case 'prompt-caller':
        this.#replies.start(effect.turn, this.#clock.now(), 'prompt');
        return;
      case 'ask-again':
        this.#replies.start(effect.turn, this.#clock.now(), 'again');
        return;
      case 'dismiss-words':
        this.#events.emit('callerAcknowledged', { text: this.#ear.words.pendingText });
        this.#ear.words.dismiss();
        return;
      case 'ignore-sound':
        this.#ear.ignoreSound();
        return;
      case 'no-words':
        // The recogniser may have taken back what a draft was begun for.
        this.#replies.dropDraft();
        this.#ear.noWords();
        return;
      case 'fill-wait':
        this.#replies.fill(effect.turn, effect.kind);
        return;
      case 'stalled':
        this.#events.emit('fault', { code: 'reply.stalled', ofTurn: effect.turn });
        return;
      case 'hang-up':
        this.close('no-answer');
    }
  }

  /** An early answer needs all of what was said, and words that may well be the last. */
  #draftReply(): void {
    const { words, spokenUntilMs } = this.#ear;
    const promising = this.#endpointer.likelihood(words.pendingText) >= LEAST_DRAFT_LIKELIHOOD;
    if (promising && words.cover(spokenUntilMs)) this.#replies.draft();
    else this.#replies.dropDraft();
  }

  #onReplyEnded(turn: number, ending: Ending | undefined, actions: readonly CallAction[]): void {
    this.#handle({ type: 'reply-ended', turn });
    for (const action of actions) this.#act(action);
    // Who puts a caller through does not hang up on him.
    if (ending !== undefined && actions.length === 0) this.close(ending.reason, ending.words);
  }

  #onSpeechStarted(): void {
    const { name } = this.#floor.state;
    if (name === 'endpointing' || name === 'awaiting-words' || name === 'thinking') {
      const pauseMs = this.#clock.now() - this.#floor.state.lastSpeechMs;
      // Who speaks into a long wait for the answer had finished: no pause is waited for so long.
      const hadFinished = name === 'thinking' && pauseMs > this.#policy.endpointing.maxHoldMs;
      if (!hadFinished) this.#endpointer.wentOn(pauseMs);
    }
    this.#replies.dropDraft();
    this.#handle({ type: 'speech-started' });
  }

  #onSpeechEnded(lastSpeechMs: number): void {
    this.#handle({ type: 'speech-ended', lastSpeechMs });
  }

  /** Pressed keys are words, and need not wait for the agent to finish. Who has pressed them waits since the last one. */
  #onKeys(keys: string, lastMs: number): void {
    this.#ear.words.given(pressedText(keys), this.#clock.now());
    this.#tellPartial();
    this.#handle({ type: 'words-changed', givenMs: lastMs });
  }

  #onWords(correction: Correction | undefined): void {
    this.#tellPartial();
    if (correction) this.#replies.correct(correction.takenText);
    this.#handle({ type: correction?.settled ? 'words-corrected' : 'words-changed' });
  }

  #tellPartial(): void {
    const pending = this.#ear.words.pendingText;
    if (pending !== '') this.#events.emit('callerPartial', { text: pending });
  }
}
