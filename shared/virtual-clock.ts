import type { Cancel, Clock } from './clock.ts';

/** The wall time at which every virtual clock starts: 14 November 2023, 22:13:20 UTC. */
export const VIRTUAL_EPOCH_MS = 1_700_000_000_000;

interface Timer {
  readonly atMs: number;
  /** Of those that are due at one moment, the one that was set first comes first. */
  readonly order: number;
  /** Undefined where it was cancelled, or has fired. */
  task: (() => void) | undefined;
}

/** Promises that a timer's task starts and that wait for nothing outside are done within so many turns. */
const TURNS = 16;

/** A clock that stands still until told to go on: exact, repeatable timing in tests, at any speed. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #pending = 0;
  /** A heap: the next one is first. Cancelled ones are in it until they would be due. */
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return VIRTUAL_EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    this.#order += 1;
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, task };
    push(this.#timers, timer);
    this.#pending += 1;
    return () => void this.#taskOf(timer);
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#pending;
  }

  /** Lets time pass. Timers fire at their own moment, in order; promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    await this.#run(untilMs, settle);
  }

  /** The same, for millions of timers, after which only promises are settled that wait for no input or output. */
  async runUntil(ms: number): Promise<void> {
    await this.#run(ms, settleSoon);
  }

  async #run(untilMs: number, settled: () => Promise<void>): Promise<void> {
    for (let timer = this.#timers[0]; timer && timer.atMs <= untilMs; timer = this.#timers[0]) {
      pop(this.#timers);
      const task = this.#taskOf(timer);
      if (task === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      task();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** Takes its task from a timer, which is done with. */
  #taskOf(timer: Timer): (() => void) | undefined {
    const { task } = timer;
    if (task !== undefined) this.#pending -= 1;
    timer.task = undefined;
    return task;
  }
}

/** Lets everything that is ready run: promises, and promises that those start. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function settleSoon(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await undefined;
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
    const above = heap[parent];
    if (above === undefined || !isEarlier(timer, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = timer;
}

/** Takes the first one off. */
function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [one, other] = [heap[left], heap[left + 1]];
    if (one === undefined) break;
    const [next, child] = other !== undefined && isEarlier(other, one) ? [left + 1, other] : [left, one];
    if (!isEarlier(child, last)) break;
    heap[at] = child;
    at = next;
  }
  heap[at] = last;
}

const isEarlier = (one: Timer, other: Timer): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
