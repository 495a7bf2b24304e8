import { pressedText } from '../../../shared/sessions/history.ts';
import type { CallAction } from '../../contract/agent.ts';
import type { Attention, CallNews } from '../../contract/call-news.ts';
import type { Ending } from '../../contract/events.ts';
import type { Mode, ModeHost } from '../../contract/mode.ts';
import type { Mouth } from '../../contract/mouth.ts';
import type { RealtimeBrief, RealtimeSession } from '../../contract/realtime.ts';
import { type Ear, soundAgeMs } from '../../conversation/ear/ear.ts';
import { PressedKeys } from '../../conversation/ear/pressed-keys.ts';
import { languageFor } from '../../conversation/language/language.ts';
import { StateMachine } from '../../conversation/turns/state-machine.ts';
import { type TurnPolicy, turnPolicy } from '../../conversation/turns/turn-policy.ts';
import { History } from '../../dialogue/history.ts';
import { Answers } from './answers.ts';
import { CallerSide } from './caller-side.ts';
import { type FloorEffect, type FloorEvent, type FloorState, INITIAL_FLOOR } from './floor.ts';
import { floorContext } from './floor-context.ts';
import { floorAfter } from './floor-transition.ts';
import { handOver } from './handover.ts';
import { Ledger } from './ledger.ts';
import { openLiveEar } from './live-ear.ts';
import { openLiveMouth } from './live-mouth.ts';
import { OnHold } from './on-hold.ts';
import { OwnClips } from './own-clips.ts';
import { type OwnLine, OwnLines } from './own-lines.ts';
import { serviceEvents } from './service-events.ts';
import { ServiceLink } from './service-link.ts';
import { briefOf, standbyClip, tellsOf, type VoiceLiveOptions } from './voice-live-options.ts';

/** A session that was replaced within this time needs no excuse. */
const UNNOTICED_MS = 1000;
/** Why a call ends whose service is gone. */
const SERVICE_LOST = 'service-lost';

/**
 * One call that a speech-to-speech service answers. What happens on the line, in the service and by the clock becomes a
 * {@link FloorEvent}; one transition function decides; this class does what it says.
 */
export class VoiceLiveCall implements Mode {
  readonly #options: VoiceLiveOptions;
  readonly #host: ModeHost;
  readonly #policy: TurnPolicy;
  readonly #ledger: Ledger;
  readonly #floor: StateMachine<FloorState, FloorEvent, FloorEffect>;
  readonly #caller: CallerSide;
  readonly #answers: Answers;
  readonly #clips: OwnClips;
  readonly #lines: OwnLines;
  readonly #mouth: Mouth;
  readonly #ear: Ear;
  readonly #hear: (pcm: Uint8Array) => void;
  readonly #onHold: OnHold;
  readonly #link: ServiceLink;
  readonly #keys: PressedKeys;
  #brief: RealtimeBrief;
  #started = false;
  #opened = false;
  #closed = false;
  /** No session serves any more, nor will one. */
  #gone = false;
  #attention: Attention = 'caller';
  #successor: Mode | undefined;

  constructor(options: VoiceLiveOptions, host: ModeHost) {
    const { clock, events, agent, log } = host;
    this.#options = options;
    this.#host = host;
    this.#policy = turnPolicy(options.turnsOf(host.agentName));
    this.#brief = briefOf(agent);
    this.#ledger = new Ledger(new History(events, host.history));
    const { phrases, locale } = agent;
    const voice = JSON.stringify([this.#brief.voice, this.#brief.settings.voice, options.rateHz]);
    this.#clips = new OwnClips({ shelf: options.shelf, voice, phrases });
    this.#lines = new OwnLines({ phrases, locale, instructions: () => this.#brief.instructions });
    this.#mouth = openLiveMouth({
      clock: options.playoutClock ?? clock,
      sink: host.line,
      rateHz: options.rateHz,
      leadMs: this.#policy.playout.leadMs,
      events,
      answers: () => this.#answers,
      ear: () => this.#ear,
    });
    this.#answers = new Answers({
      clock,
      events,
      agent,
      instructions: () => this.#brief.instructions,
      mouth: this.#mouth,
      rateHz: options.rateHz,
      ledger: this.#ledger,
      clips: this.#clips,
      standby: (purpose, text) => standbyClip(options, agent, purpose, text),
      turns: host.turns,
      session: () => this.#link.session,
      isHeld: () => this.#floor.state.name === 'held',
      asked: () => this.#caller.asked(this.#ear.lastSpeechMs, this.#policy.endpointing.maxCallerTurnMs),
      onBegan: () => this.#handle({ type: 'reply-began' }),
      onAudible: () => this.#handle({ type: 'reply-audible' }),
      act: (action) => host.act?.(action),
      onEnded: (ending, actions) => this.#onEnded(ending, actions),
    });
    this.#floor = new StateMachine<FloorState, FloorEvent, FloorEffect>({
      clock,
      events,
      initial: INITIAL_FLOOR,
      next: (state, event) => floorAfter(state, event, this.#context(), this.#policy),
      apply: (effect, before) => this.#apply(effect, before),
      onEntered: ({ name }) => {
        if (name === 'listening') this.#onQuiet();
      },
    });
    const { backchannels, backchannelTailMs } = this.#policy.interruption;
    this.#caller = new CallerSide({
      clock,
      events,
      ledger: this.#ledger,
      link: () => this.#link,
      onFloor: (event) => this.#handle(event),
      isSpoken: () => this.#answers.turn?.audible === true && this.#mouth.unheardMs > backchannelTailMs,
      language: backchannels ? languageFor(locale) : undefined,
      onSettled: () => this.#answers.callerWords(),
      onDecided: () => this.#onQuiet(),
      onCallerThere: () => this.#lines.callerIsThere(),
    });
    ({ ear: this.#ear, hear: this.#hear } = openLiveEar({
      clock,
      policy: this.#policy,
      rateHz: options.rateHz,
      openVoiceActivity: options.openVoiceActivity,
      agentsWords: () => this.#answers.agentsWords,
      events,
      onFloor: (event) => this.#handle(event),
    }));
    this.#onHold = new OnHold({ answers: this.#answers, lines: this.#lines, ledger: this.#ledger, host });
    this.#keys = new PressedKeys(clock, (keys) => this.#give(pressedText(keys)));
    this.#link = new ServiceLink({
      ...{ open: options.openRealtime, random: options.random },
      ...tellsOf(host.recorder, options),
      brief: () => {
        this.#brief = briefOf(agent);
        return this.#brief;
      },
      rateHz: options.rateHz,
      clock,
      log,
      events: serviceEvents({
        events,
        caller: this.#caller,
        answers: this.#answers,
        isOver: () => this.#closed || this.#successor !== undefined,
        onServing: (session, outageMs) => this.#onServing(session, outageMs),
        onNextReady: () => this.#onQuiet(),
        onGone: () => this.#onGone(),
        onResponseEnded: () => this.#makeClips(),
      }),
    });
    this.#link.open();
  }

  start(isUnnoticed = false): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#opened ||= isUnnoticed;
    if (this.#gone) {
      this.#afterService();
      return;
    }
    this.#ear.open();
    if (this.#attention === 'nobody') return;
    this.#handle({ type: isUnnoticed ? 'pressed' : 'reply-began' });
    this.#openDialogue();
  }

  audio(pcm: Uint8Array, from?: string): void {
    if (this.#successor) this.#successor.audio(pcm, from);
    if (this.#closed || this.#successor) return;
    const heard = this.#attention === 'nobody' ? new Uint8Array(pcm.length) : pcm;
    this.#link.audio(heard);
    if (this.#started) this.#hear(heard);
  }

  told(news: CallNews): void {
    if (this.#successor) this.#successor.told?.(news);
    if (this.#closed || this.#successor) return;
    this.#host.events.atomic(() => {
      this.#answers.talk.tell(news);
      this.#onQuiet();
    });
  }

  attend(to: Attention): void {
    const hears = to !== 'nobody';
    const isNews = hears !== (this.#attention !== 'nobody');
    this.#attention = to;
    this.#successor?.attend?.(to);
    // As if there had been a sign of the caller's: he is not asked at once whether he is there.
    if (!isNews) this.#handle({ type: 'pressed' });
    if (!isNews || this.#closed || this.#successor) return;
    this.#host.events.atomic(() => {
      this.#answers.talk.callerHears(hears);
      this.#handle({ type: 'hearing' });
      // The last answer, which all was to wait for, was cut off by that.
      if (this.#gone && this.#started) this.#goOnOrClose();
      else if (hears && !this.#opened) this.#openDialogue();
      else if (hears && !this.#onHold.goOn()) this.#onQuiet();
    });
  }

  pressed(tone: string): void {
    if (this.#successor) this.#successor.pressed(tone);
    if (this.#closed || this.#successor || this.#attention === 'nobody') return;
    this.#host.events.emit('callerPressed', { tone });
    this.#keys.press(tone);
    this.#handle({ type: 'pressed' });
  }

  typed(text: string): void {
    if (!this.#successor) this.#give(text);
    else if (this.#successor.typed) this.#successor.typed(text);
    else this.#host.events.emit('fault', { code: 'text.unsupported' });
  }

  interrupt(): void {
    if (this.#successor) this.#successor.interrupt();
    else if (this.#gone && this.#started) this.#goOnOrClose();
    else this.#handle({ type: 'interrupted' });
  }

  close(reason: string, words?: string): void {
    if (this.#closed) return;
    this.#host.events.atomic(() => {
      this.#handle({ type: 'closed' });
      if (!this.#successor) this.#caller.ended();
      this.#closed = true;
      this.#release();
      if (this.#successor) this.#successor.close(reason);
      else this.#host.events.emit('ended', { reason, ...(words !== undefined && { words }) });
    });
  }

  #release(): void {
    this.#link.close();
    this.#ear.close();
    this.#keys.close();
  }

  #handle(event: FloorEvent): void {
    if (!this.#closed && !this.#successor) this.#floor.handle(event);
  }

  #context() {
    return floorContext({
      nowMs: this.#host.clock.now(),
      ear: this.#ear,
      mouth: this.#mouth,
      lines: this.#lines,
      policy: this.#policy,
      attention: this.#attention,
      isGone: this.#gone,
    });
  }

  #apply(effect: FloorEffect, before: FloorState): void {
    switch (effect.type) {
      case 'hold':
        this.#answers.hold(soundAgeMs(this.#ear, this.#host.clock.now()));
        return;
      case 'resume':
        if (effect.misled) this.#ear.misled();
        this.#answers.resume();
        return;
      case 'stop':
        this.#answers.stop(effect.cause);
        if (effect.cause === 'voice' && before.name === 'held') this.#ear.confirmed();
        return;
      case 'put-by':
        this.#onHold.putBy();
        return;
      case 'ask':
        this.#answers.begin('answer');
        return;
      case 'prompt-caller':
      case 'ask-again':
        this.#say(effect.type === 'ask-again' ? this.#lines.askAgain() : this.#lines.prompt());
        return;
      case 'ignore-sound':
        this.#ear.ignoreSound();
        return;
      case 'fill-wait':
        this.#answers.fill(effect.kind);
        if (effect.kind === 'explanation' && !this.#answers.turn?.running.size) this.#link.doubt();
        return;
      case 'stalled':
        this.#host.events.emit('fault', { code: 'reply.stalled', ofTurn: this.#answers.turns });
        return;
      case 'hang-up':
        this.close('no-answer');
    }
  }

  /** Nobody speaks and nothing is owed. */
  #onQuiet(): void {
    const isQuiet = this.#floor.state.name === 'listening' && !this.#ear.speaking && !this.#caller.isUnsettled;
    if (!this.#opened || !isQuiet || this.#answers.speakOfNews()) return;
    // The words of what was answered may still be on their way, and no other session would tell them.
    if (!this.#ledger.isUnsettled) this.#link.quiet();
    this.#makeClips();
  }

  /** While the caller listens, or nothing happens: nobody waits for it. */
  #makeClips(): void {
    const { session } = this.#link;
    const isBusy = this.#answers.turn?.finished === false;
    const isCalm = this.#floor.state.name === 'speaking' || this.#floor.state.name === 'listening';
    if (session && this.#opened && isCalm && !isBusy) this.#clips.make(session);
  }

  /** The agent's first words: a greeting, or what a resumed conversation owes. */
  #openDialogue(): void {
    if (this.#opened || !this.#started || !this.#link.session || this.#attention === 'nobody') return;
    this.#opened = true;
    this.#say(this.#lines.opening(this.#ledger.items));
  }

  #say = ({ kind, request, endReason }: OwnLine): void => void this.#answers.begin(kind, request, endReason);

  #give(text: string): void {
    if (this.#closed || this.#successor) return;
    const goesOn = this.#options.fallback || !this.#gone || !this.#started;
    if (goesOn) this.#host.events.atomic(() => this.#caller.give(text));
    if (this.#gone && this.#started) this.#goOnOrClose();
  }

  #goOnOrClose(): void {
    if (this.#options.fallback) this.#afterService();
    else this.close(SERVICE_LOST);
  }

  #onEnded(ending: Ending | undefined, actions: readonly CallAction[]): void {
    this.#handle({ type: 'reply-ended' });
    for (const action of actions) this.#host.act?.(action);
    // Who puts a caller through does not hang up on him.
    const goesOn = ending?.reason !== SERVICE_LOST && actions.length + this.#ledger.pendingText.length > 0;
    if (ending !== undefined && !goesOn) this.close(ending.reason, ending.words);
    else if (this.#gone) this.#afterService();
  }

  /**
   * A session serves that knows nothing: it is told what was said, given to hear what no session took down, and asked for
   * what is owed.
   */
  #onServing(session: RealtimeSession, outageMs: number | undefined): void {
    const isLate = outageMs !== undefined && outageMs > UNNOTICED_MS && this.#opened;
    const hasTurn = this.#answers.putBack(session, isLate ? this.#lines.excuse : undefined);
    const wasSpeaking = this.#caller.isUnsettled;
    this.#caller.startOver();
    this.#link.replay();
    // Who has typed already is answered instead of greeted.
    this.#opened ||= hasTurn;
    if (!this.#opened) this.#openDialogue();
    else if (this.#attention === 'nobody') return;
    else if (!hasTurn && !wasSpeaking && this.#ledger.pendingText !== '') {
      this.#answers.begin('answer', isLate ? this.#lines.excused() : {});
    }
  }

  #onGone(): void {
    this.#gone = true;
    // An answer that is all there needs no service to be heard.
    if (this.#started && !this.#answers.turn?.finished) this.#afterService();
  }

  /** There is no service any more: another mode goes on with the call, or it ends with a word. */
  #afterService(): void {
    const { fallback, rateHz } = this.#options;
    const { agent, events, log } = this.#host;
    const { talk, turn } = this.#answers;
    const wasCut = turn?.finished === false;
    // A line that was cut off is owed, too.
    if (wasCut && turn.kind === 'line') talk.putBack(turn);
    const keys = this.#keys.take();
    if (keys !== '') this.#caller.give(pressedText(keys));
    this.#answers.stop('gave-up');
    if (!fallback) {
      log.error('the speech-to-speech service is lost, and no other mode is configured: the call ends');
      this.#answers.sayLast(agent.phrases.giveUp, SERVICE_LOST);
      return;
    }
    log.warn('the speech-to-speech service is lost: MEDIA goes on with the call');
    events.emit('fault', { code: 'realtime.handed_over' });
    const isQuiet = this.#opened && this.#floor.state.name === 'listening';
    this.#floor.set({ name: 'closed' });
    this.#release();
    const was = { items: this.#ledger.items, wasCut, isQuiet, turns: this.#answers.turns };
    this.#ledger.end();
    const owed = { untaken: this.#link.untaken(), news: talk.takeAll(), attention: this.#attention };
    this.#successor = handOver(fallback, { ...was, ...owed, host: this.#host, rateHz });
  }
}
