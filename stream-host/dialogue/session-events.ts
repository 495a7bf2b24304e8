import type { Clock } from '../../shared/clock.ts';
import type { EventName, SessionEmitter, SessionEvent, SessionEventMap } from '../contract/events.ts';

type Listener = (event: SessionEvent) => void;

/**
 * The events of one session. Listeners run one after the other and never in the middle of what the session is doing: what
 * is emitted inside {@link atomic} waits until that is complete, and what a listener itself sets going is told after
 * the event that it is listening to. So a listener may close the session, hand it over or throw, at any event. What one
 * throws is told as the fault `listener.failed`; the others still run.
 *
 * `ended` is the last event: whatever is emitted after it is dropped.
 */
export class SessionEvents implements SessionEmitter {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #listeners = new Map<EventName | 'any', Set<Listener>>();
  /** Events to tell and tasks to run, in order. Bounded by what one section of the session does. */
  #queue: (SessionEvent | (() => void))[] = [];
  #sections = 0;
  #draining = false;
  #over = false;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  on<Name extends EventName>(name: Name, listener: (event: SessionEvent<Name>) => void): () => void {
    return this.#add(name, (event) => {
      if (isNamed(event, name)) listener(event);
    });
  }

  onAny(listener: Listener): () => void {
    return this.#add('any', listener);
  }

  emit<Name extends EventName>(name: Name, fields: SessionEventMap[Name]): void {
    if (this.#over) return;
    this.#over = name === 'ended';
    this.#queue.push({ type: name, atMs: this.#clock.now(), ...fields } as SessionEvent);
    this.#drain();
  }

  atomic(work: () => void): void {
    this.#sections += 1;
    try {
      work();
    } finally {
      this.#sections -= 1;
      this.#drain();
    }
  }

  inTurn(task: () => void): void {
    this.#queue.push(task);
    this.#drain();
  }

  #add(name: EventName | 'any', listener: Listener): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #drain(): void {
    if (this.#sections > 0 || this.#draining) return;
    this.#draining = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        if (typeof next === 'function') next();
        else this.#tell(next);
      }
    } finally {
      this.#draining = false;
    }
  }

  #tell(event: SessionEvent): void {
    for (const listener of [...(this.#listeners.get(event.type) ?? []), ...(this.#listeners.get('any') ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        if (event.type !== 'fault') this.emit('fault', { code: 'listener.failed', error });
      }
    }
    if (event.type === 'ended') this.#listeners.clear();
  }
}

function isNamed<Name extends EventName>(event: SessionEvent, name: Name): event is SessionEvent<Name> & SessionEvent {
  return event.type === name;
}
