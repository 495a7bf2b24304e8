import { type AudioRate, bytesPerMsAt, FRAME_MS, frameBytesAt, rmsOf } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { ModeLine } from '../contract/line.ts';

/** `pause`: nobody speaks and nothing is owed. `gap`: the agent speaks, and is between two sentences. `none`: neither came. */
export type Found = 'pause' | 'gap' | 'none';

const LOOK_EVERY_MS = 20;
/** As long as the agent has just stopped, the caller is about to speak, or it is about to go on. */
const SETTLED_MS = 150;
/** Where no pause comes, so long a gap of the agent's is waited for, which words do not have. */
const GAP_MS = 160;
const GAP_WITHIN_MS = 2_000;
const QUIET_RMS = 0.01;

/**
 * Knows when a session can be cut without a word being cut: stands on the agent's line and hears the session's events. It
 * costs nothing before it is asked.
 */
export class TalkPause {
  readonly #clock: Clock;
  #rateHz: AudioRate;
  #state = 'listening';
  #playsUntilMs = Number.NEGATIVE_INFINITY;
  #isAsked = false;
  /** When the agent is to be heard as silent, of what was sent since this was asked. */
  #gap: { fromMs: number; toMs: number } | undefined;

  constructor(clock: Clock, rateHz: AudioRate) {
    this.#clock = clock;
    this.#rateHz = rateHz;
  }

  follow(events: SessionEventSource): void {
    events.on('state', ({ state }) => {
      this.#state = state;
    });
  }

  /** The line, as the mode has it. */
  line(line: ModeLine): ModeLine {
    return {
      sendAudio: (frames) => {
        this.#sent(frames);
        return line.sendAudio(frames);
      },
      stopAudio: (cause) => {
        this.#playsUntilMs = this.#clock.now();
        this.#gap = undefined;
        line.stopAudio(cause);
      },
      modeIs: (rateHz) => {
        this.#rateHz = rateHz;
        line.modeIs(rateHz);
      },
    };
  }

  /**
   * Waits for a pause, so long at most; in the last 2 s of it a gap is as good. Without a wait, for neither.
   * @param isBusy something is under way that a pause of the talk does not end
   */
  async reached(withinMs: number, isBusy: () => boolean = () => false): Promise<Found> {
    if (withinMs <= 0) return 'none';
    this.#isAsked = true;
    const byMs = this.#clock.now() + withinMs;
    const gapFromMs = byMs - Math.min(GAP_WITHIN_MS, withinMs / 2);
    for (;;) {
      const nowMs = this.#clock.now();
      if (this.#state === 'closed' || (this.#isPause(nowMs) && !isBusy())) return 'pause';
      if (nowMs >= gapFromMs && this.#isGap(nowMs)) return 'gap';
      if (nowMs >= byMs) return 'none';
      await new Promise<void>((resolve) => this.#clock.after(LOOK_EVERY_MS, resolve));
    }
  }

  #isPause(nowMs: number): boolean {
    return this.#state === 'listening' && nowMs >= this.#playsUntilMs + SETTLED_MS;
  }

  #isGap(nowMs: number): boolean {
    const { fromMs = 0, toMs = 0 } = this.#gap ?? {};
    return this.#state === 'speaking' && toMs - fromMs >= GAP_MS && nowMs >= fromMs + FRAME_MS && nowMs <= toMs;
  }

  #sent(frames: Uint8Array): void {
    const nowMs = this.#clock.now();
    const fromMs = Math.max(nowMs, this.#playsUntilMs);
    this.#playsUntilMs = fromMs + frames.length / bytesPerMsAt(this.#rateHz);
    if (!this.#isAsked) return;
    const frameBytes = frameBytesAt(this.#rateHz);
    for (let at = 0; at < frames.length; at += frameBytes) {
      const atMs = fromMs + at / bytesPerMsAt(this.#rateHz);
      if (rmsOf(frames.subarray(at, at + frameBytes)) < QUIET_RMS) this.#quiet(atMs);
    }
  }

  #quiet(atMs: number): void {
    const gap = this.#gap;
    const goesOn = gap !== undefined && atMs - gap.toMs < 1;
    // A gap that is being heard, or is to be, must not be forgotten for a shorter one behind it.
    const isOver = gap === undefined || gap.toMs <= this.#clock.now() || gap.toMs - gap.fromMs < GAP_MS;
    if (goesOn) gap.toMs = atMs + FRAME_MS;
    else if (isOver) this.#gap = { fromMs: atMs, toMs: atMs + FRAME_MS };
  }
}
