/** Time as the engine sees it, so that tests can own it. */
export interface Clock {
  /** Milliseconds on a monotonic scale. Only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970, for records and for people. It may jump: never take differences of it for a delay. */
  wallMs(): number;
  /** Runs `task` once, `delayMs` from now; sooner where that is more than 24 days. The returned function cancels it and may be called at any time. */
  after(delayMs: number, task: () => void): Cancel;
}

export type Cancel = () => void;

/** What Node's timers can count to; they run whatever is later at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(Math.max(0, delayMs), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
