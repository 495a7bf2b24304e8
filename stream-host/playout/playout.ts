import { type AudioRate, FRAME_MS, frameBytesAt, rmsOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { AudioSink } from '../contract/line.ts';
import type { Mouth, MouthEvents, StopCause } from '../contract/mouth.ts';
import { PlayoutTurn } from './playout-turn.ts';

/** A clock that may know how late what it runs next may come. */
export interface PlayoutClock extends Clock {
  /** Without it tasks count as punctual. */
  readonly latenessMs?: number;
}

export interface PlayoutOptions extends MouthEvents {
  readonly clock: PlayoutClock;
  readonly sink: AudioSink;
  /** The rate of the audio written, Hz. Without it 16 kHz. */
  readonly rateHz?: AudioRate;
  /** How far ahead of the caller's ear frames are sent, at most. */
  readonly leadMs: number;
  /** Audio kept beyond that before {@link PlayoutTurn.room} makes the synthesiser wait. */
  readonly maxBufferedMs: number;
  /** Runs a task in its turn, after what the session is doing now. Without it, at once. */
  readonly inTurn?: (task: () => void) => void;
  /** How long after `fromMs` audio can best be cut off, ms. Without it, where it is quiet. */
  readonly untilQuietMs?: typeof untilQuietMs | undefined;
}

/**
 * How much goes out at a time once the lead is full. A message and a write for each 20 ms would be an eighth of what a call
 * costs the host. Of a short lead it is half at most: the far side must not run dry while a message is on its way.
 */
export const MESSAGE_MS = 100;
/**
 * At an answer's beginning the synthesiser is hardly ahead, and a process that is late, as it reads and again as it sends,
 * would let the line run dry. So the answer begins with twice as much audio as the process was late, up to a limit. A
 * synthesiser that is faster than speech soon has it; what it is given for that is bounded, too. On a punctual clock
 * nothing waits: the first piece is enough.
 */
const MAX_CUSHION_MS = 200;
const CUSHION_WAIT_MS = 60;

/**
 * An answer cuts a filling off where that is quiet, between two words if there is a gap so soon, and else where it is
 * quietest. The answer waits no longer for it: it shall follow its first token by 300 ms, with the voice's own time.
 */
const CUT_WITHIN_MS = 160;
const QUIET_RMS = 0.01;

/**
 * Sends the agent's voice in real time. ACS reports no played position and cannot pause, so the playhead is kept here:
 * `#playedOutAtMs` is when the far side will have played all that was sent; each frame moves it by exactly its length,
 * or, after the line ran dry, from now. The schedule is absolute: a timer that fires late sends what is due, and the
 * error does not add up. Turns carry a number; once stopped, a turn's frames go nowhere, whoever still writes them.
 *
 * A filling is heard while the turn has nothing to say. It begins when the line is quiet, so all that was sent of the
 * turn has been heard by then, and the turn's next frame cuts it off.
 */
export class Playout implements Mouth {
  readonly #options: PlayoutOptions;
  readonly #inTurn: (task: () => void) => void;
  readonly #messageMs: number;
  readonly #rateHz: AudioRate;
  readonly #frameBytes: number;
  readonly #untilQuietMs: typeof untilQuietMs;
  #turn: PlayoutTurn | undefined;
  #filling: { readonly turn: PlayoutTurn; readonly pcm: Uint8Array } | undefined;
  /** When the filling is cut off, once there is something to cut it off for. */
  #cutAtMs: number | undefined;
  /** The newest audio sent was a filling's. */
  #fillingWasSent = false;
  #held = false;
  /** When the turn's beginning waits no longer for its cushion. */
  #beginsByMs: number | undefined;
  #playedOutAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: Cancel = () => {};

  constructor(options: PlayoutOptions) {
    this.#options = options;
    this.#rateHz = options.rateHz ?? SAMPLE_RATE;
    this.#frameBytes = frameBytesAt(this.#rateHz);
    this.#inTurn = options.inTurn ?? ((task) => task());
    this.#untilQuietMs = options.untilQuietMs ?? untilQuietMs;
    const halfLeadMs = Math.floor(options.leadMs / 2 / FRAME_MS) * FRAME_MS;
    this.#messageMs = Math.max(FRAME_MS, Math.min(MESSAGE_MS, halfLeadMs));
  }

  prepare(turn: number): PlayoutTurn {
    const onChange = () => {
      if (this.#turn === prepared) this.#pump();
    };
    const prepared = new PlayoutTurn(turn, this.#options.maxBufferedMs, onChange, this.#rateHz);
    return prepared;
  }

  play(turn: PlayoutTurn): void {
    this.#turn?.cut();
    this.#turn = turn;
    this.#held = false;
    this.#beginsByMs = undefined;
    this.#inTurn(() => this.#pump());
  }

  fill(pcm: Uint8Array): void {
    const filling = new PlayoutTurn(this.#turn?.turn ?? 0, Number.POSITIVE_INFINITY, () => {}, this.#rateHz);
    filling.write(pcm);
    filling.end();
    this.#filling?.turn.cut();
    this.#filling = { turn: filling, pcm };
    this.#cutAtMs = undefined;
    this.#inTurn(() => this.#pump());
  }

  stop(cause: StopCause): number {
    if (!this.#held) this.#silence(cause);
    const heardMs = this.heardMs;
    this.#turn?.cut();
    this.#turn = undefined;
    this.#held = false;
    this.#forgetSent();
    return heardMs;
  }

  /** ACS cannot pause: what it had buffered is sent again later. */
  hold(): void {
    if (this.#held || !this.#turn) return;
    this.#silence('voice');
    if (!this.#fillingWasSent) this.#turn.takeBack(Math.ceil(this.#aheadMs / FRAME_MS));
    this.#held = true;
    this.#forgetSent();
  }

  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#inTurn(() => this.#pump());
  }

  get heardMs(): number {
    if (!this.#turn) return 0;
    return this.#fillingWasSent ? this.#turn.sentMs : Math.max(0, this.#turn.sentMs - this.#aheadMs);
  }

  get unheardMs(): number {
    if (!this.#turn) return 0;
    return this.#turn.ended ? this.#turn.writtenMs - this.heardMs : Number.POSITIVE_INFINITY;
  }

  get playedOutAtMs(): number {
    return this.#playedOutAtMs;
  }

  /** How far the caller's ear is behind what was sent. */
  get #aheadMs(): number {
    return Math.max(0, this.#playedOutAtMs - this.#options.clock.now());
  }

  #silence(cause: StopCause): void {
    this.#cancelTimer();
    // A line on which nothing is to be heard need not be silenced.
    if (this.#aheadMs === 0 && !this.#turn?.isAudible) return;
    this.#options.sink.stopAudio(cause);
    this.#options.onSilenced?.(this.#options.clock.now());
  }

  #forgetSent(): void {
    this.#filling?.turn.cut();
    this.#filling = undefined;
    this.#cutAtMs = undefined;
    this.#fillingWasSent = false;
    this.#playedOutAtMs = Number.NEGATIVE_INFINITY;
  }

  #pump(): void {
    this.#cancelTimer();
    const turn = this.#turn;
    if (this.#held || (turn && (this.#awaitsCushion(turn) || this.#awaitsCut(turn)))) return;
    if (turn?.isFirstHeard()) {
      this.#options.onAudible(turn.turn);
      // Whoever is told of it may stop this very turn, and is told first.
      this.#inTurn(() => {
        if (this.#turn === turn) this.#pump();
      });
      return;
    }
    if (turn?.hasFrame) this.#cutFilling();
    const { clock } = this.#options;
    while (clock.now() >= this.#sendsAtMs) if (!this.#send(turn?.hasFrame ? turn : this.#filling?.turn)) break;
    this.#arm();
  }

  /** Sends as much as fits into the lead. False when there is nothing to send. */
  #send(source: PlayoutTurn | undefined): boolean {
    const { clock, sink, leadMs, onSent } = this.#options;
    const playsAtMs = Math.max(this.#playedOutAtMs, clock.now());
    const frames = source?.nextFrames(Math.floor((leadMs - (playsAtMs - clock.now())) / FRAME_MS));
    if (!frames) return false;
    this.#fillingWasSent = source === this.#filling?.turn;
    this.#playedOutAtMs = playsAtMs + (frames.length / this.#frameBytes) * FRAME_MS;
    // What the line does not take counts as played: real time has passed. The line counts it.
    sink.sendAudio(frames);
    onSent?.(frames, playsAtMs);
    return true;
  }

  /** The answer is there: what filled the wait for it has done its work. */
  #cutFilling(): void {
    if (!this.#filling) return;
    if (this.#fillingWasSent) this.#silence('answer');
    this.#forgetSent();
  }

  /** Whether the turn lets the filling come to the end of a word. What was sent of that lasts until then. */
  #awaitsCut(turn: PlayoutTurn): boolean {
    const { clock } = this.#options;
    if (!turn.hasFrame || !this.#filling || !this.#fillingWasSent) return false;
    const nowMs = clock.now();
    const heardMs = this.#filling.turn.sentMs - this.#aheadMs;
    this.#cutAtMs ??= nowMs + this.#untilQuietMs(this.#filling.pcm, heardMs, this.#frameBytes);
    if (nowMs >= this.#cutAtMs) return false;
    this.#cancelTimer = clock.after(this.#cutAtMs - nowMs, () => this.#pump());
    return true;
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

  #arm(): void {
    const { clock } = this.#options;
    const turn = this.#turn;
    if (turn?.hasFrame || this.#filling?.turn.hasFrame) {
      this.#cancelTimer = clock.after(this.#sendsAtMs - clock.now(), () => this.#pump());
    } else if (turn?.ended) {
      this.#cancelTimer = clock.after(this.#aheadMs, () => this.#finish(turn));
    }
  }

  #finish(turn: PlayoutTurn): void {
    if (this.#turn !== turn) return;
    turn.cut();
    this.#turn = undefined;
    this.#options.onPlayed(turn.turn);
  }
}

/** How long after `fromMs` the audio is quiet for the first time, or quietest, within what an answer may wait. */
export function untilQuietMs(pcm: Uint8Array, fromMs: number, frameBytes: number): number {
  let quietest = { atMs: 0, rms: Number.POSITIVE_INFINITY };
  for (let atMs = 0; atMs <= CUT_WITHIN_MS; atMs += FRAME_MS) {
    const from = Math.floor((fromMs + atMs) / FRAME_MS) * frameBytes;
    const rms = rmsOf(pcm.subarray(from, from + frameBytes));
    if (rms < quietest.rms) quietest = { atMs, rms };
    if (rms < QUIET_RMS) break;
  }
  return quietest.atMs;
}
