import { bytesOf, rmsOf } from '../../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES, type Silero, SileroStream } from '../../../shared/audio/silero.ts';
import { EnergyGate } from './energy-gate.ts';

/** One caller's audio as the judge knows it. */
export class JudgedStream {
  readonly model = new SileroStream();
  readonly gate = new EnergyGate();
  /** The frame that the gate held back last. */
  readonly held = new Int16Array(SILERO_FRAME_SAMPLES);
  /** It is heard first when the gate opens, so that the model knows what the quiet is like. */
  isHeld = false;
}

/** 512 samples of one stream. */
export interface AskedFrame {
  readonly stream: JudgedStream;
  readonly samples: Int16Array;
}

export interface Judged {
  /** The probability of speech in each of the frames. */
  readonly probabilities: Float32Array;
  /** How many of them the model looked at; the gate answered the rest. */
  readonly inferred: number;
}

/**
 * Judges frames of many streams, in rounds of one frame of each stream, each round one inference. Where the energy gate
 * is closed, the answer is 0 without an inference.
 */
export class VoiceActivityJudge {
  readonly #silero: Silero;
  readonly #gateless: boolean;

  /** @param gateless every frame goes to the model: for comparison */
  constructor(silero: Silero, gateless = false) {
    this.#silero = silero;
    this.#gateless = gateless;
  }

  /** Of one stream the frames are in order. One call at a time. */
  async judge(frames: readonly AskedFrame[]): Promise<Judged> {
    const probabilities = new Float32Array(frames.length);
    let inferred = 0;
    for (let rest = frames.map((frame, place) => ({ ...frame, place })); rest.length > 0; ) {
      const streams = new Set<JudgedStream>();
      const later: typeof rest = [];
      const round = rest.filter((frame) => {
        const isFirst = !streams.has(frame.stream);
        if (isFirst) streams.add(frame.stream);
        else later.push(frame);
        return isFirst;
      });
      const open = await this.#passTheGate(round);
      const heard = await this.#infer(open);
      for (const [i, { stream, place }] of open.entries()) {
        const probability = heard[i] ?? 0;
        stream.gate.learn(probability);
        probabilities[place] = probability;
      }
      inferred += open.length;
      rest = later;
    }
    return { probabilities, inferred };
  }

  async #passTheGate<Frame extends AskedFrame>(round: readonly Frame[]): Promise<Frame[]> {
    const open = round.filter(({ stream, samples }) => {
      if (stream.gate.isOpenFor(rmsOf(bytesOf(samples))) || this.#gateless) return true;
      stream.held.set(samples);
      stream.isHeld = true;
      return false;
    });
    const woken = open.filter(({ stream }) => stream.isHeld);
    for (const { stream } of woken) stream.isHeld = false;
    await this.#infer(woken.map(({ stream }) => ({ stream, samples: stream.held })));
    return open;
  }

  #infer(frames: readonly AskedFrame[]): Promise<Float32Array> {
    return this.#silero.run(
      frames.map(({ stream }) => stream.model),
      frames.map(({ samples }) => samples),
    );
  }
}
