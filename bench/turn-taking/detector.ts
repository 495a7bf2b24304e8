import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from '../../shared/audio/silero.ts';
import type { Scene } from '../corpus/scene.ts';
import { frameCount, frameOf } from './caller-audio.ts';

/** More than this at once is no faster, and memory grows with it. */
const LARGEST_BATCH = 64;

/** Cuts PCM of any length into frames of the model, as floats. */
export class DetectorFrames {
  #frame = new Float32Array(SILERO_FRAME_SAMPLES);
  #filled = 0;

  write(samples: Int16Array, onFrame: (frame: Float32Array) => void): void {
    for (const sample of samples) {
      this.#frame[this.#filled] = sample / 32_768;
      this.#filled += 1;
      if (this.#filled < SILERO_FRAME_SAMPLES) continue;
      const frame = this.#frame;
      this.#frame = new Float32Array(SILERO_FRAME_SAMPLES);
      this.#filled = 0;
      onFrame(frame);
    }
  }
}

/** A stream whose newest frame waits for its probability. */
export interface WaitingFrame {
  readonly stream: SileroStream;
  readonly frame: Float32Array;
  readonly resolve: (probability: number) => void;
}

/**
 * The real voice-activity model for many scenes at once. What a scene's line sounds like without echo does not depend on
 * the agent, so its probabilities are computed once and kept as long as the scene is.
 */
export class Detector {
  readonly #silero: Silero;
  readonly #known = new WeakMap<Scene, Float32Array>();

  private constructor(silero: Silero) {
    this.#silero = silero;
  }

  static async load(): Promise<Detector> {
    return new Detector(await Silero.load());
  }

  /** The probability of speech for every detector frame of scenes without echo, all in lock-step. */
  async prepare(scenes: readonly Scene[]): Promise<void> {
    const unknown = scenes.filter((scene) => !scene.echo && !this.#known.has(scene));
    const jobs = unknown.map((scene) => ({ scene, frames: framesOf(scene), stream: new SileroStream() }));
    // Scenes of like length together, so that a batch stays full.
    jobs.sort((a, b) => b.frames.length - a.frames.length);
    for (let at = 0; at < jobs.length; at += LARGEST_BATCH) {
      const batch = jobs.slice(at, at + LARGEST_BATCH);
      for (const { scene, frames } of batch) this.#known.set(scene, new Float32Array(frames.length));
      for (let index = 0; batch.some(({ frames }) => index < frames.length); index += 1) {
        const waiting = batch.flatMap(({ scene, frames, stream }): WaitingFrame[] => {
          const frame = frames[index];
          const known = this.#known.get(scene);
          if (!frame || !known) return [];
          return [{ stream, frame, resolve: (probability) => (known[index] = probability) }];
        });
        await this.judge(waiting);
      }
    }
  }

  /** Undefined for a scene with echo, and for one that was not prepared. */
  probabilitiesOf(scene: Scene): Float32Array | undefined {
    return this.#known.get(scene);
  }

  /** Judges frames of different streams at once. */
  async judge(waiting: readonly WaitingFrame[]): Promise<void> {
    for (let at = 0; at < waiting.length; at += LARGEST_BATCH) {
      const batch = waiting.slice(at, at + LARGEST_BATCH);
      const probabilities = await this.#silero.run(
        batch.map(({ stream }) => stream),
        batch.map(({ frame }) => frame),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(probabilities[index] ?? 0);
    }
  }

  close(): Promise<void> {
    return this.#silero.close();
  }
}

function framesOf(scene: Scene): Float32Array[] {
  const cutter = new DetectorFrames();
  const frames: Float32Array[] = [];
  for (let index = 0; index < frameCount(scene); index += 1) {
    const samples = frameOf(scene, index);
    if (samples) cutter.write(samples, (frame) => frames.push(frame));
  }
  return frames;
}
