import { setImmediate as settle } from 'node:timers/promises';
import { Random } from '../../bench/random.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { InputSink } from '../../stream-host/contract/inputs.ts';
import type { RecogniserEvents, VoiceActivityEvents } from '../../stream-host/contract/speech.ts';
import type { Conversation } from '../../stream-host/conversation/conversation.ts';
import { SessionEvents } from '../../stream-host/dialogue/session-events.ts';
import { type MediaConversationOptions, mediaConversation } from '../../stream-host/modes/media/media-conversation.ts';
import type { PlayoutClock } from '../../stream-host/playout/playout.ts';
import { RecordedConversation } from '../../stream-host/replay/recorded-conversation.ts';
import { EngineClock, type SteppedClock } from './call-clock.ts';
import { Caller } from './caller.ts';
import { Ear } from './ear.ts';
import { drawFaults, type FaultProfile, Faults } from './fault-profile.ts';
import { FaultyDetector } from './faulty-detector.ts';
import { FaultyModel } from './faulty-model.ts';
import { FaultyRecogniser } from './faulty-recogniser.ts';
import { FaultySynthesiser } from './faulty-synthesiser.ts';
import { callerFrame, SILENCE } from './line-audio.ts';
import { RepliesLedger } from './replies-ledger.ts';
import { Watch } from './watch.ts';
import { WordsLedger } from './words-ledger.ts';

export interface Violation {
  readonly rule: string;
  readonly atMs: number;
  readonly detail: string;
}

export interface CallReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
  /** Stop commands on the line; of the stopped turns the caller cut off some, and the others went on. */
  readonly stops: number;
  readonly interruptions: number;
  readonly resumes: number;
  readonly longestHeldMs: number;
  readonly longestRepeatMs: number;
  readonly turns: number;
  readonly faults: number;
  readonly frames: number;
  readonly longestWaitMs: number;
  readonly end: 'rest' | 'hung-up' | 'goodbye';
  readonly profile: FaultProfile;
}

/** One line of what happened, for whoever replays a call. */
export type Trace = (atMs: number, what: string) => void;

export interface SoakCallOptions {
  /** Where all that reaches the engine is recorded, if it shall be. */
  readonly inputs?: InputSink;
  /** On another than a virtual one no call is like another, and rules of time may be broken. */
  readonly clock?: SteppedClock;
  readonly playoutClock?: PlayoutClock;
  /** Does something with the call once its conversation is there, beside what its caller does. */
  readonly operate?: (conversation: Pick<Conversation, 'attend' | 'told' | 'interrupt' | 'state'>) => void;
}

const REST_WITHIN_MS = 180_000;
const RESTED_MS = 3000;
/** A recogniser that gave up is left for ten seconds before another is opened. */
const HEALED_AFTER_MS = 12_000;
const ANSWER_WITHIN_MS = 12_000;
/** Whatever a call set going in the world outside the engine has ended by then. */
const AFTERMATH_MS = 60_000;

/** One virtual call, from greeting to close, with everything checked that can be. The same seed is the same call. */
export class SoakCall {
  readonly #seed: number;
  readonly #trace: Trace;
  readonly #random: Random;
  readonly #clock: SteppedClock;
  readonly #profile: FaultProfile;
  readonly #faults: Faults;
  readonly #engineClock: EngineClock;
  readonly #ear: Ear;
  readonly #model: FaultyModel;
  readonly #synthesiser: FaultySynthesiser;
  readonly #events: SessionEvents;
  readonly #conversation: Conversation | RecordedConversation;
  readonly #caller: Caller;
  readonly #watch: Watch;
  readonly #words = new WordsLedger();
  readonly #replies: RepliesLedger;
  readonly #violations: Violation[] = [];
  readonly #operate: SoakCallOptions['operate'];
  readonly #recognisers: { readonly port: FaultyRecogniser; readonly events: RecogniserEvents }[] = [];
  readonly #detectors: { readonly port: FaultyDetector; readonly events: VoiceActivityEvents }[] = [];
  #phrases = 0;
  #counts = { stops: 0, interruptions: 0, resumes: 0, longestHeldMs: 0, turns: 0, faults: 0 };
  #lastSpeech = 0;
  /** Nothing of the syntheses up to this one may be sent: the line was stopped. */
  #stoppedSpeech = 0;
  #closed = false;

  constructor(seed: number, trace: Trace = () => {}, options: SoakCallOptions = {}) {
    const { inputs, clock = new VirtualClock() } = options;
    this.#clock = clock;
    this.#operate = options.operate;
    this.#seed = seed;
    this.#trace = trace;
    this.#random = new Random(`call ${seed}`);
    this.#profile = drawFaults(this.#random.fork('faults'));
    this.#faults = new Faults(this.#profile);
    this.#engineClock = new EngineClock(this.#world('clock'));
    const onViolation = (rule: string, detail: string) => this.#violated(rule, detail);
    this.#synthesiser = new FaultySynthesiser(this.#world('voice'));
    this.#ear = new Ear({
      ...this.#world('ear'),
      onViolation,
      onFrame: (speech) => this.#onFrame(speech),
      onStop: () => this.#onStop(),
    });
    this.#replies = new RepliesLedger({
      speeches: this.#synthesiser.speeches,
      heardMs: (speech) => this.#ear.heardMs(speech),
      onViolation,
    });
    this.#model = new FaultyModel({
      ...this.#world('model'),
      onEvent: (event) => {
        this.#watch.moved();
        this.#note('model', event.type, event.reply, event.type === 'piece' ? event.piece : '');
        this.#replies.onModel(event);
      },
    });
    this.#events = new SessionEvents(this.#engineClock);
    const opened = { ...this.#open(), playoutClock: options.playoutClock };
    this.#conversation = inputs
      ? new RecordedConversation(opened, { inputs, agent: 'soak' })
      : mediaConversation(opened);
    this.#watch = new Watch({
      now: () => this.#clock.now(),
      state: () => this.#conversation.state,
      missingWords: () => this.#words.missing(this.#conversation.history),
      onViolation,
    });
    this.#caller = new Caller({
      ...this.#world('caller'),
      conversation: this.#conversation,
      onButton: () => this.#replies.excuse(),
      onTick: (sound) => this.#watch.tick(sound),
    });
  }

  async run(): Promise<CallReport> {
    this.#listen();
    this.#conversation.start();
    this.#operate?.(this.#conversation);
    const forMs = this.#random.between(20_000, 180_000);
    const hangsUp = this.#random.chance(0.3);
    await this.#caller.talk(forMs);
    if (!hangsUp) await this.#comeToRest();
    const end = this.#closed ? 'goodbye' : hangsUp ? 'hung-up' : 'rest';
    await this.#close();
    return {
      seed: this.#seed,
      violations: this.#violations,
      virtualMs: this.#clock.now(),
      ...this.#counts,
      frames: this.#ear.frames,
      longestRepeatMs: this.#ear.longestRepeatMs,
      longestWaitMs: this.#watch.longestWaitMs,
      end,
      profile: this.#profile,
    };
  }

  /** The caller falls silent: whatever was going on ends by itself, and then the books must balance. */
  async #comeToRest(): Promise<void> {
    const untilMs = this.#clock.now() + REST_WITHIN_MS;
    while (!this.#closed && this.#watch.restedMs < RESTED_MS && this.#clock.now() < untilMs) {
      await this.#caller.silent(100);
    }
    if (this.#closed) return;
    if (this.#watch.restedMs < RESTED_MS) {
      this.#violated('never-rests', `${this.#conversation.state} after ${REST_WITHIN_MS} ms of silence`);
      return;
    }
    this.#checkBooks();
    await this.#checkThatItStillWorks();
  }

  #checkBooks(): void {
    const { history } = this.#conversation;
    for (const [rule, detail] of this.#words.checkAtRest(history)) this.#violated(rule, detail);
    this.#replies.checkAtRest(history);
  }

  async #checkThatItStillWorks(): Promise<void> {
    this.#faults.heal();
    await this.#caller.silent(HEALED_AFTER_MS);
    if (this.#closed) return;
    const framesBefore = this.#ear.frames;
    const said = await this.#caller.says(3);
    await this.#caller.silent(ANSWER_WITHIN_MS);
    const missing = this.#words.missing(this.#conversation.history).filter((word) => said.includes(word));
    if (this.#ear.frames === framesBefore || missing.length > 0) {
      this.#violated('does-not-answer-any-more', `state ${this.#conversation.state}, said c${said.join(' c')}`);
    }
  }

  async #close(): Promise<void> {
    this.#caller.hangUp();
    this.#conversation.close('hung up');
    this.#conversation.close('hung up');
    await settle();
    this.#checkNothingIsLeft();
    this.#pokeTheClosed();
    await this.#clock.advance(AFTERMATH_MS);
    if (this.#clock.pending > 0) this.#violated('world-timers-left', String(this.#clock.pending));
    for (const [rule, detail] of this.#words.checkAlways(this.#conversation.history)) this.#violated(rule, detail);
  }

  #checkNothingIsLeft(): void {
    const left = {
      timers: this.#engineClock.pending,
      models: this.#model.open,
      syntheses: this.#synthesiser.open,
      recognisers: this.#recognisers.filter(({ port }) => !port.closed).length,
      detectors: this.#detectors.filter(({ port }) => !port.closed).length,
    };
    for (const [what, count] of Object.entries(left)) if (count > 0) this.#violated(`${what}-left`, String(count));
  }

  /** What was under way when the call closed still arrives; nobody may hear of it. */
  #pokeTheClosed(): void {
    const frames = this.#ear.frames;
    const conversation = this.#conversation;
    try {
      conversation.audio(callerFrame(SILENCE, 0));
      conversation.interrupt();
      for (const { events } of this.#recognisers.slice(-1)) {
        events.onFinal('too late', 1_000_000, 1_001_000);
        events.onNoWords(1_001_000, 1_002_000);
        events.onState('failed', new Error('closed'));
      }
      for (const { events } of this.#detectors.slice(-1)) {
        for (let frame = 0; frame < 10; frame += 1) events.onFrame(0.9, this.#clock.now());
        events.onFailure(new Error('closed'));
      }
    } catch (error) {
      this.#violated('throws-after-close', String(error));
    }
    if (this.#ear.frames !== frames || conversation.state !== 'closed') {
      this.#violated('alive-after-close', conversation.state);
    }
    if (this.#engineClock.pending > 0) this.#violated('timers-after-close', String(this.#engineClock.pending));
  }

  /** Each part of the call has chances of its own. */
  #world(name: string) {
    return { clock: this.#clock, random: this.#random.fork(name), faults: this.#faults };
  }

  #open(): MediaConversationOptions {
    return {
      clock: this.#engineClock,
      events: this.#events,
      sink: this.#ear,
      openVoiceActivity: (events) => {
        const port = new FaultyDetector({ ...this.#world(`detector ${this.#detectors.length}`), events });
        this.#detectors.push({ port, events });
        return port;
      },
      openRecogniser: (events) => {
        const port = new FaultyRecogniser({
          ...this.#world(`recogniser ${this.#recognisers.length}`),
          events,
          nextPhrase: () => ++this.#phrases,
          onReport: (report) => {
            this.#note('recogniser', report.kind, report.phrase, report.text);
            this.#watch.moved();
            this.#words.reported(report);
          },
        });
        this.#recognisers.push({ port, events });
        return port;
      },
      synthesiser: this.#synthesiser,
      responder: this.#model,
    };
  }

  #listen(): void {
    const events = this.#events;
    events.onAny(({ type, ...fields }) => {
      if (this.#closed && type !== 'ended') this.#violated('event-after-close', type);
      if (type !== 'historyChanged') this.#note(type, fields);
    });
    events.on('state', () => this.#watch.moved());
    events.on('callerFinal', ({ text, turn }) => this.#words.told(text, turn));
    events.on('callerCorrected', ({ text, turn }) => this.#words.told(text, turn));
    events.on('toolEnded', ({ call }) => this.#replies.toolEnded(call.callId));
    events.on('agentSpoke', (spoken) => {
      this.#counts.turns += 1;
      this.#replies.spoke(spoken, this.#conversation.history);
    });
    events.on('bargeIn', () => {
      this.#counts.interruptions += 1;
    });
    events.on('replyResumed', ({ silentMs }) => {
      this.#counts.resumes += 1;
      this.#counts.longestHeldMs = Math.max(this.#counts.longestHeldMs, silentMs);
      this.#stoppedSpeech = 0;
      this.#ear.goesOn();
    });
    events.on('draftDropped', () => this.#replies.draftDropped());
    events.on('fault', ({ code, error }) => {
      this.#counts.faults += 1;
      if (code === 'listener.failed') this.#violated('listener-failed', String(error));
      this.#watch.answered();
      this.#replies.excuse();
    });
    events.on('ended', () => {
      this.#closed = true;
      this.#caller.hangUp();
    });
  }

  #onStop(): void {
    this.#note('stop');
    this.#counts.stops += 1;
    this.#stoppedSpeech = this.#lastSpeech;
  }

  #onFrame(speech: number): void {
    this.#lastSpeech = speech;
    if (speech <= this.#stoppedSpeech) this.#violated('frame-after-stop', `of synthesis ${speech}`);
    if (this.#closed) this.#violated('frame-after-close', String(speech));
    if (this.#conversation.state !== 'speaking') {
      this.#violated('frame-while-not-speaking', `${speech} in ${this.#conversation.state}`);
    }
    this.#watch.answered();
    this.#replies.frame(speech);
  }

  #violated(rule: string, detail: string): void {
    this.#violations.push({ rule, atMs: Math.round(this.#clock.now()), detail });
    this.#note('VIOLATION', rule, detail);
  }

  #note(...what: unknown[]): void {
    this.#trace(
      this.#clock.now(),
      what.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '),
    );
  }
}
