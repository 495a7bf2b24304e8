import { messageOf } from '../errors.ts';
import { requireSilentOnnx } from './onnx-telemetry.ts';

/** `native` is several times as fast and takes a third of the memory; `wasm` runs everywhere. */
export type OnnxRuntime = 'native' | 'wasm';

/** The part of ONNX Runtime's interface that its native and its WASM package share. */
type Onnx = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor'>;
type OnnxSession = Awaited<ReturnType<Onnx['InferenceSession']['create']>>;

export interface LoadedModel {
  readonly runtime: OnnxRuntime;
  /** Why the native runtime is not the one, where it was wanted. */
  readonly nativeProblem?: string;
  readonly session: OnnxSession;
  readonly Tensor: Onnx['Tensor'];
}

/**
 * Compiles a model for one thread: natively where `onnxruntime-node` can be loaded and runs it, else as WASM. Only the
 * runtime that is used is loaded. A package that is there and broken must not cost what the model is for, so whatever
 * the native one throws counts as "not there".
 *
 * @param wanted `auto`, or one runtime to insist on
 * @throws when no wanted runtime takes the model, with what each of them said
 */
export async function openOnnxModel(model: Uint8Array, wanted: OnnxRuntime | 'auto'): Promise<LoadedModel> {
  if (wanted === 'wasm') return openWasm(model);
  try {
    return await openNative(model);
  } catch (nativeError) {
    if (wanted === 'native') throw nativeError;
    const nativeProblem = messageOf(nativeError);
    const loaded = await openWasm(model).catch((cause: unknown) => {
      throw new Error(`${messageOf(cause)} (WASM), ${nativeProblem} (native)`, { cause });
    });
    return { ...loaded, nativeProblem };
  }
}

async function openNative(model: Uint8Array): Promise<LoadedModel> {
  requireSilentOnnx();
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
    // Where the batch size changes with every call, an arena would keep a pattern of memory for each.
    enableMemPattern: false,
  });
  return { runtime: 'native', session, Tensor };
}

async function openWasm(model: Uint8Array): Promise<LoadedModel> {
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
