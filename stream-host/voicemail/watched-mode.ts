import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { VoicemailPolicy } from '../../shared/calls/voicemail-policy.ts';
import type { Cancel } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { CallAction, SessionFacts } from '../contract/agent.ts';
import type { Attention } from '../contract/call-news.ts';
import type { SessionEmitter } from '../contract/events.ts';
import type { Mode, ModeHost, ModeKind } from '../contract/mode.ts';
import type { OnServed } from '../contract/recorder.ts';
import type { OnUsed, OpenRecogniser, Synthesiser } from '../contract/speech.ts';
import { History } from '../dialogue/history.ts';
import type { PlayoutClock } from '../playout/playout.ts';
import { LineObserver } from './line-observer.ts';
import { MenuWalk } from './menu-walk.ts';
import { MessageLeaver } from './message-leaver.ts';
import type { Judgement, Verdict } from './verdict.ts';

export interface WatchOptions {
  readonly policyOf: (agent: string, facts: SessionFacts) => VoicemailPolicy;
  /**
   * What hears the far end for the observer alone, in any mode and while the mode itself must not listen; and what speaks
   * to a machine.
   */
  readonly openSpeech: (log: Logger, locale: string, onUsed: OnUsed, onServed: OnServed) => WatchSpeech;
}

export interface WatchSpeech {
  readonly openRecogniser: OpenRecogniser;
  readonly synthesiser: Synthesiser;
  /** The session's own clock without it. */
  readonly playoutClock?: PlayoutClock | undefined;
}

/** Where neither a machine nor the agent that talks with it has said anything for so long, nobody will. */
const QUIET_MS = 20_000;

type Machine = Exclude<Verdict, 'human' | 'unsure'>;

/**
 * The mode, with an observer of calls that we placed beside it. Nothing is held back for it: the mode hears and speaks as it
 * would without. Where a machine has answered, what is then done follows the agent's policy.
 */
export function watchedMode(mode: ModeKind, options: WatchOptions): ModeKind {
  return {
    ...mode,
    open(host) {
      const isNew = host.facts.direction === 'outbound' && host.history.length === 0;
      return isNew ? new WatchedCall(mode, host, options) : mode.open(host);
    },
  };
}

class WatchedCall implements Mode {
  typed?: NonNullable<Mode['typed']>;
  transcribed?: NonNullable<Mode['transcribed']>;
  told?: NonNullable<Mode['told']>;
  attend?: NonNullable<Mode['attend']>;
  readonly #kind: ModeKind;
  readonly #host: ModeHost;
  readonly #speech: WatchSpeech;
  readonly #policy: VoicemailPolicy;
  readonly #mode: Mode;
  readonly #walk: MenuWalk;
  #observer: LineObserver;
  #leaver: MessageLeaver | undefined;
  /** Of the mode, as it stands on record. */
  #history: readonly HistoryItem[] = [];
  #turns: number;
  #navigates = false;
  /** Nobody knows whether it is the menu or somebody behind it, who has not heard the agent yet. */
  #mayBeUngreeted = false;
  /** Whom the agent talks with, where the policy is to talk on with a machine. */
  #machine: Machine | undefined;
  #hasTakenLeave = false;
  #cancelQuiet: Cancel = () => {};
  /** Whom others want the mode to attend to. */
  #attention: Attention = 'caller';
  #takenOver = false;
  #closed = false;

  constructor(kind: ModeKind, host: ModeHost, options: WatchOptions) {
    this.#kind = kind;
    this.#host = host;
    this.#speech = options.openSpeech(
      host.log,
      host.agent.locale,
      (usage) => host.recorder?.used(usage),
      (request) => host.recorder?.served?.(request),
    );
    this.#policy = options.policyOf(host.agentName, host.facts);
    this.#turns = host.turns;
    host.events.onAny((event) => {
      if ('turn' in event) this.#turns = Math.max(this.#turns, event.turn);
      if (this.#machine) this.#awaitWord();
      if (event.type === 'agentHeard' && !this.#navigates) this.#mayBeUngreeted = false;
    });
    host.events.on('historyChanged', ({ from, items }) => {
      this.#history = [...this.#history.slice(0, from), ...items];
    });
    host.events.on('ended', () => this.#release());
    this.#walk = new MenuWalk({
      clock: host.clock,
      keys: this.#policy.keys,
      isPaused: () => this.#attention !== 'caller',
      onUnmatched: () => this.close('menu'),
    });
    this.#mode = kind.open({ ...host, events: this.#eventsOfMode(), act: host.act && ((action) => this.#act(action)) });
    this.#forward(this.#mode);
    this.#observer = this.#observe();
  }

  start(isUnnoticed?: boolean): void {
    this.#mode.start(isUnnoticed);
  }

  audio(pcm: Uint8Array, from?: string): void {
    if (!this.#takenOver) this.#mode.audio(pcm, from);
    if (this.#closed) return;
    if (this.#leaver) this.#leaver.write(pcm);
    else this.#observer.write(pcm);
  }

  pressed(tone: string): void {
    if (!this.#takenOver) this.#mode.pressed(tone);
  }

  interrupt(): void {
    if (!this.#takenOver) this.#mode.interrupt();
  }

  close(reason: string): void {
    if (this.#closed) return;
    if (!this.#takenOver) {
      const { unmatched } = this.#walk;
      if (unmatched) this.#host.events.emit('menuUnmatched', unmatched);
      this.#mode.close(reason);
      return;
    }
    this.#leaver?.close();
    this.#host.events.emit('ended', { reason });
  }

  /** A mode has these, or has not. */
  #forward(mode: Mode): void {
    const unlessTaken =
      <Given extends unknown[]>(call: (...given: Given) => void) =>
      (...given: Given) => {
        if (!this.#takenOver) call(...given);
      };
    if (mode.typed) this.typed = unlessTaken((text: string) => mode.typed?.(text));
    if (mode.transcribed) this.transcribed = unlessTaken((phrase) => mode.transcribed?.(phrase));
    if (mode.told) {
      this.told = (news) => {
        if (!this.#takenOver) mode.told?.(news);
        // Whoever waits for it to be heard need not wait for the end of the call.
        else if (news.speech !== 'none') news.onSpoken?.(false);
      };
    }
    if (!mode.attend) return;
    this.attend = unlessTaken((to) => {
      this.#attention = to;
      if (!this.#navigates) this.#attend();
    });
  }

  /** What the mode tells is told, but that it has ended where somebody else goes on with its call. */
  #eventsOfMode(): SessionEmitter {
    const { events } = this.#host;
    return {
      on: (name, listener) => events.on(name, listener),
      onAny: (listener) => events.onAny(listener),
      emit: (name, fields) => {
        if (name !== 'ended' || !this.#takenOver) events.emit(name, fields);
      },
      atomic: (work) => events.atomic(work),
      inTurn: (task) => events.inTurn(task),
    };
  }

  #observe(isBehindMenu = false): LineObserver {
    return new LineObserver({
      isBehindMenu,
      rateHz: this.#kind.rateHz,
      openRecogniser: this.#speech.openRecogniser,
      onJudged: (judgement, afterMs) => this.#judged(judgement, afterMs),
      onText: (text) => this.#heard(text),
    });
  }

  #judged({ verdict, reason }: Judgement, afterMs: number): void {
    this.#host.events.emit('answeredBy', { verdict, reason, afterMs: Math.round(afterMs) });
    // Not within the step that has found it out: the line's audio is still on its way to the mode.
    this.#host.events.inTurn(() => this.#follow(verdict));
  }

  #follow(verdict: Verdict): void {
    const { on_machine: onMachine, message, on_menu: onMenu } = this.#policy;
    if (this.#closed || this.#takenOver) return;
    if (verdict === 'menu') {
      if (onMenu === 'hang_up') this.#mode.close('menu');
      else if (onMenu === 'navigate') this.#navigate();
      else this.#talkOn(verdict);
      return;
    }
    const isMachine = verdict === 'voicemail' || verdict === 'unavailable';
    if (!isMachine || onMachine === 'continue') {
      if (this.#navigates) this.#attendAgain();
      if (verdict === 'human' && this.#mayBeUngreeted) this.#greet();
      this.#talkOn(isMachine ? verdict : undefined);
      return;
    }
    if (verdict === 'voicemail' && onMachine === 'leave_message' && message !== undefined) {
      this.#leave(message);
    } else {
      this.#mode.close(verdict);
    }
  }

  /** The agent's part in the call is over; what is left is to wait for the tone and to speak. */
  #leave(message: string): void {
    const host = this.#host;
    const { synthesiser, playoutClock = host.clock } = this.#speech;
    this.#takenOver = true;
    this.#waitForNothing();
    this.#mode.close('voicemail');
    host.line.modeIs(SAMPLE_RATE);
    // Whatever is said now is on the tape; only when it ends matters.
    this.#observer.close();
    this.#leaver = new MessageLeaver({
      host,
      clock: host.clock,
      playoutClock,
      synthesiser,
      history: new History(host.events, this.#history),
      turn: this.#turns + 1,
      message,
      tones: this.#observer.detector,
      hasBeeped: this.#observer.endsWithTone,
      onOver: (how) => host.events.emit('ended', { reason: `voicemail-${how}` }),
    });
  }

  /** What the mode wants done with the call. Who is behind a menu in which it presses keys is found out anew. */
  #act(action: CallAction): void {
    this.#host.act?.(action);
    if (this.#machine === 'menu' && action.wish.kind === 'send-keys') this.#observeAnew();
  }

  /** Presses what the policy says while the menu speaks. The agent neither hears the menu nor talks to it. */
  #navigate(): void {
    this.#talkOn(undefined);
    this.#navigates = true;
    this.#mode.interrupt();
    this.#mode.attend?.('nobody');
    this.#walk.enter(this.#observer);
    this.#heard(this.#observer.text);
  }

  #heard(text: string): void {
    const next = this.#navigates ? this.#walk.take(text) : undefined;
    if (!next) return;
    const { keys, place } = next;
    const call = { callId: `menu-${place}`, name: 'send_keys', args: { count: keys.length } };
    const { sessionId } = this.#host.facts;
    this.#host.act?.({ call, key: `${sessionId}-${call.callId}`, wish: { kind: 'send-keys', keys } });
    this.#observeAnew();
  }

  /** What comes next is another menu, or somebody. */
  #observeAnew(): void {
    this.#observer.close();
    this.#observer = this.#observe(true);
  }

  #attendAgain(): void {
    if (!this.#navigates || this.#closed) return;
    this.#navigates = false;
    this.#mayBeUngreeted = true;
    this.#walk.leave();
    this.#attend();
    // What the menu has said is not answered to whoever has picked up.
    this.#mode.interrupt();
  }

  /** That the call is recorded he is told by the recording, which waits for him (`session/newcomers.ts`). */
  #greet(): void {
    this.#mayBeUngreeted = false;
    const { phrases, recording } = this.#host.agent;
    const notice = recording?.notice || '';
    const { greeting } = phrases;
    this.#mode.told?.({
      speech: { line: greeting.startsWith(notice) ? greeting.slice(notice.length).trim() : greeting },
    });
  }

  /** A machine that the agent talks with is not asked whether it is there. */
  #attend(): void {
    this.#mode.attend?.(this.#machine && this.#attention === 'caller' ? 'waiting' : this.#attention);
    if (this.#machine) this.#awaitWord();
  }

  /** @param machine undefined: it is none, or none any more */
  #talkOn(machine: Machine | undefined): void {
    if (machine === this.#machine || !this.#mode.attend) return;
    this.#machine = machine;
    this.#cancelQuiet();
    this.#attend();
  }

  #awaitWord(): void {
    this.#cancelQuiet();
    this.#cancelQuiet = this.#host.clock.after(QUIET_MS, () => this.#onQuiet());
  }

  /** The agent takes its leave, once; a machine that is still silent then is hung up on. */
  #onQuiet(): void {
    const machine = this.#machine;
    if (!machine || this.#closed) return;
    this.#awaitWord();
    if (this.#attention !== 'caller') return;
    const { farewell } = this.#host.agent.phrases;
    const close = () => this.#mode.close(machine);
    if (this.#hasTakenLeave || farewell === '' || !this.#mode.told) {
      close();
      return;
    }
    this.#hasTakenLeave = true;
    const onSpoken = (heard: boolean) => heard && this.#host.events.inTurn(close);
    this.#mode.told({ speech: { line: farewell }, onSpoken });
  }

  #waitForNothing(): void {
    this.#walk.leave();
    this.#machine = undefined;
    this.#cancelQuiet();
  }

  #release(): void {
    this.#closed = true;
    this.#waitForNothing();
    this.#observer.close();
    this.#leaver?.close();
  }
}
