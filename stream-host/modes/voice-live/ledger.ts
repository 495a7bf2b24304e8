import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { History } from '../../dialogue/history.ts';

/** Something that the caller has said, or is saying. */
export interface CallerEntry {
  readonly itemId: string;
  /** All of its words so far. */
  readonly text: string;
  /** Its words will not change any more; where nobody could tell them, they are what was known. */
  readonly settled: boolean;
  /** When its words came to read as they do. */
  readonly changedAtMs: number;
  /** A turn answers it. */
  readonly taken: boolean;
}

/** The item of words that were typed or pressed, of which no service says how it is called. */
export const givenItem = (nth: number): string => `given-${nth}`;
export const isGiven = ({ itemId }: CallerEntry): boolean => /^given-\d+$/.test(itemId);

type Entry = { items: readonly HistoryItem[] } & (
  | ({ readonly kind: 'caller' } & { -readonly [Key in keyof CallerEntry]: CallerEntry[Key] })
  | { readonly kind: 'agent'; readonly turn: object }
);

/** Older entries than so many are not looked at any more: their words came, or never will. */
const KEPT_ENTRIES = 24;

/**
 * What both sides said, in the order in which it began. A service tells the caller's words late, often after the answer
 * has begun; they still stand before it in the history.
 */
export class Ledger {
  readonly #history: History;
  /** Where in the history the first entry stands. */
  #base: number;
  #entries: Entry[] = [];

  constructor(history: History) {
    this.#history = history;
    this.#base = history.length;
  }

  get items(): readonly HistoryItem[] {
    return this.#history.items;
  }

  caller(itemId: string): CallerEntry | undefined {
    return this.#callerEntry(itemId);
  }

  /** The caller says something. Without effect where it is known. */
  callerSpeaks(itemId: string, nowMs: number): void {
    if (this.#callerEntry(itemId)) return;
    this.#add({
      kind: 'caller',
      itemId,
      text: '',
      settled: false,
      changedAtMs: nowMs,
      taken: false,
      items: [],
    });
  }

  /** All words of an item so far. What comes of one that is settled, or unknown, counts for nothing. */
  words(itemId: string, text: string, isFinal: boolean, nowMs: number): void {
    const entry = this.#callerEntry(itemId);
    if (!entry || entry.settled) return;
    Object.assign(entry, { text: text.trim(), settled: isFinal, changedAtMs: nowMs });
    if (isFinal) this.#write(entry, entry.text === '' ? [] : [{ role: 'caller', text: entry.text }]);
  }

  /** What was said asks for nothing: it stands nowhere. */
  dismiss(itemId: string): void {
    const dismissed = this.#callerEntry(itemId);
    this.#entries = this.#entries.filter((entry) => entry !== dismissed || entry.items.length > 0);
  }

  /** Nobody will tell better words of an item. */
  settle(itemId: string, nowMs: number): void {
    const entry = this.#callerEntry(itemId);
    if (entry) this.words(itemId, entry.text, true, nowMs);
  }

  /** What the caller said whose words are not all there. */
  get unsettled(): readonly CallerEntry[] {
    return this.#entries.flatMap((entry) => (entry.kind === 'caller' && !entry.settled ? [entry] : []));
  }

  /** And what of that turns have taken up. */
  get unsettledTaken(): readonly CallerEntry[] {
    return this.#entries.flatMap((entry) => (entry.kind === 'caller' && entry.taken && !entry.settled ? [entry] : []));
  }

  /** What was not settled, and no turn answers, is forgotten: it will be said to another session. */
  forgetUnsettled(): void {
    this.#entries = this.#entries.filter((entry) => entry.kind === 'agent' || entry.settled || entry.taken);
  }

  /** Of something that the caller said the words are not all there. */
  get isUnsettled(): boolean {
    return this.unsettled.length > 0;
  }

  /** It is that item, or was said before it. */
  isUnsettledUpTo(itemId: string): boolean {
    const first = this.#entries.find((entry) => entry.kind === 'caller' && (!entry.settled || entry.itemId === itemId));
    return first?.kind === 'caller' && !first.settled;
  }

  /** What the caller said that no turn has taken up; its words may still change. */
  get pending(): readonly CallerEntry[] {
    return this.#entries.flatMap((entry) => (entry.kind === 'caller' && !entry.taken ? [entry] : []));
  }

  get pendingText(): string {
    return textOf(this.pending);
  }

  /**
   * A turn of the agent begins: from here on it stands in the ledger, and what was pending is what it answers, unless it is
   * for somebody else's ear than the caller's.
   */
  turnBegins(turn: object, isAside = false): void {
    for (const entry of this.#entries) if (entry.kind === 'caller' && !isAside) entry.taken = true;
    this.#add({ kind: 'agent', turn, items: [] });
  }

  /** Something has happened in the call that nobody said. */
  happened(item: HistoryItem): void {
    const entry: Entry = { kind: 'agent', turn: {}, items: [] };
    this.#add(entry);
    this.#write(entry, [item]);
  }

  /** The turn reads so now. */
  turnReads(turn: object, items: readonly HistoryItem[]): void {
    const entry = this.#agentEntry(turn);
    if (entry) this.#write(entry, items);
  }

  /** All of it, where that turn reads so. */
  itemsWith(turn: object | undefined, items: readonly HistoryItem[]): HistoryItem[] {
    const before = this.#history.items.slice(0, this.#base);
    return [
      ...before,
      ...this.#entries.flatMap((entry) => (entry.kind === 'agent' && entry.turn === turn ? items : entry.items)),
    ];
  }

  /**
   * What the turn answers, and all before it. Words that are not known yet count as said: whoever counts the caller's turns
   * must come to the same number as somebody who reads the history later.
   */
  itemsBefore({ asked }: { readonly asked: readonly CallerEntry[] }): HistoryItem[] {
    const untold = asked.filter(({ settled }) => !settled);
    return [...this.items, ...untold.map(({ text }): HistoryItem => ({ role: 'caller', text }))];
  }

  /** Another mode writes the history from here on: what still comes of a turn, such as a slow tool's result, stands nowhere. */
  end(): void {
    this.#entries = [];
  }

  /** The turn came to nothing: what it was to answer is pending again. */
  turnDropped(turn: object, asked: readonly CallerEntry[]): void {
    const entry = this.#agentEntry(turn);
    if (!entry) return;
    this.#write(entry, []);
    this.#entries = this.#entries.filter((other) => other !== entry);
    for (const { itemId } of asked) {
      const caller = this.#callerEntry(itemId);
      if (caller) caller.taken = false;
    }
  }

  #callerEntry(itemId: string): Extract<Entry, { kind: 'caller' }> | undefined {
    const entry = this.#entries.findLast((other) => other.kind === 'caller' && other.itemId === itemId);
    return entry?.kind === 'caller' ? entry : undefined;
  }

  #agentEntry(turn: object): Extract<Entry, { kind: 'agent' }> | undefined {
    const entry = this.#entries.findLast((other) => other.kind === 'agent' && other.turn === turn);
    return entry?.kind === 'agent' ? entry : undefined;
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    while (this.#entries.length > KEPT_ENTRIES) this.#base += this.#entries.shift()?.items.length ?? 0;
  }

  #write(entry: Entry, items: readonly HistoryItem[]): void {
    const at = this.#entries.indexOf(entry);
    if (isSame(entry.items, items)) return;
    entry.items = items;
    const from = this.#entries.slice(0, at).reduce((sum, before) => sum + before.items.length, this.#base);
    this.#history.replaceFrom(
      from,
      this.#entries.slice(at).flatMap((each) => each.items),
    );
  }
}

/** The words of several entries, as one. */
export function textOf(entries: readonly CallerEntry[]): string {
  return entries
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join(' ');
}

function isSame(before: readonly HistoryItem[], after: readonly HistoryItem[]): boolean {
  return before.length === after.length && JSON.stringify(before) === JSON.stringify(after);
}
