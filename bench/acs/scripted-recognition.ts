import type { WebSocket } from 'ws';
import { textFrame, ticks, type UspMessage } from '../../emulator/speech/usp.ts';
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Clip } from './clips.ts';

/** How late a recogniser is, in milliseconds of audio. */
export interface RecognitionTiming {
  /** From a word's end to the partial that has it. */
  readonly partialMs: number;
  /** From the last word's end to the final: the silence that ends a phrase, and the service's own time. */
  readonly finalMs: number;
}

const WAVE_HEADER_BYTES = 44;
const KEY_AT = 320;
const KEY_BYTES = 24;

/** Knows each clip by the sound of its first frame. */
export class ClipIndex {
  readonly #clips = new Map<string, Clip>();

  constructor(clips: readonly Clip[]) {
    for (const clip of clips) this.#clips.set(keyOf(clip.pcm, 0), clip);
  }

  /** The clip that begins with the frame at `at`. */
  find(audio: Buffer, at: number): Clip | undefined {
    return this.#clips.get(keyOf(audio, at));
  }
}

const keyOf = (audio: Buffer, at: number): string => audio.toString('latin1', at + KEY_AT, at + KEY_AT + KEY_BYTES);

interface Phrase {
  readonly clip: Clip;
  readonly startMs: number;
  words: number;
}

/**
 * One recognition connection on the Speech SDK's own protocol. It knows by heart what may be said, so it costs next to
 * nothing, and tells it when a good service would: partials after each word, a final after the pause.
 */
export class ScriptedRecognition {
  readonly #socket: WebSocket;
  readonly #index: ClipIndex;
  readonly #timing: RecognitionTiming;
  #requestId = '';
  #heardMs = 0;
  #phrase: Phrase | undefined;
  #phrases = 0;

  constructor(socket: WebSocket, index: ClipIndex, timing: RecognitionTiming) {
    this.#socket = socket;
    this.#index = index;
    this.#timing = timing;
  }

  receive({ path, requestId, contentType, body }: UspMessage): void {
    if (path === 'speech.context') {
      this.#requestId = requestId;
      this.#heardMs = 0;
      this.#phrase = undefined;
      this.#send('turn.start', { context: { serviceTag: 'scripted' } });
      return;
    }
    if (path !== 'audio' || body.type !== 'binary' || requestId !== this.#requestId) return;
    if (body.bytes.length === 0) this.#send('turn.end', {});
    else this.#hear(Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.length), contentType);
  }

  #hear(message: Buffer, contentType: string): void {
    const audio = contentType === 'audio/x-wav' ? message.subarray(WAVE_HEADER_BYTES) : message;
    for (let at = 0; at + FRAME_BYTES <= audio.length; at += FRAME_BYTES) {
      const clip = this.#index.find(audio, at);
      if (clip) this.#begin(clip, this.#heardMs + at / BYTES_PER_MS);
    }
    this.#heardMs += Math.floor(audio.length / FRAME_BYTES) * FRAME_MS;
    this.#report();
  }

  #begin(clip: Clip, startMs: number): void {
    if (this.#phrase) this.#finish(this.#phrase);
    this.#phrases += 1;
    this.#phrase = { clip, startMs, words: 0 };
    this.#send('speech.startDetected', { Offset: ticks(startMs) });
  }

  #report(): void {
    const phrase = this.#phrase;
    if (!phrase) return;
    const { clip, startMs } = phrase;
    const said = clip.words.filter(({ endMs }) => startMs + endMs + this.#timing.partialMs <= this.#heardMs);
    if (said.length > phrase.words) {
      phrase.words = said.length;
      const text = said.map((word) => word.text.replace(/[^\w']/g, '').toLowerCase()).join(' ');
      this.#send('speech.hypothesis', { ...this.#span(phrase, said.at(-1)?.endMs ?? 0), Text: text, Channel: 0 });
    }
    if (this.#heardMs >= startMs + (clip.words.at(-1)?.endMs ?? 0) + this.#timing.finalMs) this.#finish(phrase);
  }

  #finish(phrase: Phrase): void {
    this.#phrase = undefined;
    this.#send('speech.phrase', {
      ...this.#span(phrase, phrase.clip.words.at(-1)?.endMs ?? 0),
      RecognitionStatus: 'Success',
      DisplayText: phrase.clip.text,
      Channel: 0,
    });
  }

  #span({ startMs }: Phrase, durationMs: number) {
    return { Id: `phrase-${this.#phrases}`, Offset: ticks(startMs), Duration: ticks(durationMs) };
  }

  #send(path: string, body: unknown): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(textFrame(path, this.#requestId, body));
  }
}
