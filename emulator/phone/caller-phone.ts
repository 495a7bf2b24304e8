import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { CallerEar } from './caller-ear.ts';
import type { UndatedCallEvent } from './caller-events.ts';
import type { CallerLine } from './caller-line.ts';
import type { CallRecording } from './caller-recording.ts';
import { CallerVoice, type Speech } from './caller-voice.ts';

export interface CallerPhoneOptions {
  readonly line: CallerLine;
  readonly clock: Clock;
  readonly recording: CallRecording;
  /** Hangs up so long after the call was connected. */
  readonly hangUpAfterMs?: number | undefined;
  /** Aborting hangs up. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: UndatedCallEvent) => void;
}

/** The call did not go as a call should; the message says at which point. */
export class CallFailed extends ParleyError {
  constructor(message: string) {
    super('call.failed', message);
  }
}

/** How often a wait looks again, besides at every frame. */
const LOOK_MS = 20;
const HANG_UP_MS = 3_000;
/** A person presses three keys a second. */
const KEY_MS = 300;
/** What a wait for something of known length grants besides. */
const SPARE_MS = 5_000;

/** The caller's end of one call: how it stands, what is heard and said in it, and waits that end with it. */
export class CallerPhone {
  readonly ear = new CallerEar();
  readonly #options: CallerPhoneOptions;
  readonly #voice: CallerVoice;
  #startMs: number;
  #ringing = false;
  #isOnHold = false;
  #callConnectionId: string | undefined;
  #over: string | undefined;
  #overAtMs = Number.POSITIVE_INFINITY;
  #hangingUp: Promise<void> | undefined;
  #timeUp = false;
  #cancelHangUp: Cancel = () => {};
  #recheck: () => void = () => {};

  constructor(options: CallerPhoneOptions) {
    const { clock, line, recording, signal } = options;
    this.#options = options;
    this.#startMs = clock.now();
    this.#voice = new CallerVoice(clock, (frame, dueMs) => {
      line.sendAudio(frame);
      recording.caller(frame, dueMs - this.#startMs);
    });
    line.events.on('event', (event) => this.#onPhone(event));
    line.events.on('audio', (frame) => this.#onAudio(frame));
    line.events.on('lost', () => this.#callOver('The emulator went away.'));
    signal.addEventListener('abort', () => void this.hangUp(), { once: true });
  }

  /** Undefined before the call is connected. */
  get callConnectionId(): string | undefined {
    return this.#callConnectionId;
  }

  get isRinging(): boolean {
    return this.#ringing;
  }

  get isOnHold(): boolean {
    return this.#isOnHold;
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** The caller wants no more: the time is up, or somebody pressed Ctrl-C. */
  get isLeaving(): boolean {
    return this.#timeUp || this.#options.signal.aborted;
  }

  /** The call's clock: milliseconds since it was connected, and no further than to its end. */
  get atMs(): number {
    return Math.min(this.sinceConnected(this.#options.clock.now()), this.#overAtMs);
  }

  sinceConnected(clockMs: number): number {
    return Math.round(clockMs - this.#startMs);
  }

  /** Begins to speak. What was being spoken is left off. */
  speak(pcm: Uint8Array): Speech {
    return this.#voice.speak(pcm);
  }

  /** Resolves when it was said. @returns when its first and its last sound were over, on the clock */
  async sayOut(speech: Speech, pcm: Uint8Array): Promise<{ readonly startMs: number; readonly endMs: number }> {
    await this.until(() => speech.over, pcm.length / BYTES_PER_MS + SPARE_MS);
    const endMs = speech.endMs ?? this.#options.clock.now();
    return { startMs: speech.onsetMs ?? endMs, endMs };
  }

  /** Presses keys one after the other. @returns when the first and the last one was, on the clock */
  async press(keys: string): Promise<{ readonly startMs: number; readonly endMs: number }> {
    const startMs = this.#options.clock.now();
    for (const tone of keys) {
      this.#options.line.send({ type: 'dtmf', tone });
      await this.until(() => false, KEY_MS);
    }
    return { startMs, endMs: this.#options.clock.now() };
  }

  quietFor(ms: number): boolean {
    return this.#options.clock.now() - this.ear.silentSinceMs >= ms;
  }

  /**
   * Waits for a condition; ends without it, too, when the caller wants no more.
   * @throws {CallFailed} that begins with `failure`, where it does not come in time or the call is over
   */
  async mustCome(condition: () => boolean, withinMs: number, failure: string): Promise<void> {
    const came = await this.until(condition, withinMs);
    if (this.isLeaving || came) return;
    if (this.#over !== undefined) throw new CallFailed(`${failure}: ${this.#over}`);
    throw new CallFailed(`${failure} within ${withinMs / 1000} s.`);
  }

  /** Waits for a condition; ends early, too, when the call is over or shall be. @returns whether it came */
  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const giveUpMs = this.#options.clock.now() + withinMs;
    for (;;) {
      if (condition()) return true;
      if (this.isLeaving || this.isOver || this.#options.clock.now() >= giveUpMs) return false;
      await this.#pause(LOOK_MS);
    }
  }

  /** Idempotent. Waits until the network has said that the call is over, and not long. */
  hangUp(): Promise<void> {
    this.#hangingUp ??= this.#putDown();
    return this.#hangingUp;
  }

  async #putDown(): Promise<void> {
    this.#cancelHangUp();
    if (!this.isOver) this.#options.line.send({ type: 'hangup' });
    const giveUpMs = this.#options.clock.now() + HANG_UP_MS;
    while (!this.isOver && this.#options.clock.now() < giveUpMs) await this.#pause(LOOK_MS);
    this.#voice.close();
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
    this.ear.hear(frame, nowMs);
    this.#options.recording.agent(frame, nowMs - this.#startMs);
    this.#recheck();
  }

  #onPhone(event: PhoneEvent): void {
    const { onEvent } = this.#options;
    switch (event.type) {
      case 'ringing':
        this.#ringing = true;
        onEvent({ event: 'ringing', from: event.from });
        break;
      case 'connected':
        this.#connected(event.callConnectionId);
        onEvent({ event: 'connected', callConnectionId: event.callConnectionId });
        break;
      case 'media':
        // That it goes with the call is no news.
        if (event.state === 'started' || !this.#hangingUp) onEvent({ event: 'media', state: event.state });
        break;
      case 'party':
        onEvent({ event: event.state, number: event.number });
        break;
      case 'applicationLeft':
        onEvent({ event: 'agent-left' });
        break;
      case 'hold':
        this.#isOnHold = event.state === 'on';
        onEvent({ event: 'hold', state: event.state });
        break;
      case 'tone':
        onEvent({ event: 'tone', tone: event.tone });
        break;
      case 'fault':
        onEvent({ event: 'fault', fault: event.fault, state: event.state, felt: event.felt });
        break;
      case 'audioStopped':
        this.ear.voiceStopped();
        onEvent({ event: 'audio-stopped', droppedMs: event.droppedMs });
        break;
      case 'disconnected': {
        const ending = endingOf(event, this.#hangingUp !== undefined);
        onEvent({ event: 'disconnected', code: event.code, ...ending });
        // Who it was there is on record, if anywhere.
        this.#callOver(ending.by === 'agent' ? 'The other side hung up.' : ending.reason);
        break;
      }
      case 'refused':
        this.#callOver(event.message);
    }
    this.#recheck();
  }

  #connected(callConnectionId: string): void {
    const { clock, hangUpAfterMs } = this.#options;
    this.#callConnectionId = callConnectionId;
    this.#startMs = clock.now();
    this.#voice.start();
    if (hangUpAfterMs === undefined) return;
    this.#cancelHangUp = clock.after(hangUpAfterMs, () => {
      this.#timeUp = true;
      void this.hangUp();
    });
  }

  #callOver(reason: string): void {
    this.#over ??= reason;
    this.#overAtMs = Math.min(this.#overAtMs, this.atMs);
    this.#recheck();
  }
}

/** How a call ended, in words: the network's own are diagnoses for its support. */
function endingOf({ code, reason }: { readonly code: number; readonly reason: string }, weHungUp: boolean) {
  if (weHungUp) return { by: 'caller', reason: 'The caller hung up.' } as const;
  if (code === 200) return { by: 'agent', reason: 'The agent hung up.' } as const;
  return { by: 'network', reason: reason.replace(/\s*DiagCode:.*$/, '') || `The call ended (${code}).` } as const;
}
