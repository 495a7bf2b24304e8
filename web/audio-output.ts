import { floatsFromPcm, WIRE_RATE } from './pcm.ts';
import type { PlaybackReport } from './playback-buffer.ts';
import { StreamResampler } from './stream-resampler.ts';

/** The loudspeaker. Audio of any rate goes in; it is played in the order of its arrival. */
export class AudioOutput {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #resampler: { fromHz: number; stream: StreamResampler } | undefined;
  #closed = false;

  private constructor(context: AudioContext, onReport: (report: PlaybackReport) => void) {
    this.#context = context;
    this.#node = new AudioWorkletNode(context, 'playback', { numberOfInputs: 0, outputChannelCount: [1] });
    this.#node.port.onmessage = ({ data }: MessageEvent<PlaybackReport>) => {
      if (!this.#closed) onReport(data);
    };
    this.#node.connect(context.destination);
  }

  /** To be called from a click or a key press: browsers let no page make a sound before. */
  static async open(onReport: (report: PlaybackReport) => void): Promise<AudioOutput> {
    const context = new AudioContext({ sampleRate: WIRE_RATE, latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(new URL('./playback.worklet.js', import.meta.url));
      await context.resume();
      return new AudioOutput(context, onReport);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  play(pcm: Int16Array, rateHz: number): void {
    if (this.#closed) return;
    const samples = this.#atContextRate(floatsFromPcm(pcm), rateHz);
    this.#node.port.postMessage(samples, [samples.buffer]);
  }

  /** Stops the sound and drops all that was not played yet. */
  clear(): void {
    if (!this.#closed) this.#node.port.postMessage('clear');
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#context.close();
  }

  #atContextRate(samples: Float32Array<ArrayBuffer>, rateHz: number): Float32Array<ArrayBuffer> {
    if (rateHz === this.#context.sampleRate) return samples;
    if (this.#resampler?.fromHz !== rateHz) {
      this.#resampler = { fromHz: rateHz, stream: new StreamResampler(rateHz, this.#context.sampleRate) };
    }
    return this.#resampler.stream.process(samples);
  }
}
