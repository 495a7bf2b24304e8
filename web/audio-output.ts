import { SAMPLE_RATE, toFloat32 } from '../shared/audio/pcm.ts';
import { Resampler } from '../shared/audio/resample.ts';
import type { PlaybackReport } from './playback-buffer.ts';

/** The loudspeaker. Audio of any rate goes in; it is played in the order of its arrival. */
export class AudioOutput {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #resampler: { fromHz: number; stream: Resampler } | undefined;
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
    const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(new URL('./playback.worklet.js', import.meta.url));
      await context.resume();
      return new AudioOutput(context, onReport);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  /** @param pcm PCM16LE mono, whole samples */
  play(pcm: Uint8Array, rateHz: number): void {
    if (this.#closed) return;
    const samples = toFloat32(this.#atContextRate(pcm, rateHz));
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

  #atContextRate(pcm: Uint8Array, rateHz: number): Uint8Array {
    if (this.#resampler?.fromHz !== rateHz) {
      this.#resampler = { fromHz: rateHz, stream: new Resampler(rateHz, this.#context.sampleRate) };
    }
    return this.#resampler.stream.write(pcm);
  }
}
