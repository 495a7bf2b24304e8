/** Who told of a key: the media stream, or an event of the carrier's. */
export type KeySource = 'line' | 'carrier';

interface Press {
  readonly key: string;
  readonly source: KeySource;
  readonly atMs: number;
}

/** Two sources tell of the same press so far apart at most. */
const SAME_PRESS_MS = 10_000;
const MOST_KEPT = 64;

/**
 * Tells the presses of keys apart that two sources report, in whatever order the reports come: each report of the one is
 * matched with one of the other, for the same key. What only one source has told counts as well, so that a stream that was
 * interrupted, or an event that got lost, costs no key.
 */
export class KeyMerge {
  /** Told by one source, and not yet by the other. Oldest first. */
  #unmatched: Press[] = [];

  /** @returns whether it is a press that nobody has told of before */
  isNew(key: string, source: KeySource, nowMs: number): boolean {
    this.#unmatched = this.#unmatched.filter(({ atMs }) => nowMs - atMs < SAME_PRESS_MS).slice(-MOST_KEPT);
    const match = this.#unmatched.findIndex((press) => press.key === key && press.source !== source);
    if (match < 0) {
      this.#unmatched.push({ key, source, atMs: nowMs });
      return true;
    }
    this.#unmatched.splice(match, 1);
    return false;
  }
}
