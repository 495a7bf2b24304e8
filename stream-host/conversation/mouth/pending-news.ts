import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { CallNews } from '../../contract/call-news.ts';

const isLine = ({ speech }: CallNews): boolean => typeof speech === 'object';

/** What has happened in the call that no turn of the agent has taken up yet. */
export class PendingNews {
  #items: HistoryItem[] = [];
  /** Those that something is said of. */
  #unsaid: CallNews[] = [];

  add(news: CallNews): void {
    if (news.item) this.#items.push(news.item);
    if (news.speech !== 'none') this.#unsaid.push(news);
  }

  /** How a turn begins that takes up the next of them; undefined where nothing is left to say. */
  get kind(): 'line' | 'answer' | undefined {
    const [next] = this.#unsaid;
    if (!next) return undefined;
    return isLine(next) ? 'line' : 'answer';
  }

  /** Those that something is to be said of, the next first. */
  get unsaid(): readonly CallNews[] {
    return this.#unsaid;
  }

  /** What the agent knows from now on. */
  takeItems(): HistoryItem[] {
    return this.#items.splice(0);
  }

  /** What a turn of that kind says: one line, or whatever its model is to speak of. */
  take(kind: string): { readonly all: readonly CallNews[]; readonly line?: string } {
    if (kind === 'line') {
      const next = this.#unsaid.shift();
      if (!next || typeof next.speech !== 'object') return { all: next ? [next] : [] };
      return { all: [next], line: next.speech.line };
    }
    if (kind !== 'answer') return { all: [] };
    const all = this.#unsaid.filter((news) => !isLine(news));
    this.#unsaid = this.#unsaid.filter(isLine);
    return { all };
  }

  /** The turn that took them up was taken back: they are said before all others. */
  putBack(news: readonly CallNews[]): void {
    this.#unsaid.unshift(...news);
  }
}
