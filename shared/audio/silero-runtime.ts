import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../errors.ts';
import { batchedSilero } from './silero-graph.ts';

/** `native` is about four times as fast and takes a third of the memory; `wasm` runs everywhere. */
export type SileroRuntime = 'native' | 'wasm';

/** The part of ONNX Runtime's interface that its native and its WASM package share. */
type Onnx = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor'>;
type Session = Awaited<ReturnType<Onnx['InferenceSession']['create']>>;

export interface LoadedModel {
  readonly runtime: SileroRuntime;
  /** Why the native runtime is not the one, where it was wanted. */
  readonly nativeProblem?: string;
  readonly session: Session;
  readonly Tensor: Onnx['Tensor'];
}

/**
 * Reads and compiles the Silero model with one thread: natively where `onnxruntime-node` can be loaded and runs it, else
 * as WASM. Only the runtime that is used is loaded. A package that is there and broken must not cost the voice activity,
 * so whatever the native one throws counts as "not there".
 *
 * @param wanted `auto`, or one runtime to insist on
 * @throws when no wanted runtime works, or the model's package is broken
 */
export async function loadSileroModel(wanted: SileroRuntime | 'auto'): Promise<LoadedModel> {
  const packageFile = import.meta.resolve('@ricky0123/vad-web/package.json');
  const model = batchedSilero(await readFile(fileURLToPath(new URL('./dist/silero_vad_v6.onnx', packageFile))));
  if (wanted === 'wasm') return loadWasm(model);
  try {
    return await loadNative(model);
  } catch (error) {
    if (wanted === 'native') throw error;
    return { ...(await loadWasm(model)), nativeProblem: messageOf(error) };
  }
}

async function loadNative(model: Uint8Array): Promise<LoadedModel> {
  // Optional: where it is not installed the compiler must not look for its types either.
  const name: string = 'onnxruntime-node';
  const { InferenceSession, Tensor }: Onnx = await import(name);
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // The batch size changes with every call, and an arena would keep a pattern of memory for each.
    enableMemPattern: false,
  });
  return { runtime: 'native', session, Tensor };
}

async function loadWasm(model: Uint8Array): Promise<LoadedModel> {
  const { env, InferenceSession, Tensor } = await import('onnxruntime-web');
  // The runtime's settings are its own global ones; the first session that is made freezes them.
  env.wasm.numThreads = 1;
  env.logLevel = 'error';
  const session = await InferenceSession.create(model, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return { runtime: 'wasm', session, Tensor };
}
