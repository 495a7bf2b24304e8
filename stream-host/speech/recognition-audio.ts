import { AudioInputStream, AudioStreamFormat } from 'microsoft-cognitiveservices-speech-sdk';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

/** What the SDK reads from a source of audio: its `IStreamChunk` and `IAudioStreamNode`. */
interface Chunk {
  readonly buffer: ArrayBuffer;
  readonly isEnd: false;
  readonly timeReceived: number;
}
interface AudioNode {
  id(): string;
  read(): Promise<Chunk>;
  detach(): Promise<void>;
}

/**
 * Audio for one Speech SDK recogniser. Each piece is sent on as one message, whatever its length: the SDK's own push
 * stream would cut it into pieces of 100 ms, and a message costs the same for one of them as for three.
 */
export class RecognitionAudio {
  /** To be given to the recogniser: a push stream of the SDK, from which it reads what was written here. */
  readonly stream: AudioInputStream;
  readonly #waiting: Chunk[] = [];
  #reader: ((chunk: Chunk) => void) | undefined;

  constructor() {
    const attach = (id: string): Promise<AudioNode> =>
      Promise.resolve({ id: () => id, read: () => this.#read(), detach: () => Promise.resolve() });
    const format = AudioStreamFormat.getWaveFormatPCM(SAMPLE_RATE, 16, 1);
    this.stream = Object.assign(AudioInputStream.createPushStream(format), { attach });
  }

  /** PCM16 mono 16 kHz of any length, which must not change any more. */
  write(audio: Uint8Array): void {
    const chunk: Chunk = { buffer: wholeBuffer(audio), isEnd: false, timeReceived: Date.now() };
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader) reader(chunk);
    else this.#waiting.push(chunk);
  }

  #read(): Promise<Chunk> {
    const chunk = this.#waiting.shift();
    if (chunk) return Promise.resolve(chunk);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }
}

/** The SDK reads a view's whole ArrayBuffer, whatever part of it the view shows. */
function wholeBuffer(audio: Uint8Array): ArrayBuffer {
  const { buffer } = audio;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === audio.byteLength) return buffer;
  return new Uint8Array(audio).buffer;
}
