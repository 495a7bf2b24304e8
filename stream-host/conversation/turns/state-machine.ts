import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { SessionEmitter } from '../../contract/events.ts';

/** One of a machine's states. At most one deadline, which belongs to the state. */
interface Named {
  readonly name: string;
  readonly deadlineMs?: number;
}
type Deadline = { readonly type: 'deadline' };

interface StateMachineOptions<State extends Named, Event, Effect> {
  readonly clock: Clock;
  readonly events: SessionEmitter;
  readonly initial: State;
  /** Pure but for what it may look at. */
  readonly next: (
    state: State,
    event: Event | Deadline,
  ) => { readonly state: State; readonly effects: readonly Effect[] };
  readonly apply: (effect: Effect, before: State) => void;
  /** A state of another name was entered, and its name told. */
  readonly onEntered?: (state: State) => void;
}

/** Holds the state of whoever has the floor and its one timer, and has done what each event leads to. */
export class StateMachine<State extends Named, Event, Effect> {
  readonly #options: StateMachineOptions<State, Event, Effect>;
  #state: State;
  #cancelTimer: Cancel = () => {};
  #timerFiresAtMs = Number.POSITIVE_INFINITY;

  constructor(options: StateMachineOptions<State, Event, Effect>) {
    this.#options = options;
    this.#state = options.initial;
  }

  get state(): State {
    return this.#state;
  }

  /** One event, and all that it leads to, before anybody is told of it. */
  handle(event: Event | Deadline): void {
    const { events, next, apply, onEntered } = this.#options;
    events.atomic(() => {
      const before = this.#state;
      const { state, effects } = next(before, event);
      if (state !== before) this.set(state);
      for (const effect of effects) apply(effect, before);
      // An effect may have led on to the next state already, which has told its own name.
      if (state.name === before.name || this.#state.name !== state.name) return;
      events.emit('state', { state: state.name });
      onEntered?.(state);
    });
  }

  /** Moves on without an event, and tells nobody. */
  set(state: State): void {
    this.#state = state;
    this.#arm();
  }

  /** A deadline that only moves away (with each frame sent) keeps its timer; when that fires early, it is set anew. */
  #arm(): void {
    const { clock } = this.#options;
    const { deadlineMs = Number.POSITIVE_INFINITY } = this.#state;
    if (deadlineMs >= this.#timerFiresAtMs && deadlineMs !== Number.POSITIVE_INFINITY) return;
    this.#cancelTimer();
    this.#timerFiresAtMs = deadlineMs;
    this.#cancelTimer = () => {};
    if (deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = clock.after(Math.max(0, deadlineMs - clock.now()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timerFiresAtMs = Number.POSITIVE_INFINITY;
    const { deadlineMs = Number.POSITIVE_INFINITY } = this.#state;
    if (deadlineMs > this.#options.clock.now()) this.#arm();
    else this.handle({ type: 'deadline' });
  }
}
