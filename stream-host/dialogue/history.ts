import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { SessionEmitter } from '../contract/events.ts';

/** What was said and done in a session, cut to what was heard. It grows at its end; only the newest turn is rewritten. */
export class History {
  readonly #events: SessionEmitter;
  #items: readonly HistoryItem[];

  constructor(events: SessionEmitter, items: readonly HistoryItem[]) {
    this.#events = events;
    this.#items = items;
  }

  get items(): readonly HistoryItem[] {
    return this.#items;
  }

  get length(): number {
    return this.#items.length;
  }

  append(item: HistoryItem): void {
    this.replaceFrom(this.#items.length, [item]);
  }

  /** From item `from` on the history reads `items` now. */
  replaceFrom(from: number, items: readonly HistoryItem[]): void {
    if (items.length === 0 && from >= this.#items.length) return;
    this.#items = [...this.#items.slice(0, from), ...items];
    this.#events.emit('historyChanged', { from, items });
  }

  /** Item `at` reads otherwise now. */
  rewrite(at: number, item: HistoryItem): void {
    this.replaceFrom(at, [item, ...this.#items.slice(at + 1)]);
  }
}
