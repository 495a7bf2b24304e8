import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { CallDiary } from './call-diary.ts';
import { CallerAnswers } from './caller-answers.ts';
import { CallerEar } from './caller-ear.ts';
import type { CallEvent, CallScript, CallSummary, UndatedCallEvent, Utterance } from './caller-events.ts';
import type { CallerLine } from './caller-line.ts';
import type { CallRecording } from './caller-recording.ts';
import type { CallRecord } from './caller-requests.ts';
import { CallerTranscript, type TurnOnRecord } from './caller-transcript.ts';
import { CallerVoice, type Speech } from './caller-voice.ts';

export interface CallerOptions {
  readonly line: CallerLine;
  readonly clock: Clock;
  readonly script: CallScript;
  /** Dials this number; without, `placeCall` has the application call us. */
  readonly to: string | undefined;
  readonly placeCall: () => Promise<void>;
  /** The agent that shall answer where we dial. */
  readonly agent?: string | undefined;
  readonly readRecord: (callConnectionId: string) => Promise<CallRecord | undefined>;
  /** Told in the order of time. */
  readonly onEvent: (event: CallEvent) => void;
  readonly recording: CallRecording;
  /** Aborting hangs up. */
  readonly signal: AbortSignal;
}

/** The call did not go as a call should; the message says at which point. */
export class CallFailed extends ParleyError {
  constructor(message: string) {
    super('call.failed', message);
  }
}

/** How often a wait looks again, besides at every frame. */
const LOOK_MS = 20;
const CONNECT_MS = 30_000;
const GREETING_MS = 20_000;
const ANSWER_MS = 30_000;
const LONGEST_ANSWER_MS = 90_000;
/** Silence after which an answer counts as finished. */
const ANSWER_OVER_MS = 900;
/** Silence after which an interrupted agent counts as silent: no pause between two words lasts as long. */
const SILENT_MS = 300;
const FALL_SILENT_MS = 3_000;
const HANG_UP_MS = 3_000;
/** What a wait for something of known length grants besides. */
const SPARE_MS = 5_000;

/** One call by its script, from dialling to hanging up. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #voice: CallerVoice;
  readonly #ear = new CallerEar();
  readonly #transcript: CallerTranscript;
  readonly #diary: CallDiary;
  readonly #answers = new CallerAnswers();
  #cancelHangUp: Cancel = () => {};
  #startMs: number;
  #ringing = false;
  #callConnectionId: string | undefined;
  #over: string | undefined;
  #overAtMs = Number.POSITIVE_INFINITY;
  #hangingUp: Promise<void> | undefined;
  #timeUp = false;
  #ended = false;
  #recheck: () => void = () => {};

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#diary = new CallDiary(options.onEvent);
    this.#startMs = options.clock.now();
    this.#voice = new CallerVoice(options.clock, (frame, dueMs) => {
      options.line.sendAudio(frame);
      options.recording.caller(frame, dueMs - this.#startMs);
    });
    this.#transcript = new CallerTranscript(options.clock, async () =>
      this.#callConnectionId === undefined ? undefined : options.readRecord(this.#callConnectionId),
    );
    options.line.events.on('event', (event) => this.#onPhone(event));
    options.line.events.on('audio', (frame) => this.#onAudio(frame));
    options.line.events.on('lost', () => this.#callOver('The emulator went away.'));
    options.signal.addEventListener('abort', () => void this.#hangUp(), { once: true });
  }

  /**
   * Makes the call. Once.
   * @throws {CallFailed} where it could not be connected, an answer did not come, or it broke off early
   */
  async run(): Promise<CallSummary> {
    try {
      const callConnectionId = await this.#connect();
      await this.#converse();
      await this.#end();
      const { answers, missed } = this.#answers;
      return { callConnectionId, durationMs: this.#atMs(), answers, missed, gapsMs: this.#ear.gapsMs };
    } finally {
      await this.#end();
    }
  }

  /** Hangs up and tells all that is left to tell. Idempotent. */
  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#diary.hold();
    this.#cancelHangUp();
    await this.#hangUp();
    this.#voice.close();
    this.#tellTurn(await this.#readOn(), []);
    this.#diary.release();
  }

  async #connect(): Promise<string> {
    const { to, agent, line, placeCall } = this.#options;
    if (to !== undefined) {
      line.send({ type: 'dial', to, ...(agent !== undefined && { agent }) });
    } else {
      this.#tell({ event: 'placing', number: line.number });
      await placeCall();
      await this.#mustCome(() => this.#ringing, CONNECT_MS, 'The phone did not ring');
      line.send({ type: 'answer' });
    }
    await this.#mustCome(() => this.#callConnectionId !== undefined, CONNECT_MS, 'The call was not answered');
    if (this.#callConnectionId === undefined) throw new CallFailed('Hung up before the call was connected.');
    this.#voice.start();
    void this.#tellSession(this.#callConnectionId);
    return this.#callConnectionId;
  }

  /** By what name the stack's log and its API know the call. */
  async #tellSession(callConnectionId: string): Promise<void> {
    const record = await this.#options.readRecord(callConnectionId);
    if (!record || this.#ended) return;
    const time = new Date(this.#options.clock.wallMs()).toISOString();
    this.#tell({ event: 'session', sessionId: record.session_id, agent: record.agent, time });
  }

  async #converse(): Promise<void> {
    const { utterances, interruptAfterMs } = this.#options.script;
    await this.#mustCome(() => this.#ear.heardSince(this.#startMs), GREETING_MS, 'The agent did not greet');
    this.#diary.hold();
    this.#transcript.heard('greeting', this.#atMs());
    await this.#hearOut();
    for (const [i, utterance] of utterances.entries()) {
      if (this.#stopping) return;
      const cutsIn = interruptAfterMs !== undefined && i === 1;
      const endMs = cutsIn ? await this.#cutIn(utterance, interruptAfterMs) : await this.#say(utterance);
      await this.#hearAnswer(utterance, endMs);
      if (interruptAfterMs === undefined || i !== 0) await this.#hearOut();
    }
  }

  /** @returns when the last word was over */
  async #say(utterance: Utterance): Promise<number> {
    this.#diary.hold();
    const endMs = await this.#sayOut(utterance, this.#voice.speak(utterance.pcm));
    this.#diary.release();
    return endMs;
  }

  /** @returns when the last word was over */
  async #sayOut(utterance: Utterance, speech: Speech): Promise<number> {
    const lengthMs = utterance.pcm.length / BYTES_PER_MS;
    await this.#until(() => speech.over, lengthMs + SPARE_MS);
    const endMs = speech.endMs ?? this.#options.clock.now();
    const startMs = speech.onsetMs ?? endMs;
    const atMs = Math.round(startMs - this.#startMs);
    this.#diary.tell({ event: 'caller', atMs, text: utterance.label, durationMs: Math.round(endMs - startMs) });
    return endMs;
  }

  async #hearAnswer({ label }: Utterance, endMs: number): Promise<void> {
    await this.#mustCome(() => this.#ear.heardSince(endMs), ANSWER_MS, `No answer to "${label}" was heard`);
    if (this.#stopping) return;
    // What was heard is told with its words, by which one knows what it was.
    this.#diary.hold();
    const latencyMs = this.#options.recording.answerMs ?? Math.round(this.#ear.lastAudibleMs - endMs);
    const atMs = this.#atMs();
    this.#answers.heard({ label, atMs, latencyMs });
    this.#transcript.heard('answer', atMs);
  }

  /** Waits until the agent has finished, and tells what it has said. */
  async #hearOut(): Promise<void> {
    const giveUpMs = this.#options.clock.now() + LONGEST_ANSWER_MS;
    for (;;) {
      const quiet = await this.#until(() => this.#quietFor(ANSWER_OVER_MS), giveUpMs - this.#options.clock.now());
      // An agent that says goodbye hangs up. Whether that was too early shows at the next utterance.
      if (!quiet && !this.#ending) {
        throw new CallFailed(`The agent did not finish within ${LONGEST_ANSWER_MS / 1000} s.`);
      }
      const { silentSinceMs } = this.#ear;
      const turn = await this.#readOn();
      const owed = turn?.understood && !turn.answered && !this.#ending;
      // What was heard was "one moment, please"; the answer is yet to come.
      const goesOn = owed && (await this.#until(() => this.#ear.heardSince(silentSinceMs), ANSWER_MS));
      if (goesOn) continue;
      // Who hangs up in the middle of an answer has not heard it out.
      this.#tellTurn(turn, this.#stopping ? [] : this.#answers.judge(turn));
      this.#diary.release();
      return;
    }
  }

  /** Speaks into the answer that has just become audible, and measures how the agent falls silent. */
  async #cutIn(utterance: Utterance, afterMs: number): Promise<number> {
    const answerMs = this.#ear.lastAudibleMs;
    await this.#until(() => this.#options.clock.now() >= answerMs + afterMs, afterMs);
    const speech = this.#voice.speak(utterance.pcm);
    await this.#until(() => speech.onsetMs !== undefined || speech.over, ANSWER_MS);
    const onsetMs = speech.onsetMs ?? this.#options.clock.now();
    // A breath between two words is no end of the answer.
    const wasSpeaking = onsetMs - this.#ear.silentSinceMs < ANSWER_OVER_MS;
    await this.#mustCome(
      () => this.#quietFor(SILENT_MS) && this.#options.clock.now() - onsetMs >= SILENT_MS,
      FALL_SILENT_MS,
      'The agent went on talking over the caller',
    );
    const silentAfterMs = Math.max(0, Math.round(this.#ear.silentSinceMs - onsetMs));
    const framesWhenSilent = this.#ear.audibleFrames;
    const endMs = await this.#sayOut(utterance, speech);
    const staleFrames = this.#ear.audibleFrames - framesWhenSilent;
    this.#tell({ event: 'interruption', wasSpeaking, silentAfterMs, staleFrames });
    return endMs;
  }

  #readOn(): Promise<TurnOnRecord | undefined> {
    return this.#transcript.readOn(() => this.#over !== undefined);
  }

  /** Tells what is on record, with each verdict before the agent's words that it is about. */
  #tellTurn(turn: TurnOnRecord | undefined, verdicts: readonly CallEvent[]): void {
    if (turn) this.#transcript.told(turn);
    const untold = [...verdicts];
    for (const { atMs = Math.min(this.#atMs(), this.#overAtMs), line } of turn?.lines ?? []) {
      if (line.role === 'agent' && untold[0]?.atMs === atMs) this.#diary.tell(...untold.splice(0, 1));
      this.#diary.tell({ event: 'transcript', atMs, line });
    }
    this.#diary.tell(...untold);
  }

  /** Idempotent. Waits until the network has said that the call is over, and not long. */
  #hangUp(): Promise<void> {
    this.#hangingUp ??= this.#putDown();
    return this.#hangingUp;
  }

  async #putDown(): Promise<void> {
    if (this.#over !== undefined) return;
    this.#options.line.send({ type: 'hangup' });
    const giveUpMs = this.#options.clock.now() + HANG_UP_MS;
    while (this.#over === undefined && this.#options.clock.now() < giveUpMs) await this.#pause(LOOK_MS);
  }

  /** The call is over, or shall be. */
  get #ending(): boolean {
    return this.#stopping || this.#over !== undefined;
  }

  get #stopping(): boolean {
    return this.#timeUp || this.#options.signal.aborted;
  }

  #quietFor(ms: number): boolean {
    return this.#options.clock.now() - this.#ear.silentSinceMs >= ms;
  }

  async #mustCome(condition: () => boolean, withinMs: number, failure: string): Promise<void> {
    const came = await this.#until(condition, withinMs);
    if (this.#stopping || came) return;
    if (this.#over !== undefined) throw new CallFailed(`${failure}: ${this.#over}`);
    throw new CallFailed(`${failure} within ${withinMs / 1000} s.`);
  }

  /** Waits for a condition; ends early, too, when the call is over or shall be. @returns whether it came */
  async #until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const giveUpMs = this.#options.clock.now() + withinMs;
    for (;;) {
      if (condition()) return true;
      if (this.#ending || this.#options.clock.now() >= giveUpMs) return false;
      await this.#pause(LOOK_MS);
    }
  }

  /** Waits, or until something happened on the line. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel: Cancel = this.#options.clock.after(ms, resolve);
      this.#recheck = () => {
        cancel();
        resolve();
      };
    });
  }

  #onAudio(frame: Uint8Array): void {
    const nowMs = this.#options.clock.now();
    this.#ear.hear(frame, nowMs);
    this.#options.recording.agent(frame, nowMs - this.#startMs);
    this.#recheck();
  }

  #onPhone(event: PhoneEvent): void {
    switch (event.type) {
      case 'dialling':
        this.#tell({ event: 'dialling', to: this.#options.to ?? '' });
        break;
      case 'ringing':
        this.#ringing = true;
        this.#tell({ event: 'ringing', from: event.from });
        break;
      case 'connected':
        this.#callConnectionId = event.callConnectionId;
        this.#startMs = this.#options.clock.now();
        this.#planHangUp();
        this.#tell({ event: 'connected', callConnectionId: event.callConnectionId });
        break;
      case 'media':
        // That it goes with the call is no news.
        if (event.state === 'stopped' && this.#hangingUp) break;
        this.#tell({ event: 'media', state: event.state });
        break;
      case 'audioStopped':
        this.#ear.voiceStopped();
        this.#tell({ event: 'audio-stopped', droppedMs: event.droppedMs });
        break;
      case 'disconnected': {
        const ending = endingOf(event, this.#hangingUp !== undefined);
        this.#tell({ event: 'disconnected', code: event.code, ...ending });
        this.#callOver(ending.reason);
        break;
      }
      case 'refused':
        this.#callOver(event.message);
    }
    this.#recheck();
  }

  #planHangUp(): void {
    const { clock, script } = this.#options;
    if (script.hangUpAfterMs === undefined) return;
    this.#cancelHangUp = clock.after(script.hangUpAfterMs, () => {
      this.#timeUp = true;
      void this.#hangUp();
    });
  }

  #callOver(reason: string): void {
    this.#over ??= reason;
    this.#overAtMs = Math.min(this.#overAtMs, this.#atMs());
    this.#recheck();
  }

  #tell(event: UndatedCallEvent): void {
    this.#diary.tell({ ...event, atMs: this.#atMs() });
  }

  #atMs(): number {
    return Math.round(this.#options.clock.now() - this.#startMs);
  }
}

/** How a call ended, in words: the network's own are diagnoses for its support. */
function endingOf({ code, reason }: { readonly code: number; readonly reason: string }, weHungUp: boolean) {
  if (weHungUp) return { by: 'caller', reason: 'The caller hung up.' } as const;
  if (code === 200) return { by: 'agent', reason: 'The agent hung up.' } as const;
  return { by: 'network', reason: reason.replace(/\s*DiagCode:.*$/, '') || `The call ended (${code}).` } as const;
}
