import { setTimeout as wait } from 'node:timers/promises';
import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { UsageMeter } from '../usage-meter.ts';
import type { SpeechClip, TimedWord } from './speech-clip.ts';
import type { SpeechSocket } from './speech-socket.ts';
import type { SynthesisSettings } from './synthesis-settings.ts';
import { audioFrame, newServiceId, ticks } from './usp.ts';
import type { Voices } from './voices.ts';

const CHUNK_BYTES = 100 * BYTES_PER_MS;
/** As much audio as may lie unread in the socket: eight seconds. */
const MAX_UNREAD_BYTES = 256 * 1024;
const UNREAD_CHECK_MS = 20;
const UNREAD_TIMEOUT_MS = 30_000;

/**
 * One utterance on a synthesis connection, from `turn.start` to `turn.end`. Audio goes out sentence by sentence in
 * pieces of 100 ms, as fast as the client reads them; a word's boundary goes before the audio that it is in.
 */
export class SynthesisTurn {
  readonly requestId: string;
  readonly #settings: SynthesisSettings;
  readonly #socket: SpeechSocket;
  readonly #voices: Pick<Voices, 'speakSentences'>;
  readonly #meter: UsageMeter | undefined;
  readonly #streamId = newServiceId().toUpperCase();
  readonly #abort = new AbortController();
  #sentMs = 0;

  constructor(
    requestId: string,
    settings: SynthesisSettings,
    socket: SpeechSocket,
    voices: Pick<Voices, 'speakSentences'>,
    meter?: UsageMeter,
  ) {
    this.#meter = meter;
    this.requestId = requestId;
    this.#settings = settings;
    this.#socket = socket;
    this.#voices = voices;
  }

  /** Speaks the text. Never rejects. */
  async run({ text, voice }: { readonly text: string; readonly voice: string }): Promise<void> {
    this.#send('turn.start', { context: { serviceTag: newServiceId() } });
    const audio = { type: 'inline', streamId: this.#streamId };
    this.#send('response', { context: { serviceTag: newServiceId() }, audio });
    try {
      for await (const clip of this.#voices.speakSentences(text, voice, this.#abort.signal)) await this.#sendClip(clip);
      this.#finish();
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#socket.fail(error);
    }
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
  }

  async #sendClip({ pcm, words }: SpeechClip): Promise<void> {
    const startMs = this.#sentMs;
    const unsent = [...words];
    for (let at = 0; at < pcm.length; at += CHUNK_BYTES) {
      await this.#untilRead();
      const chunk = pcm.subarray(at, at + CHUNK_BYTES);
      this.#sentMs += chunk.length / BYTES_PER_MS;
      if (this.#meter) this.#meter.synthesis.audioMs += chunk.length / BYTES_PER_MS;
      while (unsent[0] !== undefined && startMs + unsent[0].startMs < this.#sentMs) {
        this.#sendWord(unsent.shift(), startMs);
      }
      this.#socket.sendFrame(audioFrame(this.requestId, this.#streamId, chunk));
    }
    for (const word of unsent) this.#sendWord(word, startMs);
  }

  #sendWord(word: TimedWord | undefined, clipStartMs: number): void {
    if (word === undefined || !this.#settings.wordBoundaries) return;
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

  #send(path: string, body: unknown): void {
    this.#socket.sendText(path, this.requestId, body);
  }
}
