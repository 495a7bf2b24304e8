import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type LoadedModel, type OnnxRuntime, openOnnxModel } from './onnx-session.ts';
import { batchedSilero } from './silero-graph.ts';

export type { LoadedModel } from './onnx-session.ts';
export type SileroRuntime = OnnxRuntime;

/**
 * Reads and compiles the Silero model.
 *
 * @param wanted `auto`, or one runtime to insist on
 * @throws when no wanted runtime works, or the model's package is broken
 */
export async function loadSileroModel(wanted: SileroRuntime | 'auto'): Promise<LoadedModel> {
  const packageFile = import.meta.resolve('@ricky0123/vad-web/package.json');
  const model = await readFile(fileURLToPath(new URL('./dist/silero_vad_v6.onnx', packageFile)));
  return openOnnxModel(batchedSilero(model), wanted);
}
