/** What is remembered; the oldest is forgotten beyond this. */
const MAX_REMEMBERED = 10_000;

/**
 * Repeatable requests: one that comes again under the same repeatability id (the SDK's retries do) is answered as the
 * first was and not carried out twice, even while the first is still under way.
 */
export class Repeatability<Answer> {
  readonly #answers = new Map<string, Promise<Answer>>();

  /**
   * @param key the repeatability id, with the operation that it was sent for
   * @param answer carries the request out; a rejection is not remembered, as nothing was done
   */
  once(key: string, answer: () => Promise<Answer>): Promise<{ answer: Answer; replayed: boolean }> {
    const known = this.#answers.get(key);
    if (known) return known.then((remembered) => ({ answer: remembered, replayed: true }));
    const given = answer();
    this.#answers.set(key, given);
    given.catch(() => this.#answers.delete(key));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_REMEMBERED && oldest !== undefined) this.#answers.delete(oldest);
    return given.then((fresh) => ({ answer: fresh, replayed: false }));
  }
}
