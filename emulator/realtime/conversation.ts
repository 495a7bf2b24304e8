import type { NewItem } from './client-events.ts';
import { type Json, WireError } from './wire-error.ts';

/** An item as the wire shows it. */
export interface WireItem extends Json {
  readonly id: string;
  readonly type: string;
}

/** A piece of what was generated, and where its sound begins in the answer's audio. */
interface SpokenPiece {
  readonly text: string;
  readonly startMs: number;
}

const MAX_ITEMS = 2_000;

/** An item with what the model knows of it, which is not always what the wire shows. */
export class Entry {
  item: WireItem;
  /** What the model reads of a message. */
  text: string;
  /** Resolves when {@link text} is known: a recogniser may be at it. */
  readonly known: Promise<void>;
  /** Of an answer: how much audio was generated. Of a caller's words: how long they took. */
  audioMs = 0;
  readonly #pieces: SpokenPiece[] = [];
  #truncated = false;

  constructor(item: WireItem, text: string | Promise<string> = '') {
    this.item = item;
    this.text = typeof text === 'string' ? text : '';
    this.known = Promise.resolve(text).then((known) => {
      if (typeof text !== 'string') this.text = known;
    });
  }

  /** Another piece of the answer was generated. */
  say(text: string, startMs: number): void {
    if (this.#truncated) return;
    this.#pieces.push({ text, startMs });
    this.text += text;
  }

  /** @throws {WireError} where there is no such audio */
  truncate(endMs: number): void {
    if (this.audioMs === 0) {
      const text = 'Only model output audio messages can be truncated';
      throw new WireError('unsupported_content_type', text, 'item_id');
    }
    const lengthMs = Math.floor(this.audioMs);
    if (endMs > lengthMs) {
      const text = `Audio content of ${lengthMs}ms is already shorter than ${endMs}ms`;
      throw new WireError('invalid_value', text, 'audio_end_ms');
    }
    this.#truncated = true;
    this.audioMs = endMs;
    const heard = this.#pieces.filter(({ startMs }) => startMs < endMs);
    this.text = heard.map(({ text }) => text).join('');
    const { content } = this.item;
    // The transcript goes: it would tell what was not heard.
    const parts = Array.isArray(content) ? content.map(({ transcript: _, ...part }) => part) : [];
    this.item = { ...this.item, content: parts };
  }
}

/** The items of a session, in order. */
export class Conversation {
  readonly #entries: Entry[] = [];

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /**
   * @param previous after which item: null or undefined for the end, `root` for the beginning
   * @returns the id of the item before it, as events tell it
   * @throws {WireError}
   */
  add(entry: Entry, previous?: string | null): string | null {
    if (this.#entries.some(({ item }) => item.id === entry.item.id)) {
      throw new WireError(
        'item_create_duplicate_item_id',
        `Item with id '${entry.item.id}' already exists.`,
        'item.id',
      );
    }
    if (this.#entries.length >= MAX_ITEMS) {
      throw new WireError('conversation_too_long', `A conversation may have ${MAX_ITEMS} items.`);
    }
    const at = this.#placeAfter(previous);
    this.#entries.splice(at, 0, entry);
    return this.#entries[at - 1]?.item.id ?? null;
  }

  /** The item that would come before the next. */
  get lastId(): string | null {
    return this.#entries.at(-1)?.item.id ?? null;
  }

  /** @throws {WireError} `item_…_invalid_item_id` */
  find(id: string, purpose: 'retrieve' | 'truncate' | 'delete'): Entry {
    const entry = this.#entries.find(({ item }) => item.id === id);
    if (entry !== undefined) return entry;
    const text = `Error: cannot ${purpose} the item with id '${id}', as it does not exist.`;
    throw new WireError(`item_${purpose}_invalid_item_id`, text, 'item_id');
  }

  /** The id of the item before this one. */
  before(entry: Entry): string | null {
    return this.#entries[this.#entries.indexOf(entry) - 1]?.item.id ?? null;
  }

  hasCall(callId: string): boolean {
    return this.#entries.some(({ item }) => item.type === 'function_call' && item.call_id === callId);
  }

  remove(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  #placeAfter(previous: string | null | undefined): number {
    if (previous === undefined || previous === null) return this.#entries.length;
    if (previous === 'root') return 0;
    const index = this.#entries.findIndex(({ item }) => item.id === previous);
    if (index >= 0) return index + 1;
    const text = `Previous item with id '${previous}' not found.`;
    throw new WireError('item_create_invalid_previous_item_id', text, 'previous_item_id');
  }
}

/** An entry of an item that a client made. */
export function entryOf(item: NewItem, id: string): Entry {
  const text =
    item.type === 'message'
      ? item.content.map((part) => ('text' in part ? part.text : (part.transcript ?? ''))).join(' ')
      : '';
  return new Entry({ object: 'realtime.item', ...item, id }, text);
}
