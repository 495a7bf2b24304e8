import { BYTES_PER_MS, SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';

/** Frames that come a little late or early belong one behind the other; beyond this there really was a gap. */
const JITTER_MS = 60;
/** Half an hour of two channels: 115 MB. What comes later is not recorded. */
const LONGEST_MS = 30 * 60_000;

/** Both sides of a call on one clock, for a stereo WAV: caller left, agent right. */
export class CallRecording {
  readonly #caller = new Track();
  readonly #agent = new Track();

  /** @param atMs since the call was connected */
  caller(frame: Uint8Array, atMs: number): void {
    this.#caller.place(frame, atMs);
  }

  /** @param atMs since the call was connected */
  agent(frame: Uint8Array, atMs: number): void {
    this.#agent.place(frame, atMs);
  }

  /** The file: 16 kHz, 16 bit, two channels of one length. */
  toWav(): Buffer {
    return encodeWav([this.#caller.samples, this.#agent.samples], SAMPLE_RATE);
  }
}

class Track {
  #samples = new Int16Array(10 * SAMPLE_RATE);
  #length = 0;

  get samples(): Int16Array {
    return this.#samples.subarray(0, this.#length);
  }

  place(frame: Uint8Array, atMs: number): void {
    if (atMs > LONGEST_MS) return;
    const piece = samplesOf(frame);
    const due = Math.max(0, Math.round((atMs * BYTES_PER_MS) / 2));
    const gap = due - this.#length > (JITTER_MS * BYTES_PER_MS) / 2;
    const at = gap ? due : this.#length;
    this.#reserve(at + piece.length);
    this.#samples.set(piece, at);
    this.#length = at + piece.length;
  }

  #reserve(length: number): void {
    if (length <= this.#samples.length) return;
    const wider = new Int16Array(Math.max(length, this.#samples.length * 2));
    wider.set(this.samples);
    this.#samples = wider;
  }
}
