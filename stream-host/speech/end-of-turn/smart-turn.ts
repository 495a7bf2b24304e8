import { readFile } from 'node:fs/promises';
import { type LoadedModel, type OnnxRuntime, openOnnxModel } from '../../../shared/audio/onnx-session.ts';
import { LogMel, MEL_BANDS, MEL_FRAMES } from './log-mel.ts';

export type { OnnxRuntime } from '../../../shared/audio/onnx-session.ts';

const INPUT = 'input_features';

/**
 * Smart Turn v3 (Pipecat's end-of-turn model: github.com/pipecat-ai/smart-turn): hears the last 8 s of a caller and
 * tells whether the turn is over. Any ONNX file with its interface will do: float32 `input_features` [batch, 80, 800]
 * in, one probability out. Blocks its thread while it computes: keep it in a worker.
 */
export class SmartTurn {
  readonly runtime: OnnxRuntime;
  readonly #session: LoadedModel['session'];
  readonly #Tensor: LoadedModel['Tensor'];
  readonly #logMel = new LogMel();
  readonly #output: string;

  private constructor({ runtime, session, Tensor }: LoadedModel) {
    this.runtime = runtime;
    this.#session = session;
    this.#Tensor = Tensor;
    const output = session.outputNames[0];
    if (!session.inputNames.includes(INPUT) || output === undefined) {
      throw new TypeError(
        `This is not a Smart Turn v3 model: it takes ${session.inputNames.join(', ')}, not ${INPUT}. Smart Turn v1 and v2 are built differently.`,
      );
    }
    this.#output = output;
  }

  /**
   * Reads and compiles the model: 0.1 to 0.5 s.
   *
   * @param wanted the native runtime where it works, else WASM; or one to insist on
   * @throws when the file cannot be read or is no such model, or no runtime works
   */
  static async load(modelPath: string, wanted: OnnxRuntime | 'auto' = 'auto'): Promise<SmartTurn> {
    return new SmartTurn(await openOnnxModel(await readFile(modelPath), wanted));
  }

  /** @param samples PCM16 at 16 kHz, of which the last 8 s count: a turn with its last pause, and nothing before it */
  async judge(samples: Int16Array): Promise<number> {
    const features = new this.#Tensor('float32', this.#logMel.compute(samples), [1, MEL_BANDS, MEL_FRAMES]);
    const outputs = await this.#session.run({ [INPUT]: features });
    const data = outputs[this.#output]?.data;
    const probability = data instanceof Float32Array ? data[0] : undefined;
    if (probability === undefined || !(probability >= 0 && probability <= 1)) {
      throw new TypeError(`The end-of-turn model gave no probability but ${probability}.`);
    }
    return probability;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
