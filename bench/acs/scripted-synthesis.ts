import type { WebSocket } from 'ws';
import { audioFrame, textFrame, ticks, type UspMessage } from '../../emulator/speech/usp.ts';
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { writeMark } from './marker.ts';

export interface SynthesisTiming {
  /** From the text to the first audio. */
  readonly firstAudioMs: number;
  /** Milliseconds of audio in one message, and so often, times `speed`, it comes. */
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

/** One synthesis connection on the Speech SDK's own protocol: canned speech as long as the text, with word boundaries. */
export class ScriptedSynthesis {
  readonly #socket: WebSocket;
  readonly #voice: Voice;
  readonly #timing: SynthesisTiming;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, voice: Voice, timing: SynthesisTiming) {
    this.#socket = socket;
    this.#voice = voice;
    this.#timing = timing;
    socket.on('close', () => clearTimeout(this.#timer));
  }

  receive({ path, requestId, body }: UspMessage): void {
    if (path !== 'ssml' || body.type !== 'text') return;
    clearTimeout(this.#timer);
    const text = body.text
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

  #begin(requestId: string, text: string): void {
    const audio = this.#speak(text);
    const words = [...text.matchAll(/[\w']+/g)].map((match) => ({
      text: match[0],
      startMs: match.index * MS_PER_CHAR,
    }));
    const { chunkMs, speed } = this.#timing;
    let atMs = 0;
    let nextWord = 0;
    const step = () => {
      const chunk = audio.subarray(atMs * BYTES_PER_MS, (atMs + chunkMs) * BYTES_PER_MS);
      atMs += chunkMs;
      for (let word = words[nextWord]; word && word.startMs < atMs; word = words[nextWord]) {
        this.#sendWord(requestId, word);
        nextWord += 1;
      }
      this.#socket.send(audioFrame(requestId, STREAM_ID, chunk));
      if (atMs * BYTES_PER_MS < audio.length) this.#timer = setTimeout(step, chunkMs / speed);
      else this.#end(requestId, audio.length / BYTES_PER_MS);
    };
    step();
  }

  #speak(text: string): Buffer {
    const { pcm } = this.#voice;
    const frames = Math.ceil((text.length * MS_PER_CHAR) / FRAME_MS);
    const audio = Buffer.alloc(frames * FRAME_BYTES);
    for (let at = 0; at < audio.length; at += pcm.length) pcm.copy(audio, at);
    const synthesis = this.#voice.nextSynthesis++;
    const answer = Number(ANSWER.exec(text)?.[1] ?? 0);
    for (let frame = 0; frame < frames; frame += 1) {
      writeMark(audio.subarray(frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES), { answer, synthesis, frame });
    }
    return audio;
  }

  #sendWord(requestId: string, { text, startMs }: { readonly text: string; readonly startMs: number }): void {
    const boundary = { Text: text, Length: text.length, BoundaryType: 'WordBoundary' };
    const data = { Offset: ticks(startMs), Duration: ticks(text.length * MS_PER_CHAR), text: boundary };
    this.#send(requestId, 'audio.metadata', { Metadata: [{ Type: 'WordBoundary', Data: data }] });
  }

  #end(requestId: string, lengthMs: number): void {
    const end = { Metadata: [{ Type: 'SessionEnd', Data: { Offset: ticks(lengthMs) } }] };
    this.#send(requestId, 'audio.metadata', end);
    this.#send(requestId, 'turn.end', {});
  }

  #send(requestId: string, path: string, body: unknown): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(textFrame(path, requestId, body));
  }
}
