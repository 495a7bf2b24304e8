import { readFile } from 'node:fs/promises';
import llamaTokenizer from 'llama-tokenizer-js';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

/** `tiny` takes about 7 % of the audio's length on one core, `base` twice that and mishears less. */
export type MoonshineSize = 'tiny' | 'base';

export interface Transcript {
  readonly text: string;
  /** The geometric mean of the words' probabilities, 0 to 1. */
  readonly confidence: number;
}

// Of the models' own configuration.
const SHAPES = { tiny: { layers: 6, headSize: 36 }, base: { layers: 8, headSize: 52 } } as const;
const HEADS = 8;
const START_TOKEN = 1;
const END_TOKEN = 2;
/** What the model's authors allow: a model that goes round in circles would otherwise never end. */
const TOKENS_PER_SECOND = 6.5;

/**
 * Moonshine, a speech-to-text model for English (MIT, Useful Sensors), decoded greedily on the WASM runtime with one
 * thread. Blocks its thread while it computes: keep it in a worker.
 */
export class Moonshine {
  readonly #encoder: InferenceSession;
  readonly #decoder: InferenceSession;
  readonly #cacheNames: readonly string[];
  readonly #emptyCache: Readonly<Record<string, Tensor>>;

  private constructor(size: MoonshineSize, encoder: InferenceSession, decoder: InferenceSession) {
    const { layers, headSize } = SHAPES[size];
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#cacheNames = Array.from({ length: layers }, (_, layer) =>
      ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'].map((part) => `${layer}.${part}`),
    ).flat();
    const nothing = new Tensor('float32', new Float32Array(0), [0, HEADS, 1, headSize]);
    this.#emptyCache = Object.fromEntries(this.#cacheNames.map((name) => [`past_key_values.${name}`, nothing]));
  }

  /** Reads and compiles a model: 0.5 to 1.5 s. */
  static async load(size: MoonshineSize): Promise<Moonshine> {
    env.wasm.numThreads = 1;
    env.logLevel = 'error';
    const open = async (name: string) => {
      const path = `./model/${size}/quantized/${name}.onnx`;
      const bytes = await readFile(new URL(path, import.meta.resolve('@usefulsensors/moonshine-js')));
      return InferenceSession.create(bytes, { executionProviders: ['wasm'] });
    };
    return new Moonshine(size, await open('encoder_model'), await open('decoder_model_merged'));
  }

  /**
   * Writes down what is said in `audio` (16 kHz, -1 to 1, up to some 15 s; longer audio loses words).
   * @param isUnwanted asked between words: true gives up, and the answer is `undefined`
   */
  async transcribe(audio: Float32Array, isUnwanted: () => boolean): Promise<Transcript | undefined> {
    if (isUnwanted()) return undefined;
    const encoded = await this.#encoder.run({ input_values: new Tensor('float32', audio, [1, audio.length]) });
    const hidden = tensorOf(encoded, this.#encoder.outputNames[0] ?? '');
    const maxTokens = Math.trunc((audio.length / SAMPLE_RATE) * TOKENS_PER_SECOND) + 2;

    const cache: Record<string, Tensor> = { ...this.#emptyCache };
    const tokens: number[] = [];
    let logProbability = 0;
    let token = START_TOKEN;
    for (let step = 0; step < maxTokens; step++) {
      if (isUnwanted()) return undefined;
      const outputs = await this.#decoder.run({
        input_ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
        encoder_hidden_states: hidden,
        use_cache_branch: new Tensor('bool', [step > 0]),
        ...cache,
      });
      const best = mostProbable(tensorOf(outputs, 'logits').data as Float32Array);
      logProbability += best.logProbability;
      token = best.index;
      if (token === END_TOKEN) break;
      tokens.push(token);
      for (const name of this.#cacheNames) {
        // The audio's own part of the cache is made in the first step and stays the same.
        if (step === 0 || name.includes('.decoder.')) {
          cache[`past_key_values.${name}`] = tensorOf(outputs, `present.${name}`);
        }
      }
    }
    return { text: textOf(tokens), confidence: Math.exp(logProbability / (tokens.length + 1)) };
  }
}

function tensorOf(outputs: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const value = outputs[name];
  if (!(value instanceof Tensor)) throw new TypeError(`the Moonshine model has no output ${name}`);
  return value;
}

function mostProbable(logits: Float32Array): { index: number; logProbability: number } {
  let index = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] ?? highest;
    if (logit > highest) {
      highest = logit;
      index = i;
    }
  }
  let sum = 0;
  for (const logit of logits) {
    if (logit > highest - 15) sum += Math.exp(logit - highest);
  }
  return { index, logProbability: -Math.log(sum) };
}

/** Tokens are pieces of words in which `▁` is a space; letters beyond the vocabulary come as bytes, `<0xE2>`. */
function textOf(tokens: readonly number[]): string {
  const bytes = tokens.map((token) => {
    const piece = llamaTokenizer.vocabById[token] ?? '';
    const [, byte] = /^<0x([0-9A-F]{2})>$/.exec(piece) ?? [];
    return byte === undefined ? Buffer.from(piece.replaceAll('▁', ' ')) : Buffer.from(byte, 'hex');
  });
  return Buffer.concat(bytes).toString().trim();
}
