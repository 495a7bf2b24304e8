import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { CallerEar } from './caller-ear.ts';
import type { CallEvent, CallScript, CallSummary, UndatedCallEvent, Utterance } from './caller-events.ts';
import type { CallerLine } from './caller-line.ts';
import type { CallRecording } from './caller-recording.ts';
import type { TranscriptLine } from './caller-requests.ts';
import { CallerTranscript } from './caller-transcript.ts';
import { CallerVoice, type Speech } from './caller-voice.ts';

export interface CallerOptions {
  readonly line: CallerLine;
  readonly clock: Clock;
  readonly script: CallScript;
  /** Dials this number; without, `placeCall` has the application call us. */
  readonly to: string | undefined;
  readonly placeCall: () => Promise<void>;
  readonly readTranscript: (callConnectionId: string) => Promise<TranscriptLine[] | undefined>;
  readonly onEvent: (event: CallEvent) => void;
  readonly recording?: CallRecording;
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
  readonly #latenciesMs: number[] = [];
  #startMs: number;
  #ringing = false;
  #callConnectionId: string | undefined;
  #over: string | undefined;
  #hangingUp = false;
  #recheck: () => void = () => {};

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
    this.#voice = new CallerVoice(options.clock, (frame, dueMs) => {
      options.line.sendAudio(frame);
      options.recording?.caller(frame, dueMs - this.#startMs);
    });
    this.#transcript = new CallerTranscript(options.clock, async () =>
      this.#callConnectionId === undefined ? undefined : options.readTranscript(this.#callConnectionId),
    );
    options.line.events.on('event', (event) => this.#onPhone(event));
    options.line.events.on('audio', (frame) => this.#onAudio(frame));
    options.line.events.on('lost', () => this.#end('The emulator went away.'));
    options.signal.addEventListener('abort', () => this.#recheck(), { once: true });
  }

  /**
   * Makes the call. Once.
   * @throws {CallFailed} where it could not be connected, an answer did not come, or it broke off early
   */
  async run(): Promise<CallSummary> {
    try {
      const callConnectionId = await this.#connect();
      await this.#converse();
      await this.#hangUp();
      await this.#tellTranscript();
      return { callConnectionId, durationMs: this.#atMs(), latenciesMs: this.#latenciesMs, gapsMs: this.#ear.gapsMs };
    } finally {
      await this.#hangUp();
      this.#voice.close();
    }
  }

  async #connect(): Promise<string> {
    const { to, line, placeCall } = this.#options;
    if (to !== undefined) {
      line.send({ type: 'dial', to });
    } else {
      this.#tell({ event: 'placing', number: line.number });
      await placeCall();
      await this.#mustCome(() => this.#ringing, CONNECT_MS, 'The phone did not ring');
      line.send({ type: 'answer' });
    }
    await this.#mustCome(() => this.#callConnectionId !== undefined, CONNECT_MS, 'The call was not answered');
    if (this.#callConnectionId === undefined) throw new CallFailed('Hung up before the call was connected.');
    this.#voice.start();
    return this.#callConnectionId;
  }

  async #converse(): Promise<void> {
    const { utterances, interruptAfterMs } = this.#options.script;
    await this.#mustCome(() => this.#ear.heardSince(this.#startMs), GREETING_MS, 'The agent did not greet');
    this.#transcript.answerHeard(this.#atMs());
    await this.#hearOut();
    for (const [i, utterance] of utterances.entries()) {
      if (this.#stopping) return;
      const cutsIn = interruptAfterMs !== undefined && i === 1;
      const endMs = cutsIn ? await this.#cutIn(utterance, interruptAfterMs) : await this.#say(utterance);
      await this.#hearAnswer(endMs);
      if (interruptAfterMs === undefined || i !== 0) await this.#hearOut();
    }
  }

  /** @returns when the last word was over */
  async #say(utterance: Utterance): Promise<number> {
    const speech = this.#voice.speak(utterance.pcm);
    return this.#sayOut(utterance, speech);
  }

  /** @returns when the last word was over */
  async #sayOut(utterance: Utterance, speech: Speech): Promise<number> {
    const lengthMs = utterance.pcm.length / BYTES_PER_MS;
    await this.#until(() => speech.over, lengthMs + SPARE_MS);
    const endMs = speech.endMs ?? this.#options.clock.now();
    const startMs = speech.onsetMs ?? endMs;
    const atMs = Math.round(startMs - this.#startMs);
    this.#options.onEvent({ event: 'caller', atMs, text: utterance.label, durationMs: Math.round(endMs - startMs) });
    return endMs;
  }

  async #hearAnswer(endMs: number): Promise<void> {
    await this.#mustCome(() => this.#ear.heardSince(endMs), ANSWER_MS, 'No answer was heard');
    if (this.#stopping) return;
    const latencyMs = Math.round(this.#ear.lastAudibleMs - endMs);
    this.#latenciesMs.push(latencyMs);
    this.#transcript.answerHeard(this.#atMs());
    this.#tell({ event: 'answer', latencyMs });
  }

  /** Waits until the agent has finished. */
  async #hearOut(): Promise<void> {
    const quiet = await this.#until(() => this.#quietFor(ANSWER_OVER_MS), LONGEST_ANSWER_MS);
    // An agent that says goodbye hangs up. Whether that was too early shows at the next utterance.
    if (!quiet && !this.#ending) throw new CallFailed(`The agent did not finish within ${LONGEST_ANSWER_MS / 1000} s.`);
    await this.#tellTranscript();
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

  async #tellTranscript(): Promise<void> {
    const fresh = await this.#transcript.readOn(() => this.#over !== undefined);
    for (const { atMs, line } of fresh) {
      this.#options.onEvent({ event: 'transcript', atMs: atMs ?? this.#atMs(), line });
    }
  }

  async #hangUp(): Promise<void> {
    if (this.#hangingUp) return;
    this.#hangingUp = true;
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
    const { signal, script, clock } = this.#options;
    const { hangUpAfterMs } = script;
    if (signal.aborted) return true;
    return (
      hangUpAfterMs !== undefined &&
      this.#callConnectionId !== undefined &&
      clock.now() - this.#startMs >= hangUpAfterMs
    );
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
    this.#options.recording?.agent(frame, nowMs - this.#startMs);
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
        this.#tell({ event: 'connected', callConnectionId: event.callConnectionId });
        break;
      case 'media':
        this.#tell({ event: 'media', state: event.state });
        break;
      case 'audioStopped':
        this.#ear.voiceStopped();
        this.#tell({ event: 'audio-stopped', droppedMs: event.droppedMs });
        break;
      case 'disconnected':
        this.#tell({ event: 'disconnected', code: event.code, reason: event.reason });
        this.#end(event.reason);
        break;
      case 'refused':
        this.#end(event.message);
    }
    this.#recheck();
  }

  #end(reason: string): void {
    this.#over ??= reason === '' ? 'The call ended.' : reason;
    this.#recheck();
  }

  #tell(event: UndatedCallEvent): void {
    this.#options.onEvent({ ...event, atMs: this.#atMs() });
  }

  #atMs(): number {
    return Math.round(this.#options.clock.now() - this.#startMs);
  }
}
