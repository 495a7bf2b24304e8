import { SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import { isDigitalSilence } from './voice-buffer.ts';

/** Frames that come a little late or early belong one behind the other; beyond this there really was a gap. */
const JITTER_MS = 60;
/** A track that is so far ahead leaves silence out: after a stall all comes at once, and must not shift what follows. */
const AHEAD_MS = 10;
/** Half an hour of two channels: 115 MB. What comes later is not recorded. */
const LONGEST_MS = 30 * 60_000;
/** A sample beyond this is loud: -46 dBFS. */
const LOUD = 0.005 * 32_768;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

export interface CallRecordingOptions {
  /** Without them there is no WAV, but what is measured in it is. */
  readonly keepSamples: boolean;
}

/** Both sides of a call on one clock, for a stereo WAV: caller left, agent right. */
export class CallRecording {
  readonly #caller: Track;
  readonly #agent: Track;

  constructor({ keepSamples }: CallRecordingOptions) {
    this.#caller = new Track(keepSamples);
    this.#agent = new Track(keepSamples);
  }

  /** @param atMs since the call was connected */
  caller(frame: Uint8Array, atMs: number): void {
    this.#caller.place(frame, atMs);
  }

  /** @param atMs since the call was connected */
  agent(frame: Uint8Array, atMs: number): void {
    this.#agent.place(frame, atMs);
  }

  /** From the caller's last loud sample so far to the agent's first after it; undefined while there is none. */
  get answerMs(): number | undefined {
    const from = this.#caller.lastLoud;
    const to = this.#agent.firstLoudAfter(from);
    return to === undefined ? undefined : Math.round((to - from) / SAMPLES_PER_MS);
  }

  /** The file: 16 kHz, 16 bit, two channels of one length. */
  toWav(): Buffer {
    return encodeWav([this.#caller.samples, this.#agent.samples], SAMPLE_RATE);
  }
}

class Track {
  readonly #keep: boolean;
  #samples: Int16Array;
  #length = 0;
  /** Where the first loud sample of each loud frame lies. */
  readonly #loud: number[] = [];
  #lastLoud = 0;

  constructor(keep: boolean) {
    this.#keep = keep;
    this.#samples = new Int16Array(keep ? 10 * SAMPLE_RATE : 0);
  }

  get samples(): Int16Array {
    return this.#samples.subarray(0, this.#keep ? this.#length : 0);
  }

  get lastLoud(): number {
    return this.#lastLoud;
  }

  firstLoudAfter(sample: number): number | undefined {
    const after = this.#loud.findLastIndex((at) => at <= sample) + 1;
    return this.#loud[after];
  }

  place(frame: Uint8Array, atMs: number): void {
    if (atMs > LONGEST_MS) return;
    const piece = samplesOf(frame);
    const due = Math.max(0, Math.round(atMs * SAMPLES_PER_MS));
    if (this.#length - due > AHEAD_MS * SAMPLES_PER_MS && isDigitalSilence(frame)) return;
    const gap = due - this.#length > JITTER_MS * SAMPLES_PER_MS;
    const at = gap ? due : this.#length;
    this.#length = at + piece.length;
    this.#mark(piece, at);
    if (!this.#keep) return;
    this.#reserve(this.#length);
    this.#samples.set(piece, at);
  }

  #mark(piece: Int16Array, at: number): void {
    const first = piece.findIndex(isLoud);
    if (first < 0) return;
    this.#loud.push(at + first);
    this.#lastLoud = at + piece.findLastIndex(isLoud);
  }

  #reserve(length: number): void {
    if (length <= this.#samples.length) return;
    const wider = new Int16Array(Math.max(length, this.#samples.length * 2));
    wider.set(this.#samples);
    this.#samples = wider;
  }
}

const isLoud = (sample: number): boolean => Math.abs(sample) > LOUD;
