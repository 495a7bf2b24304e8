import { SAMPLE_RATE, toFloat32 } from '../shared/audio/pcm.ts';
import { Resampler } from '../shared/audio/resample.ts';
import type { PlaybackReport } from './playback-buffer.ts';
import { AudioTrouble } from './trouble.ts';

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

  /**
   * To be called from a click or a key press: browsers let no page make a sound before.
   * @param sinkId of the loudspeaker; without it, or where it is gone, the system's
   * @throws {AudioTrouble} where the address is one that browsers give no sound to, neither this nor the microphone
   */
  static async open(onReport: (report: PlaybackReport) => void, sinkId?: string): Promise<AudioOutput> {
    if (!isSecureContext) throw new AudioTrouble('insecure-context');
    const context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(new URL('./playback.worklet.js', import.meta.url));
      await context.resume();
      const output = new AudioOutput(context, onReport);
      if (sinkId !== undefined) await output.useSpeaker(sinkId);
      return output;
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

  /** @param sinkId empty for the system's. Whatever fails leaves the sound where it is. */
  async useSpeaker(sinkId: string): Promise<void> {
    // TypeScript's browser does not know it; Safari does not have it.
    const context: AudioContext & { setSinkId?: (id: string) => Promise<void> } = this.#context;
    await context.setSinkId?.(sinkId).catch(() => {});
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
