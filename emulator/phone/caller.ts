import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { CallDiary } from './call-diary.ts';
import { CallFaults } from './call-faults.ts';
import { CallerAnswers } from './caller-answers.ts';
import type { CallEvent, CallScript, CallSummary, UndatedCallEvent, Utterance } from './caller-events.ts';
import type { CallerLine } from './caller-line.ts';
import { CallerNews } from './caller-news.ts';
import { CallerPhone, CallFailed } from './caller-phone.ts';
import type { CallRecording } from './caller-recording.ts';
import type { CallRecord } from './caller-requests.ts';
import { endingOnRecord, isBeingMoved } from './caller-transcript.ts';
import type { Speech } from './caller-voice.ts';
import { answersCallers, type SecondParty, WrittenCall } from './written-call.ts';

export interface CallerOptions {
  readonly line: CallerLine;
  readonly clock: Clock;
  readonly script: CallScript;
  /** Dials this number; without, `placeCall` has the application call us. */
  readonly to: string | undefined;
  readonly placeCall: () => Promise<void>;
  /** What shall fail meanwhile, as `shared/protocol/faults.ts` has it. */
  readonly faults?: string | undefined;
  /** The agent that shall answer where we dial. */
  readonly agent?: string | undefined;
  /** The streaming mode that the call shall have where we dial. */
  readonly mode?: string | undefined;
  readonly readRecord: (callConnectionId: string) => Promise<CallRecord | undefined>;
  /** Somebody who joins the call, where nobody answers in it. */
  readonly second?: (SecondParty & { readonly answer: () => void }) | undefined;
  /** Told in the order of time. */
  readonly onEvent: (event: CallEvent) => void;
  readonly recording: CallRecording;
  /** Aborting hangs up. */
  readonly signal: AbortSignal;
}

const CONNECT_MS = 30_000;
/** The host says within this how the call is held. */
const MODE_MS = 5_000;
const LOOK_AGAIN_MS = 200;
/** Whoever waits for an answer looks so often whether one is to come at all. */
const LOOK_WHO_ANSWERS_MS = 3_000;
const GREETING_MS = 20_000;
const ANSWER_MS = 30_000;
const FREE_ANSWER_MS = 12_000;
const LONGEST_ANSWER_MS = 90_000;
/** Silence after which an answer counts as finished. */
const ANSWER_OVER_MS = 900;
/** Silence after which an interrupted agent counts as silent: no pause between two words lasts as long. */
const SILENT_MS = 300;
const FALL_SILENT_MS = 3_000;
const LONGEST_HOLD_MS = 5 * 60_000;
/** Somebody who takes a caller back from hold speaks within this, or waits for him. */
const BACK_MS = 3_000;
/** Whoever only waits hears within this of what came meanwhile. */
const NEWS_MS = 1_000;

/** One call by its script, from dialling to hanging up. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #phone: CallerPhone;
  readonly #news: CallerNews;
  readonly #diary: CallDiary;
  readonly #answers = new CallerAnswers();
  #written: WrittenCall | undefined;
  /** A mode that answers nobody has taken over the conversation. */
  #takenOver = false;
  /** The call goes on with somebody else: nothing of what is said comes on record any more. */
  #agentLeft = false;
  /** Somebody is handing the caller on. */
  #isMoved = false;
  readonly #faults = new CallFaults();
  /** How the call was ended at the other side. */
  #ending: CallEvent | undefined;
  #ended = false;

  constructor(options: CallerOptions) {
    const { line, clock, recording, signal, script } = options;
    const { hangUpAfterMs } = script;
    this.#options = options;
    this.#diary = new CallDiary(options.onEvent);
    const onEvent = (event: UndatedCallEvent) => {
      if (event.event === 'agent-left') this.#agentLeft = true;
      if (event.event === 'fault') this.#faults.take({ ...event, atMs: this.#phone.atMs });
      if (event.event === 'disconnected' && event.by === 'agent') this.#ending = { ...event, atMs: this.#phone.atMs };
      else this.#tell(event);
    };
    this.#phone = new CallerPhone({ line, clock, recording, signal, hangUpAfterMs, onEvent });
    this.#news = new CallerNews({
      clock,
      phone: this.#phone,
      diary: this.#diary,
      faults: this.#faults,
      read: () => this.#readRecord(),
      isAlone: () => this.#agentLeft,
    });
  }

  /**
   * Makes the call. Once.
   * @throws {CallFailed} where it could not be connected, an answer did not come, or it broke off early
   */
  async run(): Promise<CallSummary> {
    try {
      const callConnectionId = await this.#connect();
      this.#written = await this.#openWritten(callConnectionId);
      await (this.#written ? this.#written.run() : this.#converse());
      if (this.#takenOver) this.#tell({ event: 'written-down' });
      await this.#end();
      const missed = [...this.#answers.missed, ...(this.#written?.missed ?? [])];
      return {
        callConnectionId,
        durationMs: this.#phone.atMs,
        answers: this.#answers.answers,
        missed,
        gapsMs: this.#phone.ear.gapsMs,
        ...(this.#written && { written: this.#written.written }),
      };
    } finally {
      await this.#end();
    }
  }

  /** Hangs up and tells all that is left to tell. Idempotent. */
  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#diary.hold();
    const { ear, isOver, isLeaving } = this.#phone;
    ear.waitsNoMore(isOver || isLeaving ? undefined : this.#options.clock.now());
    await this.#phone.hangUp();
    const isOnRecord = await this.#news.wholeAgain();
    if (this.#ending) this.#diary.tell(endingOnRecord(this.#ending, await this.#readRecord()));
    if (this.#written) await this.#written.tellRest();
    else this.#news.tell(await this.#news.readOn(), []);
    if (this.#faults.areWanted)
      this.#tell({ event: 'faults', faults: this.#faults.all, longestSilenceMs: ear.longestWaitMs, isOnRecord });
    this.#diary.release();
  }

  async #readRecord(): Promise<CallRecord | undefined> {
    const { callConnectionId } = this.#phone;
    const record = callConnectionId === undefined ? undefined : await this.#options.readRecord(callConnectionId);
    if (!this.#written && answersCallers(record) === false) this.#takenOver = true;
    this.#isMoved = isBeingMoved(record);
    return record;
  }

  async #connect(): Promise<string> {
    const { to, agent, mode, line, placeCall, faults } = this.#options;
    const phone = this.#phone;
    if (faults !== undefined) await this.#faults.want(faults, line);
    if (to !== undefined) {
      this.#tell({ event: 'dialling', to });
      line.send({ type: 'dial', to, ...(agent !== undefined && { agent }), ...(mode !== undefined && { mode }) });
    } else {
      this.#tell({ event: 'placing', number: line.number });
      await placeCall();
      await phone.mustCome(() => phone.isRinging, CONNECT_MS, 'The phone did not ring');
      line.send({ type: 'answer' });
    }
    const answered = () => phone.callConnectionId !== undefined;
    await phone.mustCome(answered, CONNECT_MS, 'The call was not answered').catch((error: unknown) => {
      throw new CallFailed(`${messageOf(error).replace(/\.?$/, '.')}${this.#faults.reproach}`);
    });
    if (phone.callConnectionId === undefined) throw new CallFailed('Hung up before the call was connected.');
    void this.#tellSession(phone.callConnectionId);
    return phone.callConnectionId;
  }

  /** By what name the stack's log and its API know the call. */
  async #tellSession(callConnectionId: string): Promise<void> {
    const record = await this.#options.readRecord(callConnectionId);
    if (!record || this.#ended) return;
    const time = new Date(this.#options.clock.wallMs()).toISOString();
    this.#tell({ event: 'session', sessionId: record.session_id, agent: record.agent, mode: record.mode, time });
  }

  /** The call that nobody answers; undefined where somebody does, or nobody can tell. */
  async #openWritten(callConnectionId: string): Promise<WrittenCall | undefined> {
    const { clock, line, script, second, readRecord } = this.#options;
    const phone = this.#phone;
    const read = () => readRecord(callConnectionId);
    const giveUpMs = clock.now() + MODE_MS;
    let record = await read();
    // Whoever speaks up has said how he does it, or never will.
    for (let looks = 0; record && answersCallers(record) === undefined && clock.now() < giveUpMs; ) {
      if (phone.isOver || phone.isLeaving || looks > 1) break;
      if (phone.ear.audibleFrames > 0) looks += 1;
      await phone.until(() => false, LOOK_AGAIN_MS);
      record = await read();
    }
    if (answersCallers(record) !== false) {
      if (second) throw new CallFailed('--join is for a call that nobody answers: give --mode transcription, too');
      return undefined;
    }
    return new WrittenCall({
      phone,
      utterances: script.utterances,
      second,
      add: (number) => line.send({ type: 'add', number }),
      answerSecond: () => second?.answer(),
      readRecord: read,
      now: () => clock.now(),
      diary: this.#diary,
    });
  }

  async #converse(): Promise<void> {
    const { utterances, interruptAfterMs } = this.#options.script;
    const phone = this.#phone;
    await phone.mustCome(() => phone.ear.audibleFrames > 0, GREETING_MS, 'The agent did not greet');
    this.#diary.hold();
    this.#news.transcript.heard('greeting', phone.atMs);
    await this.#hearOut();
    for (const [i, utterance] of utterances.entries()) {
      if (phone.isLeaving || this.#takenOver) return;
      if (utterance.waitMs !== undefined) {
        await this.#wait(() => false, utterance.waitMs);
        continue;
      }
      await this.#waitWhileHeld();
      const cutsIn = interruptAfterMs !== undefined && i === 1;
      const endMs = cutsIn ? await this.#cutIn(utterance, interruptAfterMs) : await this.#say(utterance);
      await this.#hearAnswer(utterance, endMs);
      if (this.#takenOver) return;
      if (interruptAfterMs === undefined || i !== 0) await this.#hearOut();
    }
    await this.#hearRecovery();
  }

  /** Whoever lets something fail for a while is still there when it works again. */
  async #hearRecovery(): Promise<void> {
    const { ear, atMs, isOver, isLeaving } = this.#phone;
    const recovery = this.#faults.recoveryAfter(atMs);
    if (recovery === undefined || isOver || isLeaving) return;
    const { endMs, untilMs } = recovery;
    this.#tell({ event: 'stays', untilMs });
    const startMs = this.#options.clock.now() - atMs;
    await this.#wait(() => ear.heardSince(startMs + endMs), untilMs - atMs);
    await this.#hearOut();
  }

  /** Nobody speaks while he is on hold; and whoever takes him back has the first word. */
  async #waitWhileHeld(): Promise<void> {
    const phone = this.#phone;
    if (!phone.isOnHold) return;
    await this.#wait(() => !phone.isOnHold, LONGEST_HOLD_MS);
    const heard = phone.ear.audibleFrames;
    await phone.until(() => phone.ear.audibleFrames > heard, BACK_MS);
    await this.#hearOut();
  }

  /** Waits, and tells what comes on record meanwhile. */
  async #wait(isOver: () => boolean, withinMs: number): Promise<void> {
    const { clock } = this.#options;
    const phone = this.#phone;
    for (const giveUpMs = clock.now() + withinMs; clock.now() < giveUpMs && !isOver(); ) {
      await phone.until(isOver, Math.min(NEWS_MS, giveUpMs - clock.now()));
      if (phone.isOver || phone.isLeaving) return;
      await this.#news.tellNew();
    }
  }

  /** @returns when the last word was over, on the clock */
  async #say(utterance: Utterance): Promise<number> {
    this.#diary.hold();
    const endMs =
      utterance.keys === undefined
        ? await this.#sayOut(utterance, this.#phone.speak(utterance.pcm))
        : this.#tellSaid(utterance.label, await this.#phone.press(utterance.keys));
    this.#diary.release();
    return endMs;
  }

  async #sayOut({ label, pcm }: Utterance, speech: Speech): Promise<number> {
    return this.#tellSaid(label, await this.#phone.sayOut(speech, pcm));
  }

  #tellSaid(text: string, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): number {
    const atMs = this.#phone.sinceConnected(startMs);
    this.#diary.tell({ event: 'caller', atMs, text, durationMs: Math.round(endMs - startMs) });
    return endMs;
  }

  async #hearAnswer({ label, keys }: Utterance, endMs: number): Promise<void> {
    const phone = this.#phone;
    const { ear } = phone;
    ear.waits(endMs);
    const came = () => ear.heardSince(endMs) || this.#takenOver;
    // Nobody answers somebody who is on hold, or on his way to somebody else.
    const isAway = () => phone.isOnHold || this.#isMoved;
    // To keys that are collected nobody need say anything, nor need whoever the agent has left the call to.
    const isFree = () => keys !== undefined || this.#agentLeft;
    const failure = `No answer to "${label}" was heard`;
    await this.#lookingWhoAnswers(async () => {
      await phone.mustCome(() => came() || isAway() || isFree(), ANSWER_MS, failure);
      await phone.until(() => came() || !isAway(), LONGEST_HOLD_MS);
      if (!isFree()) await phone.mustCome(() => came() || isFree(), ANSWER_MS, failure);
      await phone.until(came, FREE_ANSWER_MS);
    });
    if (phone.isLeaving || this.#takenOver) return;
    if (!ear.heardSince(endMs)) {
      if (this.#agentLeft) this.#tell({ event: 'unanswered', label, withinMs: FREE_ANSWER_MS });
      return;
    }
    // What was heard is told with its words, by which one knows what it was.
    this.#diary.hold();
    const { atMs } = this.#phone;
    const toKeys = keys !== undefined;
    const recordedMs = toKeys ? undefined : this.#options.recording.answerMs;
    const latencyMs = recordedMs ?? Math.round(ear.lastAudibleMs - endMs);
    this.#answers.heard({ label, atMs, latencyMs, toKeys });
    this.#news.transcript.heard('answer', atMs);
  }

  /** While something is waited for that never comes where the call was taken over. */
  async #lookingWhoAnswers<Outcome>(waiting: () => Promise<Outcome>): Promise<Outcome> {
    const phone = this.#phone;
    let over = false;
    const look = async () => {
      while (!this.#takenOver && !(await phone.until(() => over, LOOK_WHO_ANSWERS_MS))) {
        if (phone.isOver || phone.isLeaving) return;
        await this.#readRecord();
      }
    };
    void look();
    try {
      return await waiting();
    } finally {
      over = true;
    }
  }

  /** Waits until the agent has finished, and tells what it has said. */
  async #hearOut(): Promise<void> {
    const phone = this.#phone;
    const { clock } = this.#options;
    const giveUpMs = clock.now() + LONGEST_ANSWER_MS;
    for (;;) {
      const quiet = await phone.until(() => phone.quietFor(ANSWER_OVER_MS), giveUpMs - clock.now());
      // An agent that says goodbye hangs up. Whether that was too early shows at the next utterance.
      const isOver = phone.isOver || phone.isLeaving;
      if (!quiet && !isOver) throw new CallFailed(`The agent did not finish within ${LONGEST_ANSWER_MS / 1000} s.`);
      const { silentSinceMs } = phone.ear;
      const turn = await this.#news.readOn();
      // Also a greeting, where something filled the wait for it.
      const isAwaited = turn?.understood ? !turn.answered : turn?.filled && turn.lines.length === 0;
      const isOwed = isAwaited && !turn?.apologised;
      const owed = isOwed && !isOver && !this.#takenOver && !this.#agentLeft;
      // What was heard was "one moment, please"; the answer is yet to come.
      const heardMore = () => phone.ear.heardSince(silentSinceMs) || this.#takenOver;
      const spokeOn = phone.ear.heardSince(silentSinceMs) && !isOver;
      const goesOn = spokeOn || (owed && (await this.#lookingWhoAnswers(() => phone.until(heardMore, ANSWER_MS))));
      if (goesOn) continue;
      // Who hangs up in the middle of an answer has not heard it out; and a notice is none.
      const onRecord = this.#agentLeft ? undefined : turn;
      phone.ear.waitsNoMore();
      this.#news.tell(turn, phone.isLeaving || this.#takenOver ? [] : this.#answers.judge(onRecord));
      this.#diary.release();
      return;
    }
  }

  /** Speaks into the answer that has just become audible, and measures how the agent falls silent. */
  async #cutIn(utterance: Utterance, afterMs: number): Promise<number> {
    const phone = this.#phone;
    const { ear } = phone;
    const { clock } = this.#options;
    const answerMs = ear.lastAudibleMs;
    await phone.until(() => clock.now() >= answerMs + afterMs, afterMs);
    const speech = phone.speak(utterance.pcm);
    await phone.until(() => speech.onsetMs !== undefined || speech.over, ANSWER_MS);
    const onsetMs = speech.onsetMs ?? clock.now();
    // A breath between two words is no end of the answer.
    const wasSpeaking = onsetMs - ear.silentSinceMs < ANSWER_OVER_MS;
    await phone.mustCome(
      () => phone.quietFor(SILENT_MS) && clock.now() - onsetMs >= SILENT_MS,
      FALL_SILENT_MS,
      'The agent went on talking over the caller',
    );
    const silentAfterMs = Math.max(0, Math.round(ear.silentSinceMs - onsetMs));
    const framesWhenSilent = ear.audibleFrames;
    const endMs = await this.#sayOut(utterance, speech);
    // On a slow machine a frame that was on its way comes after a silence, though before the stop.
    const staleFrames = Math.min(ear.audibleFrames - framesWhenSilent, ear.framesSinceStop ?? Infinity);
    this.#tell({ event: 'interruption', wasSpeaking, silentAfterMs, staleFrames });
    return endMs;
  }

  #tell(event: UndatedCallEvent): void {
    this.#diary.tell({ ...event, atMs: this.#phone.atMs });
  }
}
