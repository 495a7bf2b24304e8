import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type OnnxNode, writeModel } from '../../../../shared/audio/onnx-file.ts';
import { LogMel, MEL_BANDS, MEL_FRAMES } from '../log-mel.ts';

/** A model file with Smart Turn's interface, that one can compute by hand. */
export interface TinyModel {
  readonly path: string;
  remove(): Promise<void>;
}

/** Added to the mean, this gives a probability in silence (whose mean is -1.5) and none in speech (above -1). */
export const BREAKS_IN_SPEECH = 2.2;

/**
 * Writes a model whose answer is the sigmoid of the mean of all features; or, with an `offset`, the plain sum of both,
 * which need not be a probability.
 */
export async function writeTinyModel({
  offset,
  input = 'input_features',
}: {
  offset?: number;
  input?: string;
} = {}): Promise<TinyModel> {
  const mean: OnnxNode = {
    op: 'ReduceMean',
    inputs: [input],
    outputs: ['mean'],
    attributes: { axes: [1, 2], keepdims: 0 },
  };
  const answer: OnnxNode =
    offset === undefined
      ? { op: 'Sigmoid', inputs: ['mean'], outputs: ['logits'] }
      : { op: 'Add', inputs: ['mean', 'offset'], outputs: ['logits'] };
  const file = writeModel({
    nodes: [mean, answer],
    weights: offset === undefined ? {} : { offset: { dims: [1], values: Float32Array.of(offset) } },
    inputs: { [input]: ['batch', MEL_BANDS, MEL_FRAMES] },
    outputs: { logits: ['batch'] },
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'end-of-turn-'));
  const modelPath = path.join(folder, 'tiny.onnx');
  await writeFile(modelPath, file);
  return { path: modelPath, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What the tiny model answers. */
export function tinyAnswer(samples: Int16Array): number {
  const features = new LogMel().compute(samples);
  const mean = features.reduce((sum, value) => sum + value, 0) / features.length;
  return 1 / (1 + Math.exp(-mean));
}

/** Half a second of quiet, a vowel of so long at 120 Hz, and 200 ms of quiet. */
export function vowel(lengthMs: number, { fallHz = 0, fadesOut = false } = {}): Int16Array<ArrayBuffer> {
  const length = lengthMs * 16;
  const samples = new Int16Array(8_000 + length + 3_200);
  let phase = 0;
  for (let i = 0; i < length; i += 1) {
    phase += (2 * Math.PI * (120 - (fallHz * i) / length)) / 16_000;
    const gain = fadesOut ? 1 - (0.9 * i) / length : 1;
    const overtones = Math.sin(phase) + 0.6 * Math.sin(2 * phase) + 0.3 * Math.sin(3 * phase);
    samples[8_000 + i] = 6_000 * gain * overtones;
  }
  return samples;
}
