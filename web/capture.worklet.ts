import { pcmFromFloats, WIRE_RATE } from './pcm.ts';
import { StreamResampler } from './stream-resampler.ts';

const FRAME_SAMPLES = WIRE_RATE / 50;

/** Cuts the microphone into 20 ms frames of PCM16 at 16 kHz and posts each as an ArrayBuffer. */
class CaptureProcessor extends AudioWorkletProcessor {
  readonly #resampler = sampleRate === WIRE_RATE ? undefined : new StreamResampler(sampleRate, WIRE_RATE);
  readonly #frame = new Float32Array(FRAME_SAMPLES);
  #filled = 0;

  override process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true;
    let rest: Float32Array = this.#resampler?.process(channel) ?? channel;
    while (rest.length > 0) {
      const part = rest.subarray(0, FRAME_SAMPLES - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled === FRAME_SAMPLES) this.#post();
    }
    return true;
  }

  #post(): void {
    const { buffer } = pcmFromFloats(this.#frame);
    this.port.postMessage(buffer, [buffer]);
    this.#filled = 0;
  }
}

registerProcessor('capture', CaptureProcessor);
