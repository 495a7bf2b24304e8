import type { Cancel, Clock } from '../../shared/clock.ts';
import type { VirtualClock } from '../../shared/virtual-clock.ts';
import type { World } from './fault-profile.ts';

/** A clock that whoever plays a call lets go on: virtual, or real and faster. */
export type SteppedClock = Pick<VirtualClock, Exclude<keyof VirtualClock, 'runUntil'>>;

/** A busy event loop fires timers late by up to so much. */
const LATEST_MS = 60;

/** The clock that the engine gets: it counts the engine's own timers, and where the profile says so it fires late. */
export class EngineClock implements Clock {
  readonly #world: World;
  readonly #pending = new Set<object>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Timers of the engine that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#world.clock.now();
  }

  wallMs(): number {
    return this.#world.clock.wallMs();
  }

  after(delayMs: number, task: () => void): Cancel {
    const timer = {};
    this.#pending.add(timer);
    const { clock, random, faults } = this.#world;
    const lateMs = random.chance(faults.now.clock) ? random.between(0, LATEST_MS) : 0;
    const cancel = clock.after(Math.max(0, delayMs) + lateMs, () => {
      this.#pending.delete(timer);
      task();
    });
    return () => {
      this.#pending.delete(timer);
      cancel();
    };
  }
}

/** Waits on virtual time; an abort ends the wait and leaves no timer and no listener behind. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = Number.isFinite(ms) ? clock.after(ms, done) : () => {};
    signal.addEventListener('abort', done, { once: true });
  });
}
