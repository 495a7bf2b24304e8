import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { AudioSink } from '../contract/line.ts';
import { PlayoutTurn } from './playout-turn.ts';

/** A clock that may know how late what it runs next may come. */
export interface PlayoutClock extends Clock {
  /** Without it tasks count as punctual. */
  readonly latenessMs?: number;
}

export interface PlayoutOptions {
  readonly clock: PlayoutClock;
  readonly sink: AudioSink;
  /** How far ahead of the caller's ear frames are sent, at most. */
  readonly leadMs: number;
  /** Audio kept beyond that before {@link PlayoutTurn.room} makes the synthesiser wait. */
  readonly maxBufferedMs: number;
  /** The turn's first frame is about to be sent. */
  readonly onAudible: (turn: number) => void;
  /** A message was sent. */
  readonly onProgress: (turn: number) => void;
  /** The last frame has been played (not only sent). */
  readonly onPlayed: (turn: number) => void;
  /** What the caller will hear and when, for whoever must know the agent's voice when it comes back as an echo. */
  readonly onSent?: (frames: Uint8Array, playsAtMs: number) => void;
  /** Nothing of what was sent is heard from now on. */
  readonly onSilenced?: (atMs: number) => void;
}

/**
 * How much goes out at a time once the lead is full. A message and a write for each 20 ms would be an eighth of what a call
 * costs the host. Of a short lead it is half at most: the far side must not run dry while a message is on its way.
 */
const MESSAGE_MS = 100;
/**
 * At an answer's beginning the synthesiser is hardly ahead, and a process that is late, as it reads and again as it sends,
 * would let the line run dry. So the answer begins with twice as much audio as the process was late, up to a limit. A
 * synthesiser that is faster than speech soon has it; what it is given for that is bounded, too. On a punctual clock
 * nothing waits: the first piece is enough.
 */
const MAX_CUSHION_MS = 200;
const CUSHION_WAIT_MS = 60;

/**
 * Sends the agent's voice in real time. ACS reports no played position and cannot pause, so the playhead is kept here:
 * `#playedOutAtMs` is when the far side will have played all that was sent; each frame moves it by exactly its length,
 * or, after the line ran dry, from now. The schedule is absolute: a timer that fires late sends what is due, and the
 * error does not add up. Turns carry a number; once stopped, a turn's frames go nowhere, whoever still writes them.
 */
export class Playout {
  readonly #options: PlayoutOptions;
  readonly #messageMs: number;
  #turn: PlayoutTurn | undefined;
  #held = false;
  /** When the turn's beginning waits no longer for its cushion. */
  #beginsByMs: number | undefined;
  #playedOutAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: Cancel = () => {};
  #droppedFrames = 0;

  constructor(options: PlayoutOptions) {
    this.#options = options;
    const halfLeadMs = Math.floor(options.leadMs / 2 / FRAME_MS) * FRAME_MS;
    this.#messageMs = Math.max(FRAME_MS, Math.min(MESSAGE_MS, halfLeadMs));
  }

  /** Frames that the line did not take. They count as played: real time has passed. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /** A turn that may be written but is not played before {@link play}. */
  prepare(turn: number): PlayoutTurn {
    const prepared = new PlayoutTurn(turn, this.#options.maxBufferedMs, () => {
      if (this.#turn === prepared) this.#pump();
    });
    return prepared;
  }

  /** Plays a turn from now on. What an earlier turn has left is dropped. */
  play(turn: PlayoutTurn): void {
    this.#turn?.cut();
    this.#turn = turn;
    this.#held = false;
    this.#beginsByMs = undefined;
    this.#pump();
  }

  /**
   * Silences the line: the stop command goes out first, then everything that is queued is dropped.
   * @returns how much of the turn the caller had heard
   */
  stop(): number {
    if (!this.#held) this.#silence();
    const heardMs = this.heardMs;
    this.#turn?.cut();
    this.#turn = undefined;
    this.#held = false;
    this.#playedOutAtMs = Number.NEGATIVE_INFINITY;
    return heardMs;
  }

  /** Silences the line but keeps all that was not heard. ACS cannot pause: what it had buffered is sent again later. */
  hold(): void {
    if (this.#held || !this.#turn) return;
    this.#silence();
    const unheardMs = Math.max(0, this.#playedOutAtMs - this.#options.clock.now());
    this.#turn.takeBack(Math.ceil(unheardMs / FRAME_MS));
    this.#held = true;
    this.#playedOutAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Goes on after {@link hold}, from the first frame of which the caller did not hear all. */
  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#pump();
  }

  /** How much of the current turn has reached the caller's ear. */
  get heardMs(): number {
    if (!this.#turn) return 0;
    const aheadMs = Math.max(0, this.#playedOutAtMs - this.#options.clock.now());
    return Math.max(0, this.#turn.sentMs - aheadMs);
  }

  /** How much more of the current turn the caller would hear; without an end while more may be written. */
  get unheardMs(): number {
    if (!this.#turn) return 0;
    return this.#turn.ended ? this.#turn.writtenMs - this.heardMs : Number.POSITIVE_INFINITY;
  }

  #silence(): void {
    this.#options.sink.stopAudio();
    this.#cancelTimer();
    this.#options.onSilenced?.(this.#options.clock.now());
  }

  #pump(): void {
    this.#cancelTimer();
    const turn = this.#turn;
    if (!turn || this.#held || this.#awaitsCushion(turn)) return;
    const { clock, sink, leadMs, onSent } = this.#options;
    while (clock.now() >= this.#sendsAtMs) {
      if (turn.isFirstHeard()) this.#options.onAudible(turn.number);
      // A listener may have stopped this very turn.
      if (this.#turn !== turn || this.#held) return;
      const playsAtMs = Math.max(this.#playedOutAtMs, clock.now());
      const frames = turn.nextFrames(Math.floor((leadMs - (playsAtMs - clock.now())) / FRAME_MS));
      if (!frames) break;
      const count = frames.length / FRAME_BYTES;
      this.#playedOutAtMs = playsAtMs + count * FRAME_MS;
      if (!sink.sendAudio(frames)) this.#droppedFrames += count;
      onSent?.(frames, playsAtMs);
      this.#options.onProgress(turn.number);
    }
    this.#arm(turn);
  }

  /** Whether the turn had better not begin yet. It is asked again when there is more audio, or when it must begin. */
  #awaitsCushion(turn: PlayoutTurn): boolean {
    const { clock } = this.#options;
    if (turn.isAudible || turn.ended || !turn.hasFrame) return false;
    const cushionMs = Math.min(MAX_CUSHION_MS, 2 * (clock.latenessMs ?? 0));
    if (turn.writtenMs >= cushionMs) return false;
    const nowMs = clock.now();
    this.#beginsByMs ??= nowMs + CUSHION_WAIT_MS;
    if (nowMs >= this.#beginsByMs) return false;
    this.#cancelTimer = clock.after(this.#beginsByMs - nowMs, () => this.#pump());
    return true;
  }

  /** When the far side has played so much of its lead that the next message fits in. */
  get #sendsAtMs(): number {
    return this.#playedOutAtMs - this.#options.leadMs + this.#messageMs;
  }

  #arm(turn: PlayoutTurn): void {
    const { clock } = this.#options;
    if (turn.hasFrame) {
      this.#cancelTimer = clock.after(this.#sendsAtMs - clock.now(), () => this.#pump());
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
