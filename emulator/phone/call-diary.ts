import type { CallEvent } from './caller-events.ts';

/**
 * Tells the events of a call in the order of their time. Some are known only later: the words of an answer are on record
 * after it was heard. So while there is such a thing to wait for, all are held.
 */
export class CallDiary {
  readonly #onEvent: (event: CallEvent) => void;
  #held: CallEvent[] | undefined;

  constructor(onEvent: (event: CallEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** Keeps what is told from now on until {@link release}. */
  hold(): void {
    this.#held ??= [];
  }

  tell(...events: readonly CallEvent[]): void {
    for (const event of events) {
      if (this.#held) this.#held.push(event);
      else this.#onEvent(event);
    }
  }

  /** Tells what was held. Of one moment: as it came, and the end of the call last, with what failed in it. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    const isEnd = ({ event }: CallEvent): number => ['disconnected', 'faults'].indexOf(event);
    for (const event of held.toSorted((a, b) => a.atMs - b.atMs || isEnd(a) - isEnd(b))) this.#onEvent(event);
  }
}
