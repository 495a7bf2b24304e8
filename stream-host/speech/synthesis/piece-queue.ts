import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import type { SynthesisPiece } from '../../contract/speech.ts';

/** Two minutes of audio that nobody has taken yet. */
const MAX_WAITING_BYTES = 120_000 * BYTES_PER_MS;

/**
 * The pieces of one synthesis between the service, which is several times as fast as speech, and the one who plays
 * them. A word goes in front of the audio that it is in, where that has not been taken yet. Audio leaves in whole
 * samples, however it came. A word without any audio after it is left out.
 */
export class PieceQueue implements AsyncIterable<SynthesisPiece> {
  readonly #pieces: { readonly piece: SynthesisPiece; readonly endMs: number }[] = [];
  #audioMs = 0;
  #waitingBytes = 0;
  #oddByte = new Uint8Array(0);
  #outcome: { readonly error?: Error } | undefined;
  #wake: () => void = () => undefined;

  /** False where more waits than may wait; the audio is then not taken. */
  addAudio(bytes: Uint8Array): boolean {
    const pcm = this.#wholeSamples(bytes);
    if (this.#waitingBytes + pcm.length > MAX_WAITING_BYTES) return false;
    if (pcm.length === 0) return true;
    this.#audioMs += pcm.length / BYTES_PER_MS;
    this.#waitingBytes += pcm.length;
    this.#pieces.push({ piece: { type: 'audio', pcm }, endMs: this.#audioMs });
    this.#wake();
    return true;
  }

  addWord(text: string, startMs: number, durationMs: number): void {
    const place = this.#pieces.findIndex(({ piece, endMs }) => piece.type === 'audio' && endMs > startMs);
    const word = { piece: { type: 'word', text, startMs, durationMs }, endMs: startMs } as const;
    this.#pieces.splice(place === -1 ? this.#pieces.length : place, 0, word);
    this.#wake();
  }

  /** No more pieces will come; those that wait can still be taken. */
  end(): void {
    this.#outcome ??= {};
    this.#wake();
  }

  /** Nobody wants the pieces any more: those that wait are gone too. */
  abandon(): void {
    this.#pieces.length = 0;
    this.#waitingBytes = 0;
    this.end();
  }

  /** As {@link end}, and the one who takes the pieces is told why after the last. */
  fail(error: Error): void {
    this.#outcome ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<SynthesisPiece> {
    while (true) {
      // A word without audio says nothing, and would be said twice if the synthesis failed and was tried again.
      if (this.#waitingBytes > 0) {
        const piece = this.#pieces.shift()?.piece;
        if (piece?.type === 'audio') this.#waitingBytes -= piece.pcm.length;
        if (piece) yield piece;
      } else if (this.#outcome) {
        if (this.#outcome.error) throw this.#outcome.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #wholeSamples(bytes: Uint8Array): Uint8Array {
    if (this.#oddByte.length === 0 && bytes.length % 2 === 0) return bytes;
    const joined = new Uint8Array(Buffer.concat([this.#oddByte, bytes]));
    const whole = joined.length & ~1;
    this.#oddByte = joined.slice(whole);
    return joined.subarray(0, whole);
  }
}
