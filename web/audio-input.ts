import { SAMPLE_RATE } from '../shared/audio/pcm.ts';
import { loudnessOf } from './loudness.ts';
import { microphoneTrouble } from './trouble.ts';

export interface AudioInputListeners {
  /** 20 ms of PCM16 at 16 kHz, fifty times a second. */
  onFrame(frame: ArrayBuffer): void;
  /** Loudness of that frame, 0 to 1. */
  onLevel(level: number): void;
  /** The microphone was unplugged or taken away. */
  onLost(): void;
}

/** The open microphone. */
export class AudioInput {
  readonly #stream: MediaStream;
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #closed = false;

  private constructor(stream: MediaStream, context: AudioContext, listeners: AudioInputListeners) {
    this.#stream = stream;
    this.#context = context;
    this.#node = new AudioWorkletNode(context, 'capture', {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this.#node.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      if (this.#closed) return;
      listeners.onLevel(loudnessOf(new Uint8Array(data)));
      listeners.onFrame(data);
    };
    for (const track of stream.getAudioTracks())
      track.addEventListener('ended', () => !this.#closed && listeners.onLost());
  }

  /**
   * Asks for the microphone and starts to deliver it.
   * @param deviceId of the microphone; without it the system's
   * @throws {AudioTrouble} that says what is wrong and what its reader can do
   */
  static async open(listeners: AudioInputListeners, deviceId?: string): Promise<AudioInput> {
    const stream = await navigator.mediaDevices
      .getUserMedia({
        audio: {
          channelCount: 1,
          echoCancellation: true,
          noiseSuppression: true,
          autoGainControl: true,
          ...(deviceId !== undefined && { deviceId: { exact: deviceId } }),
        },
      })
      .catch((error: unknown) => {
        throw microphoneTrouble(error);
      });
    try {
      const { context, source } = await listenTo(stream);
      const input = new AudioInput(stream, context, listeners);
      source.connect(input.#node);
      return input;
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  /** Muted, the microphone delivers silence. */
  set muted(muted: boolean) {
    for (const track of this.#stream.getAudioTracks()) track.enabled = !muted;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const track of this.#stream.getTracks()) track.stop();
    void this.#context.close();
  }
}

/** Firefox cannot take a microphone into a context of another rate: there the worklet resamples. */
async function listenTo(stream: MediaStream): Promise<{ context: AudioContext; source: AudioNode }> {
  const wanted = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
  try {
    return await prepare(wanted, stream);
  } catch {
    await wanted.close();
    const native = new AudioContext({ latencyHint: 'interactive' });
    return prepare(native, stream);
  }
}

async function prepare(
  context: AudioContext,
  stream: MediaStream,
): Promise<{ context: AudioContext; source: AudioNode }> {
  const source = context.createMediaStreamSource(stream);
  await context.audioWorklet.addModule(new URL('./capture.worklet.js', import.meta.url));
  await context.resume();
  return { context, source };
}
