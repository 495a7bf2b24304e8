import { SILERO_FRAME_SAMPLES } from '../../../shared/audio/silero.ts';

export const DETECTOR_FRAME_BYTES = SILERO_FRAME_SAMPLES * 2;
const HEADER_INTS = 2;
/** A frame and its probability. */
const PLACE_BYTES = DETECTOR_FRAME_BYTES + 4;

/**
 * One session's frames on their way to the speech lane's thread, and the thread's answers, in memory that both sides
 * share: nothing is allocated for a frame. It is two rings of places for one frame each. The lane fills places of one
 * and says which run of them the thread shall judge; until the thread has answered, the lane goes on in the other, and
 * may give up frames there when the thread is late.
 *
 * The messages between the two are what orders their reads and writes, so that no atomic operation is needed.
 */
export class VoiceActivityMemory {
  /** What the other side needs to look at the same memory. */
  readonly shared: SharedArrayBuffer;
  /** Places of one ring. */
  readonly places: number;
  /** All places as bytes, for the lane to write PCM16 into. */
  readonly bytes: Uint8Array;
  /** One view of each place, for the thread to read. */
  readonly frames: readonly Int16Array[];
  /** The probability of speech in each place's frame. */
  readonly probabilities: Float32Array;
  readonly #run: Int32Array;

  private constructor(shared: SharedArrayBuffer, isThread: boolean) {
    this.shared = shared;
    const all = (shared.byteLength - HEADER_INTS * 4) / PLACE_BYTES;
    this.places = all / 2;
    this.#run = new Int32Array(shared, 0, HEADER_INTS);
    this.probabilities = new Float32Array(shared, HEADER_INTS * 4, all);
    const start = HEADER_INTS * 4 + all * 4;
    this.bytes = new Uint8Array(shared, start, all * DETECTOR_FRAME_BYTES);
    this.frames = Array.from(
      { length: isThread ? all : 0 },
      (_, place) => new Int16Array(shared, start + place * DETECTOR_FRAME_BYTES, SILERO_FRAME_SAMPLES),
    );
  }

  /** The lane's side of new memory, with so many places in each ring. */
  static allocate(places: number): VoiceActivityMemory {
    return new VoiceActivityMemory(new SharedArrayBuffer(HEADER_INTS * 4 + 2 * places * PLACE_BYTES), false);
  }

  /** The thread's side. */
  static attach(shared: SharedArrayBuffer): VoiceActivityMemory {
    return new VoiceActivityMemory(shared, true);
  }

  /** The places that the thread shall judge: `count` of them from `first` on, round its ring. */
  ask(first: number, count: number): void {
    this.#run[0] = first;
    this.#run[1] = count;
  }

  get asked(): number {
    return this.#run[1] ?? 0;
  }

  /** The place of the n-th frame that was asked about. */
  placeOf(n: number): number {
    const first = this.#run[0] ?? 0;
    const ring = first < this.places ? 0 : this.places;
    return ring + ((first - ring + n) % this.places);
  }
}
