import type { Cancel } from '../../shared/clock.ts';
import type { VoiceActivity, VoiceActivityEvents } from '../../stream-host/contract/speech.ts';
import type { World } from './fault-profile.ts';
import { soundOf } from './line-audio.ts';

const FRAME_BYTES = 1024;

export interface DetectorOptions extends World {
  readonly events: VoiceActivityEvents;
}

/** A voice detector in a busy worker: late by some milliseconds, at times stuck, at times dead, never quite sure. */
export class FaultyDetector implements VoiceActivity {
  readonly #options: DetectorOptions;
  readonly #latencyMs: number;
  readonly #timers = new Set<Cancel>();
  #bytes = 0;
  #stuckUntilMs = 0;
  /** It has died or was closed, and tells nothing more. */
  #over = false;
  #closed = false;

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#latencyMs = options.random.between(1, 40);
  }

  write(pcm: Uint8Array): void {
    const { probability } = soundOf(pcm);
    this.#bytes += pcm.length;
    while (this.#bytes >= FRAME_BYTES) {
      this.#bytes -= FRAME_BYTES;
      this.#judge(probability);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #judge(probability: number): void {
    const { clock, random, faults, events } = this.#options;
    const atMs = clock.now();
    const share = faults.now.detector;
    if (random.chance(share * 0.0008)) {
      this.#after(0, () => {
        if (this.#over) return;
        this.#over = true;
        events.onFailure(new Error('the worker died'));
      });
    }
    if (random.chance(share * 0.005)) this.#stuckUntilMs = atMs + random.between(50, 1500);
    const seen = Math.min(1, Math.max(0, probability + random.between(-0.05, 0.05)));
    const delayMs = Math.max(this.#latencyMs, this.#stuckUntilMs - atMs);
    this.#after(delayMs, () => {
      if (!this.#over) events.onFrame(seen, atMs);
    });
  }

  #after(delayMs: number, task: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      task();
    });
    this.#timers.add(cancel);
  }
}
