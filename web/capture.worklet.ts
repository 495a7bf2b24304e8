import { FrameCutter, SAMPLE_RATE, toPcm16 } from '../shared/audio/pcm.ts';
import { Resampler } from '../shared/audio/resample.ts';

/** Cuts the microphone into 20 ms frames of PCM16 at 16 kHz and posts each as an ArrayBuffer. */
class CaptureProcessor extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate, SAMPLE_RATE);
  readonly #cutter = new FrameCutter();

  override process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true;
    const pcm = this.#resampler.write(toPcm16(channel));
    this.#cutter.write(pcm, ({ buffer }) => this.port.postMessage(buffer, [buffer]));
    return true;
  }
}

registerProcessor('capture', CaptureProcessor);
