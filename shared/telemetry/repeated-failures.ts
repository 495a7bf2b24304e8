/** Of failures that follow each other, one is told in so long. */
const EVERY_MS = 10_000;
/** What fails at once, at most; beyond, the oldest is forgotten, and its next failure counts as a first. */
const MOST = 1_000;

/**
 * What is tried again and again while a dependency is away fails many times a minute. The first failure is told, and then one
 * in ten seconds, each with how many there were in a row: enough for a trace to name what failed, and for how long.
 */
export class RepeatedFailures {
  readonly #failing = new Map<string, { failures: number; toldMs: number }>();

  worked(key: string): void {
    this.#failing.delete(key);
  }

  /** @returns which one in a row it is, from 1; undefined where it need not be told */
  failed(key: string, nowMs: number): number | undefined {
    const row = this.#failing.get(key) ?? { failures: 0, toldMs: Number.NEGATIVE_INFINITY };
    this.#failing.set(key, row);
    for (const oldest of this.#failing.keys()) {
      if (this.#failing.size <= MOST) break;
      this.#failing.delete(oldest);
    }
    row.failures += 1;
    if (nowMs - row.toldMs < EVERY_MS) return undefined;
    row.toldMs = nowMs;
    return row.failures;
  }
}
