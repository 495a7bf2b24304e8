import { readFile } from 'node:fs/promises';
import llamaTokenizer from 'llama-tokenizer-js';
import { type LoadedModel, openOnnxModel } from '../../shared/audio/onnx-session.ts';
import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';

/** `tiny` takes 2 to 6 % of the audio's length on one core, `base` twice that and mishears less. */
export type MoonshineSize = 'tiny' | 'base';

type Tensor = InstanceType<LoadedModel['Tensor']>;
type Outputs = Awaited<ReturnType<LoadedModel['session']['run']>>;

export interface Transcript {
  readonly text: string;
  /** The geometric mean of the words' probabilities, 0 to 1. */
  readonly confidence: number;
  /** The words as the model's own numbers, to begin from when more of the same audio is decoded. */
  readonly tokens: readonly number[];
}

// Of the models' own configuration.
const SHAPES = { tiny: { layers: 6, headSize: 36 }, base: { layers: 8, headSize: 52 } } as const;
const HEADS = 8;
const START_TOKEN = 1;
const END_TOKEN = 2;
/** What the model's authors allow: a model that goes round in circles would otherwise never end. */
const TOKENS_PER_SECOND = 6.5;
/**
 * So sure the model must be that nothing was said. It is wrongly sure by half where one short word stands alone, as
 * "hello" does; for coughs and noises it is surer.
 */
const SURELY_NOTHING = 0.9;

/**
 * Moonshine, a speech-to-text model for English (MIT, Useful Sensors), decoded greedily with one thread. Blocks its
 * thread while it computes: keep it in a worker.
 */
export class Moonshine {
  readonly #encoder: LoadedModel;
  readonly #decoder: LoadedModel;
  readonly #cacheNames: readonly string[];
  readonly #emptyCache: Readonly<Record<string, Tensor>>;

  private constructor(size: MoonshineSize, encoder: LoadedModel, decoder: LoadedModel) {
    const { layers, headSize } = SHAPES[size];
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#cacheNames = Array.from({ length: layers }, (_, layer) =>
      ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'].map((part) => `${layer}.${part}`),
    ).flat();
    const nothing = new decoder.Tensor('float32', new Float32Array(0), [0, HEADS, 1, headSize]);
    this.#emptyCache = Object.fromEntries(this.#cacheNames.map((name) => [`past_key_values.${name}`, nothing]));
  }

  /** Reads and compiles a model, for the native runtime where there is one: 0.5 to 1.5 s. */
  static async load(size: MoonshineSize): Promise<Moonshine> {
    const open = async (name: string) => {
      const path = `./model/${size}/quantized/${name}.onnx`;
      return openOnnxModel(await readFile(new URL(path, import.meta.resolve('@usefulsensors/moonshine-js'))), 'auto');
    };
    return new Moonshine(size, await open('encoder_model'), await open('decoder_model_merged'));
  }

  /**
   * Writes down what is said in `audio` (16 kHz, -1 to 1, up to some 15 s; longer audio loses words).
   * @param isUnwanted asked between words: true gives up, and the answer is `undefined`
   * @param draft what was made of the beginning of this audio: as far as the model still agrees, it is read in one step
   * instead of word by word, which halves the time
   */
  async transcribe(
    audio: Float32Array,
    isUnwanted: () => boolean,
    draft: readonly number[] = [],
  ): Promise<Transcript | undefined> {
    if (isUnwanted()) return undefined;
    const samples = new this.#encoder.Tensor('float32', audio, [1, audio.length]);
    const encoded = await this.#encoder.session.run({ input_values: samples });
    const hidden = tensorOf(encoded, this.#encoder.session.outputNames[0] ?? '');
    const maxTokens = Math.trunc((audio.length / SAMPLE_RATE) * TOKENS_PER_SECOND) + 2;

    let cache: Readonly<Record<string, Tensor>> = this.#emptyCache;
    let input: readonly number[] = [START_TOKEN, ...draft.slice(0, maxTokens)];
    const tokens: number[] = [];
    let logProbability = 0;
    for (;;) {
      if (isUnwanted()) return undefined;
      const outputs = await this.#decode(input, hidden, cache);
      const logits = tensorOf(outputs, 'logits').data as Float32Array;
      const vocabulary = logits.length / input.length;
      for (let place = 0; place < input.length; place++) {
        const next = logits.subarray(place * vocabulary, (place + 1) * vocabulary);
        let best = mostProbable(next);
        const isWronglyOver =
          tokens.length === 0 && best.index === END_TOKEN && best.logProbability < LOG_SURELY_NOTHING;
        if (isWronglyOver) best = mostProbable(next, END_TOKEN);
        logProbability += best.logProbability;
        if (best.index === END_TOKEN || tokens.length === maxTokens) {
          return { text: textOf(tokens), confidence: Math.exp(logProbability / (tokens.length + 1)), tokens };
        }
        tokens.push(best.index);
        if (input[place + 1] !== best.index) break;
      }
      cache = this.#cacheOf(outputs, cache, tokens.length);
      input = tokens.slice(-1);
    }
  }

  #decode(input: readonly number[], hidden: Tensor, cache: Readonly<Record<string, Tensor>>): Promise<Outputs> {
    const { session, Tensor } = this.#decoder;
    return session.run({
      input_ids: new Tensor('int64', BigInt64Array.from(input, BigInt), [1, input.length]),
      encoder_hidden_states: hidden,
      use_cache_branch: new Tensor('bool', [cache !== this.#emptyCache]),
      ...cache,
    });
  }

  /** What the model remembers of the first `places` tokens. The audio's own part is made in the first step and stays. */
  #cacheOf(outputs: Outputs, before: Readonly<Record<string, Tensor>>, places: number): Record<string, Tensor> {
    const isFirst = before === this.#emptyCache;
    const cache: Record<string, Tensor> = { ...before };
    for (const name of this.#cacheNames) {
      const isOfWords = name.includes('.decoder.');
      if (!isFirst && !isOfWords) continue;
      const present = tensorOf(outputs, `present.${name}`);
      cache[`past_key_values.${name}`] = isOfWords ? this.#shortened(present, places) : present;
    }
    return cache;
  }

  #shortened(cached: Tensor, places: number): Tensor {
    const [, heads = 0, length = 0, size = 0] = cached.dims;
    if (length === places) return cached;
    const kept = new Float32Array(heads * places * size);
    const data = cached.data as Float32Array;
    for (let head = 0; head < heads; head++) {
      const from = head * length * size;
      kept.set(data.subarray(from, from + places * size), head * places * size);
    }
    return new this.#decoder.Tensor('float32', kept, [1, heads, places, size]);
  }
}

const LOG_SURELY_NOTHING = Math.log(SURELY_NOTHING);

function tensorOf(outputs: Outputs, name: string): Tensor {
  const value = outputs[name];
  if (value === undefined || !('dims' in value)) throw new TypeError(`the Moonshine model has no output ${name}`);
  return value as Tensor;
}

/** @param except a token that is not taken; its probability is not given to the others */
function mostProbable(logits: Float32Array, except?: number): { index: number; logProbability: number } {
  let index = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i] ?? highest;
    if (logit > highest && i !== except) {
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
