import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Cancel, Clock } from './clock.ts';

/** How late timers fire, in milliseconds. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How a process is, for whoever operates it. */
export interface ProcessVitalsReading {
  readonly uptimeSeconds: number;
  /** Over the last minute or two, worker threads not counted. */
  readonly eventLoopDelayMs: EventLoopDelay;
  /** RSS is the whole process, its worker threads too; the heap is that of the main thread. */
  readonly memory: { readonly rssMb: number; readonly heapUsedMb: number };
}

/** How often a sample of the delay is taken. Node counts this wait into its samples; it is subtracted here. */
const SAMPLE_MS = 10;
/** How much of the past a reading for people covers at least, and one for decisions; at most twice as much. */
const WINDOW_MS = 60_000;
const RECENT_WINDOW_MS = 3000;
const NANOSECONDS_PER_MS = 1e6;
const BYTES_PER_MB = 1e6;

/**
 * Measures its process. Readings have no side effect, so that any number of probes may take them. One long stall is one
 * sample, however long it was: it shows in `max`, and in `p99` only where it is not alone.
 */
export class ProcessVitals {
  readonly #delay: DelayWindow;
  readonly #recentDelay: DelayWindow;

  constructor(clock: Clock) {
    this.#delay = new DelayWindow(clock, WINDOW_MS);
    this.#recentDelay = new DelayWindow(clock, RECENT_WINDOW_MS);
  }

  read(): ProcessVitalsReading {
    const { rss, heapUsed } = process.memoryUsage();
    return {
      uptimeSeconds: Math.round(process.uptime()),
      eventLoopDelayMs: this.#delay.read(),
      memory: { rssMb: Math.round(rss / BYTES_PER_MB), heapUsedMb: Math.round(heapUsed / BYTES_PER_MB) },
    };
  }

  /** How late timers fired in the last three to six seconds. */
  readRecentDelay(): EventLoopDelay {
    return this.#recentDelay.read();
  }

  /** Idempotent. */
  close(): void {
    this.#delay.close();
    this.#recentDelay.close();
  }
}

/** The event loop's delay over so much of the past, and up to twice as much. */
class DelayWindow {
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** Two that overlap, the older first: it covers a whole window when the younger begins anew. */
  #histograms: readonly [ELDHistogram, ELDHistogram] = [startHistogram(), startHistogram()];
  #cancelTurn: Cancel = () => {};

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#turnLater();
  }

  read(): EventLoopDelay {
    const [histogram] = this.#histograms;
    return {
      p50: delayMs(histogram.percentile(50)),
      p99: delayMs(histogram.percentile(99)),
      max: delayMs(histogram.max),
    };
  }

  close(): void {
    this.#cancelTurn();
    for (const histogram of this.#histograms) histogram.disable();
  }

  #turnLater(): void {
    this.#cancelTurn = this.#clock.after(this.#windowMs, () => {
      const [oldest, next] = this.#histograms;
      oldest.reset();
      this.#histograms = [next, oldest];
      this.#turnLater();
    });
  }
}

function startHistogram(): ELDHistogram {
  const histogram = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  histogram.enable();
  return histogram;
}

/** @param sampleNs from one sample to the next; a histogram without samples has 0, or a number that is none */
function delayMs(sampleNs: number): number {
  const ms = sampleNs / NANOSECONDS_PER_MS - SAMPLE_MS;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms * 10) / 10) : 0;
}
