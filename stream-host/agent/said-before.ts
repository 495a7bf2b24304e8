/**
 * What the rounds of one answer have said, so that a model which says the same sentence with each of its tool calls is
 * heard saying it once. Text that reads as an earlier round did is held until it reads otherwise, or the round is over.
 */
export class SaidBefore {
  readonly #texts: string[] = [];
  /** What the round has said so far. */
  #round = '';
  #held = '';
  #isNew = false;

  /** Takes more of a round's text; returns what of it is to be said by now. */
  push(text: string): string {
    this.#round += text;
    if (this.#isNew || this.#texts.length === 0) return text;
    this.#held += text;
    const begun = this.#held.trimStart();
    if (this.#texts.some((said) => said.startsWith(begun.trimEnd()))) return '';
    this.#isNew = true;
    const repeated = this.#texts
      .filter((said) => begun.startsWith(said) && !/^\p{L}/u.test(begun.slice(said.length)))
      .reduce((longest, said) => (said.length > longest.length ? said : longest), '');
    return this.#release(repeated === '' ? this.#held : begun.slice(repeated.length));
  }

  /** The round is over; returns what was held of it and is no repetition. */
  endRound(): string {
    const text = this.#round.trim();
    const isRepeated = this.#texts.includes(text);
    if (text !== '' && !isRepeated) this.#texts.push(text);
    const rest = this.#release(isRepeated ? '' : this.#held);
    this.#round = '';
    this.#isNew = false;
    return rest;
  }

  #release(text: string): string {
    this.#held = '';
    return text;
  }
}
