import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { audioFrame, textFrame, ticks, type UspMessage } from '../../../emulator/speech/usp.ts';
import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import type { SpeechFaults } from './tone-service.ts';
import { GAP_MS, speakTones, WORD_MS } from './tones.ts';

const STREAM_ID = '0123456789ABCDEF0123456789ABCDEF';
const PIECE_BYTES = 3_200;
/** Thirty times as fast as speech. */
const PIECE_EVERY_MS = 3;

/** The synthesis half of one connection. */
export class ToneSynthesis {
  readonly #socket: WebSocket;
  readonly #faults: SpeechFaults;
  readonly #ssml: string[];

  constructor(socket: WebSocket, faults: SpeechFaults, ssml: string[]) {
    this.#socket = socket;
    this.#faults = faults;
    this.#ssml = ssml;
  }

  receive({ path, requestId, body }: UspMessage): void {
    if (path !== 'ssml' || body.type !== 'text') return;
    this.#ssml.push(body.text);
    void this.#speak(requestId, textOf(body.text));
  }

  async #speak(requestId: string, text: string): Promise<void> {
    const close = this.#faults.closeAfterAudio;
    this.#faults.closeAfterAudio = undefined;
    const send = (path: string, body: unknown) => this.#socket.send(textFrame(path, requestId, body));
    send('turn.start', { context: { serviceTag: 'tones' } });
    send('response', { context: { serviceTag: 'tones' }, audio: { type: 'inline', streamId: STREAM_ID } });
    send('audio.metadata', { Metadata: wordBoundaries(text) });
    const audio = speakTones(text);
    const pieceBytes = this.#faults.audioPieceBytes ?? PIECE_BYTES;
    for (let at = 0, pieces = 0; at < audio.length; at += pieceBytes, pieces += 1) {
      if (pieces >= (this.#faults.stallAfterAudio ?? Number.POSITIVE_INFINITY)) return;
      if (close && pieces >= close.pieces) return this.#socket.close(close.code);
      this.#socket.send(audioFrame(requestId, STREAM_ID, audio.subarray(at, at + pieceBytes)));
      await sleep(PIECE_EVERY_MS);
      if (this.#socket.readyState !== this.#socket.OPEN) return;
    }
    send('audio.metadata', {
      Metadata: [{ Type: 'SessionEnd', Data: { Offset: ticks(audio.length / BYTES_PER_MS) } }],
    });
    send('turn.end', {});
  }
}

function wordBoundaries(text: string): unknown[] {
  return (text.match(/[A-Za-z]+/g) ?? []).map((word, i) => ({
    Type: 'WordBoundary',
    Data: {
      Offset: ticks(i * (WORD_MS + GAP_MS)),
      Duration: ticks(WORD_MS),
      text: { Text: word, Length: word.length, BoundaryType: 'WordBoundary' },
    },
  }));
}

function textOf(ssml: string): string {
  const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' } as Record<string, string>;
  return ssml.replace(/<[^>]*>/g, '').replace(/&[a-z]+;/g, (entity) => entities[entity] ?? entity);
}
