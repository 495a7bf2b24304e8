/**
 * Why a piece of audio is decoded. `final`: the phrase is over and somebody waits. `early`: the phrase may be over; if it
 * is, this becomes its final. `partial`: what it sounds like so far.
 */
export type DecodeKind = 'final' | 'early' | 'partial';

export interface Waiting {
  /** Whose audio this is. */
  readonly stream: object;
  kind: DecodeKind;
}

const URGENCY: Readonly<Record<DecodeKind, number>> = { final: 0, early: 1, partial: 2 };

/**
 * What waits to be decoded: finals first, partials last, else first come first served. Bounded: a stream has at most one
 * `early` or `partial` waiting, and a newer one takes its place. Finals are never dropped: a stream may only have so many
 * of them open, which is its owner's business.
 */
export class DecodeQueue<Item extends Waiting> {
  #items: Item[] = [];

  /** Adds an item. Returns the one that it displaced. */
  push(item: Item): Item | undefined {
    const displaced =
      item.kind === 'final'
        ? undefined
        : this.#items.find(({ stream, kind }) => stream === item.stream && kind !== 'final');
    if (displaced !== undefined) this.remove(displaced);
    this.#items.push(item);
    return displaced;
  }

  /** Takes the most urgent item out of the queue, or none where `except` forbids what there is. */
  take(except?: DecodeKind): Item | undefined {
    let next: Item | undefined;
    for (const item of this.#items) {
      if (item.kind !== except && (next === undefined || URGENCY[item.kind] < URGENCY[next.kind])) next = item;
    }
    if (next !== undefined) this.remove(next);
    return next;
  }

  /** Whether something more urgent than `kind` waits. */
  hasBefore(kind: DecodeKind): boolean {
    return this.#items.some((item) => URGENCY[item.kind] < URGENCY[kind]);
  }

  remove(item: Item): void {
    this.#items = this.#items.filter((other) => other !== item);
  }

  /** Takes everything out. */
  drain(): Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  get length(): number {
    return this.#items.length;
  }
}
