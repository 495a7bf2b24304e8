/** Items of the caller's whose words are kept while they grow. */
const MAX_ITEMS = 32;
const MAX_CHARACTERS = 20_000;

interface Words {
  text: string;
  isFinal: boolean;
}

/** The caller's words, item by item, as the service writes them down. */
export class CallerWords {
  readonly #items = new Map<string, Words>();

  /** Some more words of an item. @returns all of them, or undefined where nothing is new */
  grow(itemId: string, delta: string): string | undefined {
    const words = this.#of(itemId);
    if (words.isFinal || delta === '') return undefined;
    words.text = (words.text + delta).slice(0, MAX_CHARACTERS);
    return words.text;
  }

  /**
   * All words of an item.
   * @returns them, or undefined where they were told: services send empty ones for items that have theirs
   */
  complete(itemId: string, text: string): string | undefined {
    const words = this.#of(itemId);
    if (words.isFinal && (text === '' || text === words.text)) return undefined;
    words.isFinal = true;
    words.text = text.slice(0, MAX_CHARACTERS);
    return words.text;
  }

  #of(itemId: string): Words {
    const known = this.#items.get(itemId);
    if (known) return known;
    const words = { text: '', isFinal: false };
    this.#items.set(itemId, words);
    const [oldest = ''] = this.#items.keys();
    if (this.#items.size > MAX_ITEMS) this.#items.delete(oldest);
    return words;
  }
}
