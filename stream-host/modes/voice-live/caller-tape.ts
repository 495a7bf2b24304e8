interface Piece {
  readonly startMs: number;
  readonly pcm: Uint8Array;
}

/** What is kept of the caller's sound at most, where no session has taken it down. */
const LONGEST_MS = 30_000;
/** What is kept of it in any case: of a word that was begun when a session was lost. */
const ALWAYS_MS = 1000;

/**
 * The caller's newest audio, so that what one session did not take down can be told to the next. Places in it are
 * milliseconds since the call began.
 */
export class CallerTape {
  readonly #bytesPerMs: number;
  #pieces: Piece[] = [];
  #endMs = 0;
  #keepFromMs = Number.POSITIVE_INFINITY;
  #keepUntilMs = Number.POSITIVE_INFINITY;

  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** How much has come so far. */
  get endMs(): number {
    return this.#endMs;
  }

  write(pcm: Uint8Array): void {
    this.#pieces.push({ startMs: this.#endMs, pcm });
    this.#endMs += pcm.length / this.#bytesPerMs;
    if (this.#endMs > this.#keepUntilMs) this.keepFrom(Number.POSITIVE_INFINITY);
    const oldestMs = Math.max(this.#endMs - LONGEST_MS, Math.min(this.#keepFromMs, this.#endMs - ALWAYS_MS));
    while (this.#endOf(0) <= oldestMs) this.#pieces.shift();
  }

  /** From there on all is kept, as far as it goes, until so much more has come. Infinite: nothing but the newest. */
  keepFrom(ms: number, forMs = Number.POSITIVE_INFINITY): void {
    this.#keepFromMs = ms;
    this.#keepUntilMs = this.#endMs + forMs;
  }

  /** Nothing of what is here is let go, as far as that goes. */
  keepAll(): void {
    this.keepFrom(this.#pieces[0]?.startMs ?? this.#endMs);
  }

  /** What came from there on, as far as it is kept, in the pieces in which it came. */
  from(ms: number): Uint8Array[] {
    return this.#pieces.flatMap(({ pcm }, at) => (this.#endOf(at) > ms ? [pcm] : []));
  }

  #endOf(at: number): number {
    return this.#pieces.length > at ? (this.#pieces[at + 1]?.startMs ?? this.#endMs) : Number.POSITIVE_INFINITY;
  }
}
