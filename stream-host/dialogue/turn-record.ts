import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { CallNews } from '../contract/call-news.ts';
import { earOf } from './call-actions.ts';
import { SpokenText } from './spoken-text.ts';

type Done =
  | { readonly kind: 'speech'; readonly spoken: SpokenText }
  | { readonly kind: 'tool'; readonly item: HistoryItem };

/** What one turn of the agent says and does, in order: from it, and from what was heard, its part of the history is made. */
export class TurnRecord {
  readonly #done: Done[] = [];

  /** The stretch of speech that is being said now. A tool call ends it. */
  speech(): SpokenText {
    const last = this.#done.at(-1);
    if (last?.kind === 'speech') return last.spoken;
    const spoken = new SpokenText();
    this.#done.push({ kind: 'speech', spoken });
    return spoken;
  }

  toolEnded(item: Extract<HistoryItem, { role: 'tool' }>): void {
    this.#done.push({ kind: 'tool', item });
  }

  /** The last thing that it did was to say something. */
  get endsInSpeech(): boolean {
    const last = this.#done.at(-1);
    return last?.kind === 'speech' && last.spoken.full !== '';
  }

  /** What was heard when `heardMs` of the turn had been played, and what it would have been. */
  spoken(heardMs: number): { readonly fullText: string; readonly heardText: string } {
    const texts = this.#done.flatMap((done) => (done.kind === 'speech' ? [done.spoken] : []));
    const join = (parts: string[]) => parts.filter((part) => part !== '').join(' ');
    return {
      fullText: join(texts.map((text) => text.full)),
      heardText: join(texts.map((text) => text.heardAt(heardMs))),
    };
  }

  /**
   * The turn as history: tools that ran, and of the words only those that were heard.
   * @param news what it speaks of: what was said aside was heard by the human whom the caller is put through to
   */
  history(heardMs: number, news: readonly CallNews[] = []): HistoryItem[] {
    return this.#done.flatMap((done): HistoryItem[] => {
      if (done.kind === 'tool') return [done.item];
      const text = done.spoken.heardAt(heardMs);
      if (text === '') return [];
      return [{ role: 'agent', text, heard: text === done.spoken.full, ...earOf(news) }];
    });
  }
}
