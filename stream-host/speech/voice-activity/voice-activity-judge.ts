import { type Silero, type SileroFrame, SileroStream } from '../../../shared/audio/silero.ts';
import { EnergyGate } from './energy-gate.ts';
import type { VoiceActivityMemory } from './voice-activity-memory.ts';

const PCM16_SCALE = 1 / 32_768;

/** One caller's audio as the judge knows it. */
export class JudgedStream {
  readonly memory: VoiceActivityMemory;
  readonly model = new SileroStream();
  readonly gate = new EnergyGate();
  /** The frame before. */
  readonly last: Int16Array;
  /** The gate held it back: it is heard first when the gate opens, so that the model knows what the quiet is like. */
  isHeld = false;

  constructor(memory: VoiceActivityMemory) {
    this.memory = memory;
    this.last = new Int16Array(memory.frames[0]?.length ?? 0);
  }
}

export interface VoiceActivityJudgeOptions {
  readonly silero: Silero;
  /** Every frame goes to the model: for comparison. */
  readonly gateless?: boolean;
}

/**
 * Answers what the memory of many streams asks, in rounds of one frame of each stream, each round one inference. Where
 * the energy gate is closed, the answer is 0 without an inference.
 */
export class VoiceActivityJudge {
  readonly #silero: Silero;
  readonly #gateless: boolean;
  // Of one round; kept, as there is one every few milliseconds.
  readonly #judged: JudgedStream[] = [];
  readonly #models: SileroStream[] = [];
  readonly #frames: SileroFrame[] = [];

  constructor({ silero, gateless = false }: VoiceActivityJudgeOptions) {
    this.#silero = silero;
    this.#gateless = gateless;
  }

  /** @returns how many frames the model looked at. One call at a time. */
  async judge(streams: readonly JudgedStream[]): Promise<number> {
    let inferred = 0;
    for (let depth = 0; ; depth += 1) {
      const asked = streams.filter(({ memory }) => memory.asked > depth);
      if (asked.length === 0) break;
      inferred += await this.#round(asked, depth);
    }
    return inferred;
  }

  async #round(asked: readonly JudgedStream[], depth: number): Promise<number> {
    this.#judged.length = 0;
    for (const stream of asked) {
      const { memory, gate } = stream;
      const place = memory.placeOf(depth);
      const frame = memory.frames[place];
      if (!frame) continue;
      if (gate.isOpenFor(rmsOfSamples(frame)) || this.#gateless) {
        this.#judged.push(stream);
      } else {
        stream.last.set(frame);
        stream.isHeld = true;
        memory.probabilities[place] = 0;
      }
    }
    await this.#wake();
    return this.#infer(depth);
  }

  async #wake(): Promise<void> {
    this.#models.length = 0;
    this.#frames.length = 0;
    for (const stream of this.#judged) {
      if (!stream.isHeld) continue;
      stream.isHeld = false;
      this.#models.push(stream.model);
      this.#frames.push(stream.last);
    }
    if (this.#models.length > 0) await this.#silero.run(this.#models, this.#frames);
  }

  async #infer(depth: number): Promise<number> {
    if (this.#judged.length === 0) return 0;
    this.#models.length = 0;
    this.#frames.length = 0;
    for (const { model, memory } of this.#judged) {
      const frame = memory.frames[memory.placeOf(depth)];
      if (!frame) continue;
      this.#models.push(model);
      this.#frames.push(frame);
    }
    const probabilities = await this.#silero.run(this.#models, this.#frames);
    for (let i = 0; i < this.#judged.length; i += 1) {
      const stream = this.#judged[i];
      const probability = probabilities[i] ?? 0;
      if (!stream) continue;
      stream.memory.probabilities[stream.memory.placeOf(depth)] = probability;
      stream.gate.learn(probability);
      stream.last.set(this.#frames[i] ?? []);
    }
    return this.#judged.length;
  }
}

function rmsOfSamples(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 1) {
    const sample = samples[i] ?? 0;
    sum += sample * sample;
  }
  return Math.sqrt(sum / samples.length) * PCM16_SCALE;
}
