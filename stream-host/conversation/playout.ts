import type { Cancel, Clock } from '../../shared/clock.ts';
import { FRAME_BYTES, FRAME_MS } from '../../shared/protocol/acs-media.ts';
import type { AudioSink } from './ports.ts';

export interface PlayoutOptions {
  readonly clock: Clock;
  readonly sink: AudioSink;
  /** How far ahead of the caller's ear frames are sent. */
  readonly leadMs: number;
  /** Audio kept beyond that before {@link PlayoutTurn.room} makes the synthesiser wait. */
  readonly maxBufferedMs: number;
  /** The turn's first frame is about to be sent. */
  readonly onAudible: (turn: number) => void;
  /** A frame was sent. */
  readonly onProgress: (turn: number) => void;
  /** The last frame has been played (not only sent). */
  readonly onPlayed: (turn: number) => void;
}

/**
 * Sends the agent's voice in real time. ACS reports no played position and cannot pause, so the playhead is kept here:
 * `#playedOutAtMs` is when the far side will have played all that was sent; each frame moves it by exactly one frame,
 * or, after the line ran dry, from now. The schedule is absolute: a timer that fires late sends what is due, and the
 * error does not add up. Turns carry a number; once stopped, a turn's frames go nowhere, whoever still writes them.
 */
export class Playout {
  readonly #options: PlayoutOptions;
  #turn: PlayoutTurn | undefined;
  #playedOutAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: Cancel = () => {};
  #droppedFrames = 0;

  constructor(options: PlayoutOptions) {
    this.#options = options;
  }

  /** Frames that the line did not take. They count as played: real time has passed. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** Opens the turn whose audio is played from now on. What an earlier turn has left is dropped. */
  begin(turn: number): PlayoutTurn {
    this.#turn?.cut();
    this.#turn = new PlayoutTurn(turn, this.#options.maxBufferedMs, () => this.#pump());
    return this.#turn;
  }

  /**
   * Silences the line: the stop command goes out first, then everything that is queued is dropped.
   * @returns how much of the turn the caller had heard
   */
  stop(): number {
    this.#options.sink.stopAudio();
    this.#cancelTimer();
    const heardMs = this.heardMs;
    this.#turn?.cut();
    this.#turn = undefined;
    this.#playedOutAtMs = Number.NEGATIVE_INFINITY;
    return heardMs;
  }

  /** How much of the current turn has reached the caller's ear. */
  get heardMs(): number {
    if (!this.#turn) return 0;
    const aheadMs = Math.max(0, this.#playedOutAtMs - this.#options.clock.now());
    return Math.max(0, this.#turn.sentMs - aheadMs);
  }

  #pump(): void {
    this.#cancelTimer();
    const turn = this.#turn;
    if (!turn) return;
    const { clock, sink, leadMs } = this.#options;
    const sendWhileAheadMs = leadMs - FRAME_MS;
    while (this.#playedOutAtMs - clock.now() <= sendWhileAheadMs) {
      if (turn.sentMs === 0 && turn.hasFrame) this.#options.onAudible(turn.number);
      // A listener may have stopped this very turn.
      if (this.#turn !== turn) return;
      const frame = turn.nextFrame();
      if (!frame) break;
      this.#playedOutAtMs = Math.max(this.#playedOutAtMs, clock.now()) + FRAME_MS;
      if (!sink.sendAudio(frame)) this.#droppedFrames += 1;
      this.#options.onProgress(turn.number);
    }
    this.#arm(turn, sendWhileAheadMs);
  }

  #arm(turn: PlayoutTurn, sendWhileAheadMs: number): void {
    const { clock } = this.#options;
    if (turn.hasFrame) {
      this.#cancelTimer = clock.after(this.#playedOutAtMs - sendWhileAheadMs - clock.now(), () => this.#pump());
    } else if (turn.ended) {
      this.#cancelTimer = clock.after(Math.max(0, this.#playedOutAtMs - clock.now()), () => this.#finish(turn));
    }
  }

  #finish(turn: PlayoutTurn): void {
    if (this.#turn !== turn) return;
    turn.cut();
    this.#turn = undefined;
    this.#options.onPlayed(turn.number);
  }
}

/** One turn's way to the caller's ear. Written by the turn's task; emptied by the {@link Playout}. */
export class PlayoutTurn {
  readonly number: number;
  readonly #maxBufferedMs: number;
  readonly #onChange: () => void;
  readonly #frames: Uint8Array[] = [];
  #tail = new Uint8Array(0);
  #sentFrames = 0;
  #ended = false;
  #cut = false;
  #roomWaiter: (() => void) | undefined;

  constructor(number: number, maxBufferedMs: number, onChange: () => void) {
    this.number = number;
    this.#maxBufferedMs = maxBufferedMs;
    this.#onChange = onChange;
  }

  get sentMs(): number {
    return this.#sentFrames * FRAME_MS;
  }

  /** All audio of the turn so far, sent or waiting. */
  get writtenMs(): number {
    return this.sentMs + this.#bufferedMs;
  }

  get hasFrame(): boolean {
    return this.#frames.length > 0;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Adds audio (PCM16, 16 kHz, any length). Ignored once the turn was cut. */
  write(pcm: Uint8Array): void {
    if (this.#cut || this.#ended) return;
    let rest = pcm;
    if (this.#tail.length > 0) {
      rest = new Uint8Array(this.#tail.length + pcm.length);
      rest.set(this.#tail);
      rest.set(pcm, this.#tail.length);
    }
    let at = 0;
    for (; at + FRAME_BYTES <= rest.length; at += FRAME_BYTES) this.#frames.push(rest.subarray(at, at + FRAME_BYTES));
    this.#tail = rest.slice(at);
    this.#onChange();
  }

  /** No more audio follows. The last frame is filled up with silence. */
  end(): void {
    if (this.#cut || this.#ended) return;
    if (this.#tail.length > 0) {
      const frame = new Uint8Array(FRAME_BYTES);
      frame.set(this.#tail);
      this.#frames.push(frame);
      this.#tail = new Uint8Array(0);
    }
    this.#ended = true;
    this.#onChange();
  }

  /** Resolves when more audio may be written; at once when the turn was cut. Bounded by real time: the line drains. */
  async room(): Promise<void> {
    while (!this.#cut && this.#bufferedMs > this.#maxBufferedMs) {
      await new Promise<void>((resolve) => {
        this.#roomWaiter = resolve;
      });
    }
  }

  nextFrame(): Uint8Array | undefined {
    const frame = this.#frames.shift();
    if (!frame) return;
    this.#sentFrames += 1;
    if (this.#bufferedMs <= this.#maxBufferedMs) this.#releaseWaiter();
    return frame;
  }

  cut(): void {
    this.#cut = true;
    this.#frames.length = 0;
    this.#releaseWaiter();
  }

  get #bufferedMs(): number {
    return this.#frames.length * FRAME_MS;
  }

  #releaseWaiter(): void {
    this.#roomWaiter?.();
    this.#roomWaiter = undefined;
  }
}
