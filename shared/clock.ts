/** Time as the engine sees it, so that tests can own it. */
export interface Clock {
  /** Milliseconds on a monotonic scale. Only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970, for records and for people. It may jump: never take differences of it for a delay. */
  wallMs(): number;
  /** Runs `task` once, `delayMs` from now. The returned function cancels it and may be called at any time. */
  after(delayMs: number, task: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
