import { type CallerEvent, type CallerState, HABITS, step } from '../../../bench/acs/caller-script.ts';
import type { SpokenClip } from '../../../bench/acs/phone-call.ts';
import { readPosition } from '../../../bench/harness/position-mark.ts';
import type { Random } from '../../../bench/random.ts';
import { CallerLine } from '../../../emulator/phone/caller-line.ts';
import { dbfsOf, rmsOf, samplesOf } from '../../../shared/audio/pcm.ts';
import type { PhoneEvent } from '../../../shared/protocol/phone-line.ts';

/** What went right and wrong in the calls of all talkers. */
export const newTalk = () => ({
  connected: 0,
  hungUp: 0,
  turns: 0,
  answers: 0,
  interruptions: 0,
  unanswered: 0,
  /** Calls that ended, or were never connected, though nobody had hung up; and why. */
  broken: [] as string[],
  /** Calls that the hosts were too busy for; they are dialled again. */
  turnedAway: 0,
  /** Media sockets that were lost in the middle of a call. */
  mediaLost: 0,
});
export type Talk = ReturnType<typeof newTalk>;

export interface TalkerOptions {
  readonly emulatorUrl: string;
  readonly number: string;
  readonly clips: readonly SpokenClip[];
  /** The noise of a line on which nobody speaks. */
  readonly noise: readonly Uint8Array[];
  readonly random: Random;
  readonly talk: Talk;
}

const AGENT = '+15550100';
const AUDIBLE_DBFS = -50;
const GREETING_WITHIN_MS = 15_000;
const REDIAL_AFTER_MS = 3_000;

/** Somebody on an emulated telephone who asks, listens, cuts in, and asks again. */
export class Talker {
  readonly #options: TalkerOptions;
  #line: CallerLine | undefined;
  #state: CallerState = { name: 'pausing', untilMs: Number.POSITIVE_INFINITY };
  #clip: SpokenClip | undefined;
  #nextFrame = 0;
  #noiseAt = 0;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #answer = 0;
  #callId: string | undefined;

  constructor(options: TalkerOptions) {
    this.#options = options;
  }

  /** Of the call that stands. */
  get callId(): string | undefined {
    return this.#callId;
  }

  async dial(): Promise<void> {
    const { emulatorUrl, number, talk } = this.#options;
    const line = await CallerLine.plugIn(emulatorUrl, number, (_, error) => talk.broken.push(String(error)));
    this.#line = line;
    line.events.on('event', (event) => this.#onPhone(event));
    line.events.on('audio', (frame) => this.#hear(frame));
    line.events.on('lost', () => this.#broken('the emulator went away'));
    line.send({ type: 'dial', to: AGENT });
  }

  /** Says the next 20 ms. */
  tick(): void {
    if (this.#callId === undefined) return;
    this.#handle('tick');
    const { noise } = this.#options;
    const frame = this.#clip?.frames[this.#nextFrame];
    this.#noiseAt = (this.#noiseAt + 1) % noise.length;
    this.#line?.sendAudio(frame ?? noise[this.#noiseAt] ?? new Uint8Array());
    if (!frame) return;
    this.#nextFrame += 1;
    if (this.#nextFrame < (this.#clip?.frames.length ?? 0)) return;
    this.#clip = undefined;
    this.#handle('said');
  }

  hangUp(): void {
    if (this.#callId !== undefined) this.#options.talk.hungUp += 1;
    this.#callId = undefined;
    this.#line?.close();
    this.#line = undefined;
  }

  #handle(event: CallerEvent): void {
    const { random, talk, clips } = this.#options;
    const nowMs = performance.now();
    const agentQuietMs = nowMs - this.#heardAtMs < 100 ? 0 : nowMs - this.#heardAtMs;
    const context = { nowMs, agentQuietMs, random: () => random.next() };
    const { state, act } = step(this.#state, event, context, HABITS.ordinary);
    this.#state = state;
    if (act === undefined) return;
    if (act === 'give-up-waiting') talk.unanswered += 1;
    else {
      const kind = act === 'say-turn' ? 'turn' : 'interruption';
      talk[kind === 'turn' ? 'turns' : 'interruptions'] += 1;
      this.#clip = random.pick(clips.filter((clip) => clip.kind === kind));
      this.#nextFrame = 0;
    }
  }

  #hear(frame: Uint8Array): void {
    if (dbfsOf(rmsOf(frame)) < AUDIBLE_DBFS) return;
    this.#heardAtMs = performance.now();
    const turn = readPosition(samplesOf(new Uint8Array(frame)))?.turn ?? 0;
    if (turn === 0 || turn === this.#answer) return;
    this.#answer = turn;
    this.#options.talk.answers += 1;
    this.#handle('answer-audible');
  }

  #onPhone(event: PhoneEvent): void {
    const { talk } = this.#options;
    switch (event.type) {
      case 'connected':
        talk.connected += 1;
        this.#callId = event.callConnectionId;
        this.#state = { name: 'pausing', untilMs: performance.now() + GREETING_WITHIN_MS };
        break;
      case 'media':
        if (event.state === 'stopped' && this.#callId !== undefined) talk.mediaLost += 1;
        break;
      case 'disconnected':
        if (this.#callId === undefined && /is busy/.test(event.reason)) this.#redial();
        else this.#broken(`disconnected: ${event.reason}`);
        break;
      case 'refused':
        this.#broken(`refused: ${event.message}`);
    }
  }

  /** On the same line: it is free again. */
  #redial(): void {
    this.#options.talk.turnedAway += 1;
    setTimeout(() => this.#line?.send({ type: 'dial', to: AGENT }), REDIAL_AFTER_MS);
  }

  #broken(why: string): void {
    if (!this.#line) return;
    this.#options.talk.broken.push(`${this.#options.number} ${why}`);
    this.#line.close();
    this.#callId = undefined;
    this.#line = undefined;
  }
}
