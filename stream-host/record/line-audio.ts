import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';
import type { Clock } from '../../shared/clock.ts';

export interface LineAudioOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Of the file, Hz: what the line has when it begins. */
  readonly rateHz: number;
  /** Takes the next audio: PCM16 of two channels, caller and agent, interleaved. */
  readonly onAudio: (pcm: Uint8Array) => void;
  /** In place of audio: so many bytes of silence follow. */
  readonly onSilence: (bytes: number) => void;
}

export const LINE_CHANNELS = 2;
const FRAME_BYTES = 2 * LINE_CHANNELS;
/** Audio that is not final yet: what is sent ahead of the ear, and what a process that was late reads at once. */
const WINDOW_MS = 6_000;
/** Nothing that comes is older, unless it comes in one piece with what was said since. */
const SETTLED_MS = 500;
/** Without a sign from the caller: as long may all of it be late. */
const LATE_MS = 2_500;
const LEAST_MS = 1_000;
/** What arrives within it was read at once: a process that was late reads several messages together. */
const ONE_ARRIVAL_MS = 5;
/** Less than so is jitter, and no gap. */
const GAP_MS = 200;
/** More mixes of participants than ACS sends. */
const MOST_SPEAKERS = 8;

interface Speaker {
  /** Where its next sample belongs. */
  cursor: number;
  arrivedAtMs: number;
  readonly arrived: Int16Array[];
  resampler: Resampler | undefined;
}

/**
 * What was heard on a line, in time: the caller on one channel, by the time of its arrival, and the agent on the other, as
 * the far side plays it. What the far side was told to drop was not heard, and is not in it. Keeps six seconds, and gives
 * on what nothing can change any more.
 */
export class LineAudio {
  readonly #options: LineAudioOptions;
  readonly #beganMs: number;
  readonly #caller: Int16Array;
  readonly #agent: Int16Array;
  /** The place of the window's first sample. */
  #base = 0;
  #agentCursor = 0;
  #agentResampler: Resampler | undefined;
  #lineHz: number;
  readonly #speakers = new Map<string | undefined, Speaker>();
  #closed = false;

  constructor(options: LineAudioOptions) {
    this.#options = options;
    this.#lineHz = options.rateHz;
    this.#beganMs = options.clock.now();
    const samples = this.#samples(WINDOW_MS);
    this.#caller = new Int16Array(samples);
    this.#agent = new Int16Array(samples);
  }

  /** The caller's audio at the line's rate, just heard. `from`: who, where participants are told apart. */
  heard(pcm: Uint8Array, from: string | undefined): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.now();
    const speaker = this.#speaker(from);
    if (speaker === undefined) return;
    if (nowMs - speaker.arrivedAtMs > ONE_ARRIVAL_MS) {
      this.#place(speaker);
      this.#settle(this.#at(speaker.arrivedAtMs) - this.#samples(SETTLED_MS), LEAST_MS);
      speaker.arrivedAtMs = nowMs;
    }
    speaker.arrived.push(samplesOf(speaker.resampler?.write(pcm) ?? new Uint8Array(pcm)));
  }

  /** Whole frames of the agent's, just sent. `taken`: whether the line took them; if not, their time goes by all the same. */
  sent(frames: Uint8Array, taken: boolean): void {
    if (this.#closed) return;
    const nowMs = this.#options.clock.now();
    this.#settle(this.#at(nowMs) - this.#samples(LATE_MS), LEAST_MS);
    const samples = samplesOf(this.#agentResampler?.write(frames) ?? frames);
    const from = Math.max(this.#agentCursor, this.#at(nowMs));
    if (taken) this.#write(this.#agent, from, samples);
    this.#agentCursor = from + samples.length;
  }

  /** The far side was told to drop what it has not played. */
  stopped(): void {
    if (this.#closed) return;
    const now = this.#at(this.#options.clock.now());
    this.#agent.fill(0, Math.max(0, now - this.#base));
    this.#agentCursor = now;
    this.#agentResampler?.reset();
  }

  /** The line has this rate from here on, in both directions. The file keeps its own. */
  rateIs(lineHz: number): void {
    if (lineHz === this.#lineHz) return;
    this.#lineHz = lineHz;
    this.#agentResampler = this.#newResampler();
    for (const speaker of this.#speakers.values()) speaker.resampler = this.#newResampler();
  }

  /** Gives on all that was heard until now. Idempotent. */
  close(): void {
    if (this.#closed) return;
    for (const speaker of this.#speakers.values()) this.#place(speaker);
    this.#settle(this.#at(this.#options.clock.now()), 0);
    this.#closed = true;
  }

  #speaker(from: string | undefined): Speaker | undefined {
    const known = this.#speakers.get(from);
    if (known !== undefined || this.#speakers.size >= MOST_SPEAKERS) return known;
    const nowMs = this.#options.clock.now();
    const speaker = { cursor: 0, arrivedAtMs: nowMs, arrived: [], resampler: this.#newResampler() };
    this.#speakers.set(from, speaker);
    return speaker;
  }

  #newResampler(): Resampler | undefined {
    const { rateHz } = this.#options;
    return this.#lineHz === rateHz ? undefined : new Resampler(this.#lineHz, rateHz);
  }

  /** What arrived together ends when it arrived; or goes on where the last ended, if that is as good as the same. */
  #place(speaker: Speaker): void {
    const arrived = speaker.arrived.splice(0);
    const length = arrived.reduce((sum, { length }) => sum + length, 0);
    if (length === 0) return;
    const asArrived = this.#at(speaker.arrivedAtMs) - length;
    if (asArrived > speaker.cursor + this.#samples(GAP_MS)) speaker.cursor = asArrived;
    this.#settle(asArrived - this.#samples(SETTLED_MS), LEAST_MS);
    for (const samples of arrived) {
      this.#mix(speaker.cursor, samples);
      speaker.cursor += samples.length;
    }
  }

  #write(channel: Int16Array, from: number, samples: Int16Array): void {
    const at = from - this.#base;
    const skipped = Math.max(0, -at);
    const room = channel.length - Math.max(0, at);
    if (skipped >= samples.length || room <= 0) return;
    channel.set(samples.subarray(skipped, skipped + room), at + skipped);
  }

  /** Speakers who are told apart may speak at once. */
  #mix(from: number, samples: Int16Array): void {
    const caller = this.#caller;
    for (let i = 0, at = from - this.#base; i < samples.length; i++, at++) {
      if (at < 0 || at >= caller.length) continue;
      const sum = (caller[at] ?? 0) + (samples[i] ?? 0);
      caller[at] = Math.max(-32_768, Math.min(32_767, sum));
    }
  }

  /** Gives on all before `until`, where that is worth a piece. */
  #settle(until: number, leastMs: number): void {
    const count = until - this.#base;
    if (count <= 0 || count < this.#samples(leastMs)) return;
    const here = Math.min(count, this.#caller.length);
    const out = new Int16Array(LINE_CHANNELS * here);
    for (let i = 0; i < here; i++) {
      out[2 * i] = this.#caller[i] ?? 0;
      out[2 * i + 1] = this.#agent[i] ?? 0;
    }
    this.#options.onAudio(bytesOf(out));
    for (const channel of [this.#caller, this.#agent]) {
      channel.copyWithin(0, here);
      channel.fill(0, channel.length - here);
    }
    if (count > here) this.#options.onSilence((count - here) * FRAME_BYTES);
    this.#base = until;
  }

  /** The place of a moment, in samples. */
  #at(ms: number): number {
    return this.#samples(ms - this.#beganMs);
  }

  #samples(ms: number): number {
    return Math.round((ms * this.#options.rateHz) / 1000);
  }
}
