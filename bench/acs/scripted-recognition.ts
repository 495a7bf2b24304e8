import { textFrame, ticks } from '../../emulator/speech/usp.ts';
import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Clip } from './clips.ts';
import type { ServiceSocket, SpeechMessage } from './service-socket.ts';
import { type Frame, OPCODE } from './web-socket-frames.ts';

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

/** Knows each clip by the sound of its first frame, of which it looks at some bytes in the middle. */
export class ClipIndex {
  /** By the first two bytes of the key: most sound is known for no clip's by these alone. */
  readonly #clips = new Map<number, { readonly key: Buffer; readonly clip: Clip }[]>();

  constructor(clips: readonly Clip[]) {
    for (const clip of clips) {
      const key = clip.pcm.subarray(KEY_AT, KEY_AT + KEY_BYTES);
      const entries = this.#clips.get(key.readUInt16LE(0)) ?? [];
      entries.push({ key, clip });
      this.#clips.set(key.readUInt16LE(0), entries);
    }
  }

  /** The clip that begins with the sound that is at `at` in the frame. */
  find(frame: Frame, at: number): Clip | undefined {
    const keyAt = at + KEY_AT;
    const entries = this.#clips.get(frame.byteAt(keyAt) | (frame.byteAt(keyAt + 1) << 8));
    return entries?.find(({ key }) => key.equals(frame.copy(keyAt, keyAt + KEY_BYTES)))?.clip;
  }
}

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
  readonly #socket: ServiceSocket;
  readonly #index: ClipIndex;
  readonly #timing: RecognitionTiming;
  #requestId = '';
  #heardMs = 0;
  #phrase: Phrase | undefined;
  #phrases = 0;

  constructor(socket: ServiceSocket, index: ClipIndex, timing: RecognitionTiming) {
    this.#socket = socket;
    this.#index = index;
    this.#timing = timing;
  }

  receive({ path, requestId, contentType, payloadAt }: SpeechMessage, frame: Frame): void {
    if (path === 'speech.context') {
      this.#requestId = requestId;
      this.#heardMs = 0;
      this.#phrase = undefined;
      this.#send('turn.start', { context: { serviceTag: 'scripted' } });
      return;
    }
    if (path !== 'audio' || frame.opcode !== OPCODE.binary || requestId !== this.#requestId) return;
    if (payloadAt === frame.length) this.#send('turn.end', {});
    else this.#hear(frame, contentType === 'audio/x-wav' ? payloadAt + WAVE_HEADER_BYTES : payloadAt);
  }

  #hear(frame: Frame, audioAt: number): void {
    const frames = Math.max(0, Math.floor((frame.length - audioAt) / FRAME_BYTES));
    for (let index = 0; index < frames; index += 1) {
      const clip = this.#index.find(frame, audioAt + index * FRAME_BYTES);
      if (clip) this.#begin(clip, this.#heardMs + index * FRAME_MS);
    }
    this.#heardMs += frames * FRAME_MS;
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
    this.#socket.sendText(textFrame(path, this.#requestId, body));
  }
}
