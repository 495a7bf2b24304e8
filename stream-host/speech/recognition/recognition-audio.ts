import { AudioInputStream, AudioStreamFormat } from 'microsoft-cognitiveservices-speech-sdk';
import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';

/** What the SDK reads from a stream. The time is for its own telemetry. */
interface Piece {
  readonly buffer: ArrayBuffer;
  readonly isEnd: false;
  readonly timeReceived: number;
}

/**
 * The SDK's push stream, but that each piece which is written is one message, whatever its length: its own cuts all audio
 * into pieces of 100 ms, each of which costs as much as a longer one. The SDK reads a stream by what `attach` gives it.
 * What waits has no bound of its own: its owner gives a connection a few seconds, and then lets go of this.
 */
export class RecognitionAudio {
  /** For `AudioConfig.fromStreamInput`. */
  readonly stream: AudioInputStream;
  readonly #waiting: Piece[] = [];
  #reader: ((piece: Piece) => void) | undefined;

  constructor() {
    const pushStream = AudioInputStream.createPushStream(AudioStreamFormat.getWaveFormatPCM(SAMPLE_RATE, 16, 1));
    const attach = async (id: string) => ({ id: () => id, read: () => this.#read(), detach: async () => {} });
    this.stream = Object.create(pushStream, { attach: { value: attach } });
  }

  /** PCM16 mono 16 kHz. It must not change any more. */
  write(pcm: Uint8Array): void {
    // The SDK sends the whole of a buffer, however little of it is shown.
    const isWhole = pcm.buffer instanceof ArrayBuffer && pcm.byteLength === pcm.buffer.byteLength;
    const buffer = isWhole ? pcm.buffer : new Uint8Array(pcm).buffer;
    const piece: Piece = { buffer, isEnd: false, timeReceived: 0 };
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) reader(piece);
    else this.#waiting.push(piece);
  }

  #read(): Promise<Piece> {
    const piece = this.#waiting.shift();
    if (piece) return Promise.resolve(piece);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }
}
