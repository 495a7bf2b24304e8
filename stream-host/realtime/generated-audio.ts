import { bytesPerMsAt } from '../../shared/audio/pcm.ts';

/** Items of which the length is kept, for cutting them where they were heard. Nobody hears older ones. */
const MAX_ITEMS = 64;
const BYTES_PER_SAMPLE = 2;

/** The audio of the agent's items as it comes in: whole samples, and how much of each item there is. */
export class GeneratedAudio {
  readonly #bytesPerMs: number;
  readonly #items = new Map<string, { bytes: number; odd: Uint8Array | undefined; isComplete: boolean }>();

  constructor(rateHz: number) {
    this.#bytesPerMs = bytesPerMsAt(rateHz);
  }

  /** Takes a delta, in base64. A service may cut a sample in two: the half is kept for the next delta. */
  take(itemId: string, base64: string): Uint8Array {
    const item = this.#items.get(itemId) ?? { bytes: 0, odd: undefined, isComplete: false };
    this.#items.set(itemId, item);
    const decoded = Buffer.from(base64, 'base64');
    const bytes = item.odd ? Buffer.concat([item.odd, decoded]) : decoded;
    const whole = bytes.length - (bytes.length % BYTES_PER_SAMPLE);
    item.odd = whole < bytes.length ? bytes.subarray(whole) : undefined;
    item.bytes += whole;
    const [oldest = ''] = this.#items.keys();
    if (this.#items.size > MAX_ITEMS) this.#items.delete(oldest);
    return bytes.subarray(0, whole);
  }

  /** All audio of an item has come in. */
  complete(itemId: string): void {
    const item = this.#items.get(itemId);
    if (item) item.isComplete = true;
  }

  /** The service has no more of it than {@link ms} says. */
  isComplete(itemId: string): boolean {
    return this.#items.get(itemId)?.isComplete ?? false;
  }

  /** How much there is of an item, in whole milliseconds; undefined for one without audio. */
  ms(itemId: string): number | undefined {
    const item = this.#items.get(itemId);
    return item && Math.floor(item.bytes / this.#bytesPerMs);
  }
}
