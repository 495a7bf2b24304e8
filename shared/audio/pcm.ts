/** The sample rate of audio inside Parley, where a mode does not say otherwise. */
export const SAMPLE_RATE = 16_000;
/** The rates that a line, or a mode on it, may have. Hz. */
export const AUDIO_RATES = [8_000, 16_000, 24_000] as const;
export type AudioRate = (typeof AUDIO_RATES)[number];
/** One frame of audio lasts so long at every rate. */
export const FRAME_MS = 20;
/** One frame of PCM16 mono at 16 kHz. */
export const FRAME_BYTES = 640;
export const FRAME_SAMPLES = FRAME_BYTES / 2;
/** Bytes of PCM16 mono at 16 kHz in one millisecond. */
export const BYTES_PER_MS = 32;
export const SAMPLES_PER_MS = BYTES_PER_MS / 2;

/** Bytes of PCM16 mono in one millisecond. */
export const bytesPerMsAt = (rateHz: number): number => (rateHz / 1000) * 2;
/** Bytes of one frame of PCM16 mono. */
export const frameBytesAt = (rateHz: AudioRate): number => FRAME_MS * bytesPerMsAt(rateHz);
/** Whether a rate that a far side named is one of those that we take. */
export const isAudioRate = (hz: number): hz is AudioRate => AUDIO_RATES.some((known) => known === hz);

/**
 * The samples of little-endian PCM16 bytes, as a view of the same memory where alignment allows it and a copy where it
 * does not (a Buffer from a socket often starts at an odd address). A trailing odd byte is left out.
 */
export function samplesOf(pcm: Uint8Array): Int16Array {
  const length = pcm.byteLength >> 1;
  if (pcm.byteOffset % 2 === 0) return new Int16Array(pcm.buffer, pcm.byteOffset, length);
  // A Buffer's own slice() is a view of the same odd memory.
  const copy = Uint8Array.prototype.slice.call(pcm, 0, length * 2);
  return new Int16Array(copy.buffer, 0, length);
}

/** The same memory as bytes, for a socket or a file. */
export const bytesOf = (samples: Int16Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);

/** PCM16 to floats between -1 and 1, which is what speech models take. */
export function toFloat32(pcm: Uint8Array): Float32Array<ArrayBuffer> {
  const samples = samplesOf(pcm);
  const floats = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) floats[i] = (samples[i] ?? 0) / 32_768;
  return floats;
}

/** Floats to PCM16. What lies outside -1..1 is clipped. */
export function toPcm16(floats: Float32Array): Uint8Array {
  const samples = new Int16Array(floats.length);
  for (let i = 0; i < floats.length; i++) {
    samples[i] = Math.max(-32_768, Math.min(32_767, Math.round((floats[i] ?? 0) * 32_768)));
  }
  return bytesOf(samples);
}

/** Root mean square of PCM16 bytes, between 0 (silence, or nothing at all) and 1 (a full-scale square wave). */
export function rmsOf(pcm: Uint8Array): number {
  const samples = samplesOf(pcm);
  if (samples.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    sum += sample * sample;
  }
  return Math.sqrt(sum / samples.length) / 32_768;
}

/** An RMS between 0 and 1 as decibels below full scale: 0 at most, -Infinity for digital silence. */
export const dbfsOf = (rms: number): number => 20 * Math.log10(rms);

/**
 * Cuts a stream of chunks of any length into frames of one length. Each frame is its own memory, so it may be kept or
 * transferred. Holds back less than one frame.
 */
export class FrameCutter {
  readonly #frameBytes: number;
  readonly #allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
  #frame: Uint8Array<ArrayBuffer>;
  #filled = 0;

  /** @param allocate memory for a frame: for an owner who has some to use again */
  constructor(frameBytes: number = FRAME_BYTES, allocate = (bytes: number) => new Uint8Array(bytes)) {
    this.#frameBytes = frameBytes;
    this.#allocate = allocate;
    this.#frame = allocate(frameBytes);
  }

  /** Takes a chunk and calls `onFrame` for every frame that is now complete, in order. */
  write(chunk: Uint8Array, onFrame: (frame: Uint8Array<ArrayBuffer>) => void): void {
    let at = 0;
    while (at < chunk.length) {
      const taken = Math.min(this.#frameBytes - this.#filled, chunk.length - at);
      this.#frame.set(taken === chunk.length ? chunk : chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#frameBytes) onFrame(this.#next());
    }
  }

  /** The last, incomplete frame filled up with silence, or nothing where the stream ended on a frame's edge. */
  flush(): Uint8Array | undefined {
    if (this.#filled === 0) return undefined;
    this.#frame.fill(0, this.#filled);
    return this.#next();
  }

  #next(): Uint8Array<ArrayBuffer> {
    const frame = this.#frame;
    this.#frame = this.#allocate(this.#frameBytes);
    this.#filled = 0;
    return frame;
  }
}
