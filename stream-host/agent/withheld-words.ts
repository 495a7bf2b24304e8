import type { HistoryItem } from '../../shared/sessions/history.ts';

/** Stands for words of the caller that the content filter will not let the model see. */
const NOTE = '[What the caller said was held back by a content filter. Say kindly that you cannot help with that.]';

/**
 * Keeps what the content filter refused away from the model, so that it does not have every later turn of the call
 * refused as well. The history itself stays as it was said.
 */
export class WithheldWords {
  readonly #texts = new Set<string>();
  #before = 0;

  /** The history as the model may see it. */
  shown(history: readonly HistoryItem[]): HistoryItem[] {
    return history
      .slice(this.#before)
      .map((item) => (item.role === 'caller' && this.#texts.has(item.text) ? { ...item, text: NOTE } : item));
  }

  /**
   * The model was refused this history: withholds the caller's last words, and where that was not enough, all before
   * them. False when there is nothing left to withhold.
   */
  refuse(history: readonly HistoryItem[]): boolean {
    const at = history.findLastIndex(({ role }) => role === 'caller');
    const last = history[at];
    if (last?.role !== 'caller') return false;
    if (!this.#texts.has(last.text)) {
      this.#texts.add(last.text);
      return true;
    }
    if (this.#before >= at) return false;
    this.#before = at;
    return true;
  }
}
