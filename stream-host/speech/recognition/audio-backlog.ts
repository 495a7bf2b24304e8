/** A block this quiet holds no words. */
export const QUIET_DBFS = -50;
/** Blocks kept in front of the first one that is not quiet. Words begin softly, and recognisers mishear without a lead-in. */
const LEAD_IN_BLOCKS = 6;

interface Block {
  readonly startByte: number;
  readonly audio: Uint8Array;
  readonly isQuiet: boolean;
}

/**
 * The audio that a recogniser has been given and has not yet turned into final words, so that it can be given again.
 * Positions are bytes since the first byte ever written. Bounded: beyond `maxBytes` the oldest audio is given up. The
 * quiet in front of the first sound is let go of at once, but for a lead-in: a call in which nobody speaks keeps little.
 */
export class AudioBacklog {
  readonly #maxBytes: number;
  #blocks: Block[] = [];
  #endByte = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get endByte(): number {
    return this.#endByte;
  }

  /**
   * Keeps a block; it must not change any more. Returns how many bytes that may hold words had to be given up for it.
   * @param dbfs how loud the block is
   */
  append(audio: Uint8Array, dbfs: number): number {
    this.#blocks.push({ startByte: this.#endByte, audio, isQuiet: dbfs <= QUIET_DBFS });
    this.#endByte += audio.length;
    this.#letGoOfQuiet();
    let dropped = 0;
    while (this.#endByte - this.#startByte > this.#maxBytes) dropped += this.#blocks.shift()?.audio.length ?? 0;
    return dropped;
  }

  /** Lets go of everything before a position: its words are final. */
  discardBefore(byte: number): void {
    while ((this.#blocks[1]?.startByte ?? this.#endByte) <= byte && this.#blocks.length > 0) this.#blocks.shift();
    const first = this.#blocks[0];
    if (!first || first.startByte >= byte) return;
    const evenBytes = (byte - first.startByte) & ~1;
    this.#blocks[0] = { ...first, startByte: first.startByte + evenBytes, audio: first.audio.subarray(evenBytes) };
  }

  /** What a new recogniser has to hear: all that is kept. */
  replay(): { readonly startByte: number; readonly audio: readonly Uint8Array[] } {
    this.#letGoOfQuiet();
    return { startByte: this.#startByte, audio: this.#blocks.map(({ audio }) => audio) };
  }

  clear(): void {
    this.#blocks = [];
  }

  #letGoOfQuiet(): void {
    const firstLoud = this.#blocks.findIndex(({ isQuiet }) => !isQuiet);
    const quiet = firstLoud === -1 ? this.#blocks.length : firstLoud;
    if (quiet > LEAD_IN_BLOCKS) this.#blocks.splice(0, quiet - LEAD_IN_BLOCKS);
  }

  get #startByte(): number {
    return this.#blocks[0]?.startByte ?? this.#endByte;
  }
}
