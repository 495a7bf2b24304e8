import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { SessionEmitter } from '../../contract/events.ts';
import type { TurnPolicy } from '../../conversation/turns/turn-policy.ts';
import { type FloorContext, type FloorEffect, type FloorEvent, type FloorState, INITIAL_FLOOR } from './floor.ts';
import { floorAfter } from './floor-transition.ts';

interface FloorKeeperOptions {
  readonly clock: Clock;
  readonly events: SessionEmitter;
  readonly policy: TurnPolicy;
  readonly context: () => FloorContext;
  readonly apply: (effect: FloorEffect, before: FloorState) => void;
  /** Nobody speaks and nothing is owed any more. */
  readonly onQuiet: () => void;
}

/** Holds the floor's state and its one timer, and has done what each event leads to. */
export class FloorKeeper {
  readonly #options: FloorKeeperOptions;
  #state: FloorState = INITIAL_FLOOR;
  #cancelTimer: Cancel = () => {};
  #timerFiresAtMs = Number.POSITIVE_INFINITY;

  constructor(options: FloorKeeperOptions) {
    this.#options = options;
  }

  get state(): FloorState {
    return this.#state;
  }

  /** One event, and all that it leads to, before anybody is told of it. */
  handle(event: FloorEvent): void {
    const { events, context, policy, apply, onQuiet } = this.#options;
    events.atomic(() => {
      const before = this.#state;
      const { state, effects } = floorAfter(before, event, context(), policy);
      if (state !== before) this.#move(state);
      for (const effect of effects) apply(effect, before);
      // An effect may have led on to the next state already, which has told its own name.
      if (state.name === before.name || this.#state.name !== state.name) return;
      events.emit('state', { state: state.name });
      if (state.name === 'listening') onQuiet();
    });
  }

  /** Nothing is decided any more: another mode has the floor. */
  handOver(): void {
    this.#move({ name: 'closed' });
  }

  #move(state: FloorState): void {
    this.#state = state;
    this.#arm();
  }

  /** A deadline that only moves away keeps its timer; when that fires early, it is set anew. */
  #arm(): void {
    const { clock } = this.#options;
    const deadlineMs = 'deadlineMs' in this.#state ? this.#state.deadlineMs : Number.POSITIVE_INFINITY;
    if (deadlineMs >= this.#timerFiresAtMs && deadlineMs !== Number.POSITIVE_INFINITY) return;
    this.#cancelTimer();
    this.#timerFiresAtMs = deadlineMs;
    this.#cancelTimer = () => {};
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = clock.after(Math.max(0, deadlineMs - clock.now()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timerFiresAtMs = Number.POSITIVE_INFINITY;
    const isEarly = 'deadlineMs' in this.#state && this.#state.deadlineMs > this.#options.clock.now();
    if (isEarly) this.#arm();
    else this.handle({ type: 'deadline' });
  }
}
