import { setTimeout as wait } from 'node:timers/promises';
import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { SpeechClip, TimedWord } from './speech-clip.ts';
import type { SpeechSocket } from './speech-socket.ts';
import { splitSentences } from './spoken-text.ts';
import type { SsmlPiece } from './ssml.ts';
import type { SynthesisSettings } from './synthesis-settings.ts';
import { audioFrame, newServiceId, ticks, UspError } from './usp.ts';
import type { Voices } from './voices.ts';

const CHUNK_BYTES = 100 * BYTES_PER_MS;
/** As much audio as may lie unread in the socket: eight seconds. */
const MAX_UNREAD_BYTES = 256 * 1024;
const UNREAD_CHECK_MS = 20;
const UNREAD_TIMEOUT_MS = 30_000;
const MAX_TEXT_CHARS = 20_000;

/**
 * One utterance on a synthesis connection, from `turn.start` to `turn.end`. Audio goes out sentence by sentence in
 * pieces of 100 ms, as fast as the client reads them; a word's boundary goes before the audio that it is in.
 */
export class SynthesisTurn {
  readonly requestId: string;
  readonly settings: SynthesisSettings;
  readonly #socket: SpeechSocket;
  readonly #voices: Voices;
  readonly #streamId = newServiceId().toUpperCase();
  readonly #abort = new AbortController();
  readonly #pieces: SsmlPiece[] = [];
  #more = Promise.withResolvers<void>();
  #isWhole = false;
  #unspoken = '';
  #textChars = 0;
  #sentMs = 0;

  constructor(requestId: string, settings: SynthesisSettings, socket: SpeechSocket, voices: Voices) {
    this.requestId = requestId;
    this.settings = settings;
    this.#socket = socket;
    this.#voices = voices;
  }

  /** Says that the turn begins, and speaks what is given to it until {@link end}. Never rejects. */
  async run(): Promise<void> {
    this.#send('turn.start', { context: { serviceTag: newServiceId() } });
    const audio = { type: 'inline', streamId: this.#streamId };
    this.#send('response', { context: { serviceTag: newServiceId() }, audio });
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) await this.#speak(piece);
        else if (this.#isWhole) break;
        else await this.#more.promise;
        this.#abort.signal.throwIfAborted();
      }
      this.#finish();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#socket.fail(error);
    }
  }

  /** Takes what is to be spoken next. @throws {UspError} 1007 where a turn gets more than 20 000 letters */
  add(...pieces: readonly SsmlPiece[]): void {
    for (const piece of pieces) this.#textChars += piece.type === 'text' ? piece.text.length : 0;
    if (this.#textChars > MAX_TEXT_CHARS) throw new UspError(1007, `a turn may have ${MAX_TEXT_CHARS} letters`);
    this.#pieces.push(...pieces);
    this.#wake();
  }

  /** Takes the next piece of a streamed text. It is spoken as soon as a sentence is whole. */
  addText(text: string): void {
    const sentences = splitSentences(this.#unspoken + text);
    this.#unspoken = sentences.pop() ?? '';
    this.#addStreamed(sentences.join(''));
  }

  /** There is no more to speak than what was given. */
  end(): void {
    this.#addStreamed(this.#unspoken);
    this.#unspoken = '';
    this.#isWhole = true;
    this.#wake();
  }

  /** Speaks no further, and says so by ending the turn. */
  stop(): void {
    if (this.#abort.signal.aborted) return;
    this.abort();
    this.#finish();
  }

  /** Gives up at once: nothing more is sent. Idempotent. */
  abort(): void {
    this.#abort.abort();
    this.#wake();
  }

  #addStreamed(text: string): void {
    if (text !== '') this.add({ type: 'text', text, voice: this.settings.textStream?.voice ?? '', rate: 1 });
  }

  async #speak(piece: SsmlPiece): Promise<void> {
    if (piece.type === 'pause') {
      await this.#sendClip({ pcm: new Uint8Array(Math.round(piece.ms) * BYTES_PER_MS), words: [] });
      return;
    }
    const options = { rate: piece.rate, follows: this.#sentMs > 0, signal: this.#abort.signal };
    for await (const clip of this.#voices.speakSentences(piece.text, piece.voice, options)) {
      await this.#sendClip(clip);
    }
  }

  async #sendClip({ pcm, words }: SpeechClip): Promise<void> {
    const startMs = this.#sentMs;
    const unsent = [...words];
    for (let at = 0; at < pcm.length; at += CHUNK_BYTES) {
      await this.#untilRead();
      const chunk = pcm.subarray(at, at + CHUNK_BYTES);
      this.#sentMs += chunk.length / BYTES_PER_MS;
      while (unsent[0] !== undefined && startMs + unsent[0].startMs < this.#sentMs) {
        this.#sendWord(unsent.shift(), startMs);
      }
      this.#socket.sendFrame(audioFrame(this.requestId, this.#streamId, chunk));
    }
    for (const word of unsent) this.#sendWord(word, startMs);
  }

  #sendWord(word: TimedWord | undefined, clipStartMs: number): void {
    if (word === undefined || !this.settings.wordBoundaries) return;
    const text = { Text: word.text, Length: word.text.length, BoundaryType: 'WordBoundary' };
    const data = { Offset: ticks(clipStartMs + word.startMs), Duration: ticks(word.durationMs), text };
    this.#send('audio.metadata', { Metadata: [{ Type: 'WordBoundary', Data: data }] });
  }

  /** Waits while the client has too much left to read. */
  async #untilRead(): Promise<void> {
    for (let waitedMs = 0; this.#socket.unreadBytes > MAX_UNREAD_BYTES; waitedMs += UNREAD_CHECK_MS) {
      if (waitedMs >= UNREAD_TIMEOUT_MS) throw new DependencyError('speech.unread', 'The client reads no audio.');
      await wait(UNREAD_CHECK_MS, undefined, { signal: this.#abort.signal });
    }
    this.#abort.signal.throwIfAborted();
  }

  #finish(): void {
    this.#send('audio.metadata', { Metadata: [{ Type: 'SessionEnd', Data: { Offset: ticks(this.#sentMs) } }] });
    this.#send('turn.end', {});
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  #send(path: string, body: unknown): void {
    this.#socket.sendText(path, this.requestId, body);
  }
}
