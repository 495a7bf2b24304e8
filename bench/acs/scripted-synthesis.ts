import { audioFrame, textFrame, ticks } from '../../emulator/speech/usp.ts';
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { writeMark } from './marker.ts';
import type { ServiceSocket, SpeechMessage } from './service-socket.ts';
import { encodeFrame, OPCODE } from './web-socket-frames.ts';

export interface SynthesisTiming {
  /** From the text to the first audio. */
  readonly firstAudioMs: number;
  /** Milliseconds of audio in one message, a multiple of 20, and so often, times `speed`, it comes. */
  readonly chunkMs: number;
  /** How much faster than speech the audio is made. */
  readonly speed: number;
}

const STREAM_ID = '0123456789ABCDEF0123456789ABCDEF';
/** Fifteen characters a second, as people speak. */
const MS_PER_CHAR = 65;
/** A text of answer 12 says "answer 12" in every sentence. */
const ANSWER = /answer (\d+)/i;

interface Voice {
  /** PCM16 of some length, repeated as needed. */
  readonly pcm: Buffer;
  nextSynthesis: number;
}

export const newVoice = (pcm: Buffer): Voice => ({ pcm, nextSynthesis: 1 });

interface Word {
  readonly text: string;
  readonly startMs: number;
}

/** One synthesis connection on the Speech SDK's own protocol: canned speech as long as the text, with word boundaries. */
export class ScriptedSynthesis {
  readonly #socket: ServiceSocket;
  readonly #voice: Voice;
  readonly #timing: SynthesisTiming;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: ServiceSocket, voice: Voice, timing: SynthesisTiming) {
    this.#socket = socket;
    this.#voice = voice;
    this.#timing = timing;
  }

  receive({ path, requestId, text: ssml }: SpeechMessage): void {
    if (path !== 'ssml') return;
    this.close();
    const text = ssml
      .replace(/<[^>]*>/g, '')
      .replace(/&apos;/g, "'")
      .trim();
    this.#send(requestId, 'turn.start', { context: { serviceTag: 'scripted' } });
    this.#send(requestId, 'response', {
      context: { serviceTag: 'scripted' },
      audio: { type: 'inline', streamId: STREAM_ID },
    });
    this.#timer = setTimeout(() => this.#begin(requestId, text), this.#timing.firstAudioMs);
  }

  /** Ends what is being spoken. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #begin(requestId: string, text: string): void {
    const speech = new MarkedSpeech(this.#voice, text, requestId, this.#timing.chunkMs);
    const words = wordsOf(text);
    const { chunkMs, speed } = this.#timing;
    let atMs = 0;
    let nextWord = 0;
    const step = () => {
      const chunk = speech.chunkAt(atMs, this.#socket.isDrained);
      atMs += chunkMs;
      for (let word = words[nextWord]; word && word.startMs < atMs; word = words[nextWord]) {
        this.#sendWord(requestId, word);
        nextWord += 1;
      }
      this.#socket.send(chunk);
      if (atMs >= speech.lengthMs) this.#end(requestId, speech.lengthMs);
      else this.#timer?.refresh();
    };
    this.#timer = setTimeout(step, chunkMs / speed);
    step();
  }

  #sendWord(requestId: string, { text, startMs }: Word): void {
    const boundary = { Text: text, Length: text.length, BoundaryType: 'WordBoundary' };
    const data = { Offset: ticks(startMs), Duration: ticks(text.length * MS_PER_CHAR), text: boundary };
    this.#send(requestId, 'audio.metadata', { Metadata: [{ Type: 'WordBoundary', Data: data }] });
  }

  #end(requestId: string, lengthMs: number): void {
    this.close();
    const end = { Metadata: [{ Type: 'SessionEnd', Data: { Offset: ticks(lengthMs) } }] };
    this.#send(requestId, 'audio.metadata', end);
    this.#send(requestId, 'turn.end', {});
  }

  #send(requestId: string, path: string, body: unknown): void {
    this.#socket.sendText(textFrame(path, requestId, body));
  }
}

const wordsOf = (text: string): Word[] =>
  [...text.matchAll(/[\w']+/g)].map((match) => ({ text: match[0], startMs: match.index * MS_PER_CHAR }));

/** The canned voice for one text, made a message at a time, each frame with its mark. */
class MarkedSpeech {
  readonly lengthMs: number;
  readonly #pcm: Buffer;
  readonly #requestId: string;
  readonly #synthesis: number;
  readonly #answer: number;
  readonly #chunkBytes: number;
  /** A whole message on the wire. Headers and length are the same in all messages but the last. */
  #message: Buffer;

  constructor(voice: Voice, text: string, requestId: string, chunkMs: number) {
    this.lengthMs = Math.ceil((text.length * MS_PER_CHAR) / FRAME_MS) * FRAME_MS;
    this.#pcm = voice.pcm;
    this.#requestId = requestId;
    this.#synthesis = voice.nextSynthesis++;
    this.#answer = Number(ANSWER.exec(text)?.[1] ?? 0);
    this.#chunkBytes = chunkMs * BYTES_PER_MS;
    this.#message = this.#blank(this.#chunkBytes);
  }

  /** The frame with the message that begins at `atMs`. @param reuse whether the one before may be written over */
  chunkAt(atMs: number, reuse: boolean): Buffer {
    const bytes = Math.min(this.#chunkBytes, this.lengthMs * BYTES_PER_MS - atMs * BYTES_PER_MS);
    if (!reuse || bytes < this.#chunkBytes) this.#message = this.#blank(bytes);
    const audio = this.#message.subarray(this.#message.length - bytes);
    for (let done = 0; done < bytes; ) {
      const from = (atMs * BYTES_PER_MS + done) % this.#pcm.length;
      done += this.#pcm.copy(audio, done, from, from + bytes - done);
    }
    for (let at = 0; at < bytes; at += FRAME_BYTES) {
      const frame = atMs / FRAME_MS + at / FRAME_BYTES;
      writeMark(audio, { answer: this.#answer, synthesis: this.#synthesis, frame }, at);
    }
    return this.#message;
  }

  #blank(bytes: number): Buffer {
    return encodeFrame(OPCODE.binary, audioFrame(this.#requestId, STREAM_ID, new Uint8Array(bytes)));
  }
}
