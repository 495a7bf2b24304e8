import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { History } from '../../dialogue/history.ts';

const isLine = ({ speech }: CallNews): boolean => typeof speech === 'object';

/** What has happened in the call that no turn of the agent has taken up yet. */
export class PendingNews {
  #items: HistoryItem[] = [];
  /** Those that something is said of. */
  #unsaid: CallNews[] = [];
  #silent = false;

  add(news: CallNews): void {
    if (news.item) this.#items.push(news.item);
    const { topic } = news;
    if (topic !== undefined) this.#drop((unsaid) => unsaid.topic === topic);
    if (news.speech !== 'none') this.#unsaid.push(news);
  }

  /** The caller hears nothing: only what is said aside is said. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /**
   * Whether the caller hears the agent. While he does not, what he is to be told waits; once he does, what was to be said
   * aside never is.
   */
  callerHears(hears: boolean): void {
    this.#silent = !hears;
    this.#dropLate();
  }

  /** How a turn begins that takes up the next of them; undefined where nothing is left to say. */
  get kind(): 'line' | 'answer' | undefined {
    const { next } = this;
    if (!next) return undefined;
    return isLine(next) ? 'line' : 'answer';
  }

  /** The next that something is to be said of. */
  get next(): CallNews | undefined {
    return this.#unsaid.find((news) => this.#isDue(news));
  }

  /** What the agent knows from now on. Between two turns. */
  takeDown(history: Pick<History, 'append'>): void {
    for (const item of this.#items.splice(0)) history.append(item);
  }

  /**
   * What a turn of that kind says: one line, or whatever its model is to speak of.
   * @param greeting what an opening says: lines that stand in it are said by it
   */
  take(kind: string, greeting = ''): { readonly all: readonly CallNews[]; readonly line?: string } {
    if (kind === 'line') {
      const { next } = this;
      if (!next) return { all: [] };
      this.#unsaid = this.#unsaid.filter((news) => news !== next);
      return { all: [next], ...(typeof next.speech === 'object' && { line: next.speech.line }) };
    }
    const isOpening = kind === 'opening';
    if (!isOpening && kind !== 'answer') return { all: [] };
    const isIn = ({ speech }: CallNews) => isOpening && typeof speech === 'object' && greeting.includes(speech.line);
    const all = this.#unsaid.filter((news) => this.#isDue(news) && (isOpening ? isIn(news) : !isLine(news)));
    this.#unsaid = this.#unsaid.filter((news) => !all.includes(news));
    return { all };
  }

  /** All of which nothing was said. */
  takeAll(): readonly CallNews[] {
    return this.#unsaid.splice(0);
  }

  /** The turn that took them up was taken back: they are said before all others. */
  putBack(news: readonly CallNews[]): void {
    this.#unsaid.unshift(...news);
    this.#dropLate();
  }

  #dropLate(): void {
    if (this.#silent) return;
    this.#drop(({ aside = false }) => aside);
  }

  #drop(isOld: (news: CallNews) => boolean): void {
    const old = this.#unsaid.filter(isOld);
    this.#unsaid = this.#unsaid.filter((news) => !old.includes(news));
    for (const { onSpoken } of old) onSpoken?.(false);
  }

  #isDue({ aside = false }: CallNews): boolean {
    return aside === this.#silent;
  }
}
