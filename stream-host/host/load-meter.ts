import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Clock } from '../../shared/clock.ts';
import type { ProcessVitals } from '../../shared/process-vitals.ts';
import type { VoiceActivityLane } from '../speech/voice-activity/voice-activity-lane.ts';
import type { Load } from './admission.ts';

/** Measures how hard this process works, for admission control. */
export class LoadMeter {
  readonly #clock: Clock;
  readonly #lane: Pick<VoiceActivityLane, 'takeSlowestMs'>;
  readonly #vitals: Pick<ProcessVitals, 'readRecentDelay'>;
  #sinceMs: number;
  #main = process.threadCpuUsage();
  #waitedMs = waitedForCoreMs();
  #all = process.cpuUsage();

  constructor(
    clock: Clock,
    lane: Pick<VoiceActivityLane, 'takeSlowestMs'>,
    vitals: Pick<ProcessVitals, 'readRecentDelay'>,
  ) {
    this.#clock = clock;
    this.#lane = lane;
    this.#vitals = vitals;
    this.#sinceMs = clock.now();
  }

  /** The load since the last reading. Only one reader, or each sees a part. */
  read(): Load {
    const elapsedUs = Math.max(1, this.#clock.now() - this.#sinceMs) * 1000;
    const main = process.threadCpuUsage(this.#main);
    const all = process.cpuUsage(this.#all);
    const waitedMs = waitedForCoreMs();
    const waitedUs = (waitedMs - this.#waitedMs) * 1000;
    this.#sinceMs = this.#clock.now();
    this.#main = process.threadCpuUsage();
    this.#waitedMs = waitedMs;
    this.#all = process.cpuUsage();
    const mainShare = (main.user + main.system + waitedUs) / elapsedUs;
    const allShare = (all.user + all.system) / elapsedUs / availableParallelism();
    return {
      loopDelayMs: this.#vitals.readRecentDelay().p99,
      speechLaneMs: Math.round(this.#lane.takeSlowestMs()),
      cpu: Math.round(Math.max(mainShare, allShare) * 1000) / 1000,
    };
  }
}

/**
 * How long the main thread was ready to run and had no core, since its start: to its calls that is the same as being
 * busy. Linux tells (`/proc/<pid>/schedstat`, in nanoseconds, the second field); elsewhere 0.
 */
function waitedForCoreMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6 || 0;
  } catch {
    return 0;
  }
}
