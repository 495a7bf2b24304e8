import type { VoiceActivity, VoiceActivityEvents } from '../../contract/speech.ts';
import { DETECTOR_FRAME_BYTES, VoiceActivityMemory } from './voice-activity-memory.ts';

export interface DetectorOwner {
  /** A frame waits to be judged; so many older ones were given up for it. Returns the time. */
  arrived(dropped: number): number;
  closed(detector: Detector): void;
  listenerThrew(error: unknown): void;
}

/**
 * One session's detector. Of its memory's two rings, one has what the thread has in hand; the other the frames that
 * wait, and the one that is being filled. Failed or closed, it ignores what is written.
 */
export class Detector implements VoiceActivity {
  readonly id: number;
  readonly memory: VoiceActivityMemory;
  readonly #events: VoiceActivityEvents;
  readonly #owner: DetectorOwner;
  readonly #maxWaiting: number;
  readonly #arrivedAtMs: Float64Array;
  #open = true;
  /** Where the ring begins that is being filled, the place in it that is, and how many bytes of that are there. */
  #ring = 0;
  #place = 0;
  #filled = 0;
  #waiting = 0;
  #inFlight = 0;

  constructor(id: number, events: VoiceActivityEvents, owner: DetectorOwner, maxWaiting: number) {
    this.id = id;
    this.#events = events;
    this.#owner = owner;
    this.#maxWaiting = maxWaiting;
    this.memory = VoiceActivityMemory.allocate(maxWaiting + 1);
    this.#arrivedAtMs = new Float64Array(2 * this.memory.places);
  }

  get waiting(): number {
    return this.#waiting;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** When the oldest frame in hand came; infinite where none is. */
  get oldestInFlightMs(): number {
    if (this.#inFlight === 0) return Number.POSITIVE_INFINITY;
    return this.#arrivedAtMs[this.memory.placeOf(0)] ?? Number.POSITIVE_INFINITY;
  }

  write(pcm: Uint8Array): void {
    if (!this.#open) return;
    for (let at = 0; at < pcm.length; ) {
      const taken = Math.min(DETECTOR_FRAME_BYTES - this.#filled, pcm.length - at);
      const part = taken === pcm.length ? pcm : pcm.subarray(at, at + taken);
      this.memory.bytes.set(part, (this.#ring + this.#place) * DETECTOR_FRAME_BYTES + this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === DETECTOR_FRAME_BYTES) this.#frameArrived();
    }
  }

  /** Leaves all that waits to the thread, which has nothing of this detector in hand. Returns whether there is anything. */
  handOver(): boolean {
    const { places } = this.memory;
    this.memory.ask(this.#ring + ((this.#place - this.#waiting + places) % places), this.#waiting);
    this.#inFlight = this.#waiting;
    const isAny = this.#waiting > 0;
    if (isAny) this.#changeRings();
    this.#waiting = 0;
    return isAny;
  }

  /** The thread has judged what it had in hand. */
  report(): void {
    const count = this.#inFlight;
    this.#inFlight = 0;
    for (let n = 0; n < count && this.#open; n += 1) {
      const place = this.memory.placeOf(n);
      // No #tell: it would make a function for every frame.
      try {
        this.#events.onFrame(this.memory.probabilities[place] ?? 0, this.#arrivedAtMs[place] ?? 0);
      } catch (error) {
        this.#owner.listenerThrew(error);
      }
    }
  }

  fail(error: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#tell(() => this.#events.onFailure(error));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#owner.closed(this);
  }

  #frameArrived(): void {
    const dropped = this.#waiting === this.#maxWaiting ? 1 : 0;
    this.#arrivedAtMs[this.#ring + this.#place] = this.#owner.arrived(dropped);
    this.#waiting += 1 - dropped;
    this.#place = (this.#place + 1) % this.memory.places;
    this.#filled = 0;
  }

  #tell(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#owner.listenerThrew(error);
    }
  }

  /** What there is of the frame that is being filled goes along. */
  #changeRings(): void {
    const from = (this.#ring + this.#place) * DETECTOR_FRAME_BYTES;
    this.#ring = this.memory.places - this.#ring;
    this.#place = 0;
    this.memory.bytes.copyWithin(this.#ring * DETECTOR_FRAME_BYTES, from, from + this.#filled);
  }
}
