import type { Cancel, Clock } from '../../../../shared/clock.ts';
import { VIRTUAL_EPOCH_MS } from '../../../../shared/virtual-clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  task: (() => void) | undefined;
}

/** Promises that a timer's task starts are done within so many turns: nothing here waits for anything outside. */
const TURNS = 16;

/** A virtual clock for millions of timers: a day of many hosts in seconds. */
export class HeapClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return VIRTUAL_EPOCH_MS + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Cancel {
    this.#order += 1;
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, task };
    this.#push(timer);
    return () => {
      timer.task = undefined;
    };
  }

  /** Lets time pass until then. Timers fire at their own moment, in order; promises settle after each. */
  async runUntil(ms: number): Promise<void> {
    for (let timer = this.#heap[0]; timer && timer.atMs <= ms; timer = this.#heap[0]) {
      this.#pop();
      if (timer.task === undefined) continue;
      this.#nowMs = timer.atMs;
      timer.task();
      for (let turn = 0; turn < TURNS; turn += 1) await undefined;
    }
    this.#nowMs = ms;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
      const above = heap[parent];
      if (above === undefined || !isEarlier(timer, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
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
}

const isEarlier = (one: Timer, other: Timer): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
