import type { CallAction } from '../contract/agent.ts';
import type { InputSink } from '../contract/inputs.ts';

/**
 * What a record holds of texts in which something is hidden, such as a telephone number. The engine tells by its digits
 * whether a caller has finished a number: so a hidden one stays a number, of as many digits, and is another one.
 */
export class Hiding {
  readonly #mask: ((text: string) => string) | undefined;
  readonly #open = new Set<HiddenChunks>();
  /** Something was hidden by now. */
  hasHidden = false;

  constructor(sink: Pick<InputSink, 'mask'>) {
    this.#mask = sink.mask?.bind(sink);
  }

  /** What was hidden last may have to be hidden otherwise yet: it must not be written. */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  text(text: string): string {
    const masked = this.#mask?.(text) ?? text;
    if (masked === text) return text;
    this.hasHidden = true;
    return masked.replace(/[+*]/g, (mark, at: number) => {
      const digitAt = mark === '+' ? at + 1 : at;
      return masked[digitAt] === '*' && /\d/.test(text[digitAt] ?? '') ? '0' : mark;
    });
  }

  /** The same of every text in plain JSON. */
  json(value: unknown): unknown {
    if (this.#mask === undefined) return value;
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.json(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.json(item)]));
  }

  /** A text that comes in chunks. */
  chunks(): HiddenChunks {
    return new HiddenChunks(this, this.#open);
  }
}

/** A text of an answer, as a step holds it. */
interface Chunk {
  text: string;
}

/** No number is in more. */
const MOST_CHUNKS = 32;

/** A text that comes in chunks. A number may go over several, so they stay open until it is known what follows. */
class HiddenChunks {
  readonly #hiding: Hiding;
  readonly #allOpen: Set<HiddenChunks>;
  /** The chunks in which the number lies that may go on. */
  #open: { readonly chunk: Chunk; readonly text: string }[] = [];

  constructor(hiding: Hiding, allOpen: Set<HiddenChunks>) {
    this.#hiding = hiding;
    this.#allOpen = allOpen;
  }

  /** Hides what must be hidden of a chunk, and of those before it. */
  add(chunk: Chunk): void {
    this.#open.push({ chunk, text: chunk.text });
    const whole = this.#open.map(({ text }) => text).join('');
    const hidden = this.#hiding.text(whole);
    let at = 0;
    for (const { chunk, text } of this.#open) {
      chunk.text = hidden.slice(at, at + text.length);
      at += text.length;
    }
    if (/[+\d]$/.test(whole) && this.#open.length < MOST_CHUNKS) this.#allOpen.add(this);
    else this.end();
  }

  /** Nothing follows. */
  end(): void {
    this.#open = [];
    this.#allOpen.delete(this);
  }
}

/** Keys that an agent presses may open something: the engine hands them on, and decides nothing by which they are. */
export function withoutKeys(action: CallAction): CallAction {
  const { wish } = action;
  return wish.kind === 'send-keys' ? { ...action, wish: { ...wish, keys: wish.keys.replaceAll(/./g, '0') } } : action;
}

/** A text in which nobody sees which digits there were: two texts that differ by hidden digits alone are one. */
export const withoutDigits = (text: string): string => text.replace(/[+\d]/g, '#');
