import { availableParallelism } from 'node:os';
import type { Clock } from '../shared/clock.ts';
import { ProcessVitals } from '../shared/process-vitals.ts';
import type { Load } from './sessions/admission.ts';
import type { VoiceActivityLane } from './speech/voice-activity-lane.ts';

/** A reading of the event loop covers this much of the past at least, and twice as much at most. */
const WINDOW_MS = 3000;

/** Measures how hard this process works, for admission control. */
export class LoadMeter {
  readonly #clock: Clock;
  readonly #lane: Pick<VoiceActivityLane, 'stats'>;
  readonly #vitals: ProcessVitals;
  #sinceMs: number;
  #main = process.threadCpuUsage();
  #all = process.cpuUsage();

  constructor(clock: Clock, lane: Pick<VoiceActivityLane, 'stats'>) {
    this.#clock = clock;
    this.#lane = lane;
    this.#vitals = new ProcessVitals(clock, WINDOW_MS);
    this.#sinceMs = clock.now();
  }

  /** The load since the last reading. Only one reader, or each sees a part. */
  read(): Load {
    const elapsedUs = Math.max(1, this.#clock.now() - this.#sinceMs) * 1000;
    const main = process.threadCpuUsage(this.#main);
    const all = process.cpuUsage(this.#all);
    this.#sinceMs = this.#clock.now();
    this.#main = process.threadCpuUsage();
    this.#all = process.cpuUsage();
    const mainShare = (main.user + main.system) / elapsedUs;
    const allShare = (all.user + all.system) / elapsedUs / availableParallelism();
    return {
      loopDelayMs: this.#vitals.read().eventLoopDelayMs.p99,
      speechLaneMs: Math.round(this.#lane.stats().slowestMs),
      cpu: Math.round(Math.max(mainShare, allShare) * 1000) / 1000,
    };
  }

  /** Idempotent. */
  close(): void {
    this.#vitals.close();
  }
}
