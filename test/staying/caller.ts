import type { Clip } from '../../bench/acs/clips.ts';
import type { Random } from '../../bench/random.ts';
import { CallerLine } from '../../emulator/phone/caller-line.ts';
import { FRAME_BYTES, FRAME_MS, rmsOf } from '../../shared/audio/pcm.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';

export interface CallerOptions {
  readonly emulatorUrl: string;
  readonly number: string;
  readonly clips: readonly Clip[];
  readonly random: Random;
  /** Whom he calls. */
  readonly to?: string | undefined;
}

/** Why a call has ended that its caller has ended. */
export const HUNG_UP = 'hung up';
const AGENT = '+15550100';
const AUDIBLE_RMS = 0.003;
/** So long a silence of the agent's is the end of its answer. */
const OVER_MS = 900;
/** Who was not answered by then asks again. */
const PATIENCE_MS = 12_000;
const SILENCE = new Uint8Array(FRAME_BYTES);

/** Somebody on an emulated telephone who asks, hears the answer to its end, and asks again. Never cuts in. */
export class StayingCaller {
  readonly #options: CallerOptions;
  #line: CallerLine | undefined;
  #clip: readonly Uint8Array[] = [];
  #frame = 0;
  #saysAtMs = Number.POSITIVE_INFINITY;
  #waitsUntilMs = Number.POSITIVE_INFINITY;
  /** Since when he waits for a word: since his own last ones, or since he was answered. */
  #waitsSinceMs: number | undefined;
  #longestMs = 0;
  callId: string | undefined;
  /** Why the call has ended, where it has. */
  lost: string | undefined;
  /** When the agent was heard last. */
  heardAtMs = Number.NEGATIVE_INFINITY;
  /** When the agent was heard, frame by frame. */
  readonly heard: number[] = [];
  /** When it was heard again after more than half a second, and how long it had not been. */
  readonly onsets: { readonly atMs: number; readonly afterMs: number }[] = [];
  /** What became of the media socket. */
  readonly media: { readonly atMs: number; readonly state: 'started' | 'stopped' }[] = [];
  /** Waits for the agent, however long it is silent: whoever speaks into a silence is listened to, which is another one's time. */
  isPatient = false;
  asked = 0;
  unanswered = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  async dial(): Promise<void> {
    const { emulatorUrl, number } = this.#options;
    const line = await CallerLine.plugIn(emulatorUrl, number, (_, error) => {
      this.lost ??= String(error);
    });
    // He was put away meanwhile.
    if (this.lost !== undefined) return line.close();
    this.#line = line;
    line.events.on('event', (event) => this.#onPhone(event));
    line.events.on('audio', (frame) => this.#hear(frame));
    line.events.on('lost', () => {
      this.lost ??= 'the emulator went away';
    });
    line.send({ type: 'dial', to: this.#options.to ?? AGENT });
  }

  /** The next 20 ms. */
  tick(): void {
    if (this.callId === undefined || this.lost !== undefined) return;
    const nowMs = performance.now();
    const frame = this.#clip[this.#frame];
    this.#line?.sendAudio(frame ?? SILENCE);
    if (frame) {
      this.#frame += 1;
      if (this.#frame === this.#clip.length) this.#waits(nowMs);
      return;
    }
    if (this.isPatient) return;
    if (nowMs > this.#waitsUntilMs) {
      this.unanswered += 1;
      this.#ask();
    } else if (nowMs > this.#saysAtMs && nowMs - this.heardAtMs > OVER_MS) this.#ask();
  }

  /** How long he has waited for a word by now, ms; 0 where he does not wait. */
  get waitsMs(): number {
    return this.#waitsSinceMs === undefined ? 0 : performance.now() - this.#waitsSinceMs;
  }

  /** The longest time in which he heard nothing though he waited for it, ms. */
  get longestSilenceMs(): number {
    return Math.max(this.#longestMs, this.waitsMs);
  }

  /** What was before now is not counted. */
  countFromNow(): void {
    this.#longestMs = 0;
    if (this.#waitsSinceMs !== undefined) this.#waitsSinceMs = performance.now();
  }

  hangUp(): void {
    this.lost ??= HUNG_UP;
    this.#line?.send({ type: 'hangup' });
    this.#hears();
  }

  /** Pulls the plug. A call that still stands ends with it. Idempotent. */
  close(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  #waits(nowMs: number): void {
    this.#waitsSinceMs ??= nowMs;
    this.#waitsUntilMs = nowMs + PATIENCE_MS;
  }

  #hears(): void {
    this.#longestMs = this.longestSilenceMs;
    this.#waitsSinceMs = undefined;
    this.#waitsUntilMs = Number.POSITIVE_INFINITY;
  }

  #ask(): void {
    const { clips, random } = this.#options;
    const { pcm } = random.pick(clips);
    this.#clip = Array.from({ length: pcm.length / FRAME_BYTES }, (_, at) =>
      pcm.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES),
    );
    this.#frame = 0;
    this.#saysAtMs = Number.POSITIVE_INFINITY;
    this.#waitsUntilMs = Number.POSITIVE_INFINITY;
    this.asked += 1;
  }

  #onPhone(event: PhoneEvent): void {
    switch (event.type) {
      case 'connected':
        this.callId = event.callConnectionId;
        this.#waits(performance.now());
        return;
      case 'media':
        this.media.push({ atMs: performance.now(), state: event.state });
        return;
      case 'disconnected':
        this.lost ??= event.reason;
        return;
      case 'refused':
        this.lost ??= event.message;
    }
  }

  #hear(frame: Uint8Array): void {
    if (rmsOf(frame) < AUDIBLE_RMS) return;
    const nowMs = performance.now();
    const afterMs = nowMs - this.heardAtMs;
    if (afterMs > 500) this.onsets.push({ atMs: nowMs, afterMs });
    this.heardAtMs = nowMs;
    this.heard.push(nowMs);
    this.#hears();
    // Whoever hears the agent has something to ask when it has ended.
    if (this.#frame >= this.#clip.length && this.#saysAtMs === Number.POSITIVE_INFINITY) {
      this.#saysAtMs = nowMs + this.#options.random.between(1_000, 2_500);
    }
  }
}

/** Lets everybody say his next 20 ms in real time, however late a timer is. */
export function tickAll(callers: readonly StayingCaller[]): () => void {
  const beganMs = performance.now();
  let beats = 0;
  const timer = setInterval(() => {
    for (; beganMs + beats * FRAME_MS <= performance.now(); beats += 1) for (const caller of callers) caller.tick();
  }, FRAME_MS / 2);
  return () => clearInterval(timer);
}
