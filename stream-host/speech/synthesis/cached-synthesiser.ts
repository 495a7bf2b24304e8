import type { Synthesiser, SynthesisPiece } from '../../contract/speech.ts';

export interface CachedSynthesiserOptions {
  /** Audio that is kept at most; what was not used for longest goes first. 32 kB are a second. */
  readonly maxBytes?: number;
  /** Longer texts are seldom said twice, and are not kept. */
  readonly maxTextLength?: number;
}

const cachedSynthesiserDefaults = {
  maxBytes: 8 * 1024 * 1024,
  maxTextLength: 200,
} as const satisfies CachedSynthesiserOptions;

interface Entry {
  readonly pieces: readonly SynthesisPiece[];
  readonly bytes: number;
}

/** A synthesiser that remembers short texts, such as greetings, and speaks them again at once and for nothing. */
export class CachedSynthesiser implements Synthesiser {
  readonly #inner: Synthesiser;
  readonly #options: Required<CachedSynthesiserOptions>;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  constructor(inner: Synthesiser, options: CachedSynthesiserOptions = {}) {
    this.#inner = inner;
    this.#options = { ...cachedSynthesiserDefaults, ...options };
  }

  get stats(): { readonly texts: number; readonly bytes: number; readonly hits: number; readonly misses: number } {
    return { texts: this.#entries.size, bytes: this.#bytes, hits: this.#hits, misses: this.#misses };
  }

  async *speak(...asked: Parameters<Synthesiser['speak']>): AsyncIterable<SynthesisPiece> {
    const [text, voice, signal] = asked;
    const key = `${voice}\n${text}`;
    const known = this.#entries.get(key);
    if (known) {
      this.#hits += 1;
      this.#entries.delete(key);
      this.#entries.set(key, known);
      for (const piece of known.pieces) {
        if (signal.aborted) return;
        yield piece;
      }
      return;
    }
    this.#misses += 1;
    const pieces: SynthesisPiece[] = [];
    const keeps = text.length <= this.#options.maxTextLength;
    for await (const piece of this.#inner.speak(...asked)) {
      if (keeps) pieces.push(piece);
      yield piece;
    }
    // What was cut off or refused must not be mistaken for the whole.
    if (keeps && !signal.aborted) this.#keep(key, pieces);
  }

  #keep(key: string, pieces: readonly SynthesisPiece[]): void {
    const bytes = pieces.reduce((sum, piece) => sum + (piece.type === 'audio' ? piece.pcm.length : 0), 0);
    if (bytes === 0 || bytes > this.#options.maxBytes || this.#entries.has(key)) return;
    this.#entries.set(key, { pieces, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#options.maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}
