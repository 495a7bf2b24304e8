import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type {
  AudioFrameConstructor,
  InferenceExecutor,
  LiveKit,
  LiveKitAgents,
  LocalInference,
} from './livekit-types.ts';

const manifest = z.object({ version: z.string() });

/** @param folder the one that holds `node_modules` with the packages */
export async function loadLiveKit(folder: string): Promise<LiveKit & { readonly version: string }> {
  const inPackage = (...parts: string[]) => path.join(folder, 'node_modules', '@livekit', ...parts);
  const load = async (...parts: string[]): Promise<unknown> => import(pathToFileURL(inPackage(...parts)).href);

  const agents = (await load('agents', 'dist', 'index.js')) as LiveKitAgents;
  const rtc = (await load('rtc-node', 'dist', 'index.js')) as { AudioFrame: AudioFrameConstructor };
  const inference = (await load('local-inference', 'index.js')) as { default: LocalInference };
  const { version } = manifest.parse(JSON.parse(await readFile(inPackage('agents', 'package.json'), 'utf8')));
  agents.initializeLogger({ pretty: false, level: 'error' });
  return { agents, AudioFrame: rtc.AudioFrame, executor: localExecutor(inference.default), version };
}

/**
 * Runs LiveKit's local end-of-turn model, as its shared inference process does (`inference/eot/runner.ts`): the same
 * native call with the same audio, and its real verdict. Here it is in this process, without their hop between processes.
 */
function localExecutor(inference: LocalInference): InferenceExecutor {
  inference.initEot();
  return {
    async doInference(_method, { pcm }) {
      const bytes = new Uint8Array(Buffer.from(pcm, 'base64'));
      const startMs = performance.now();
      const probability = await inference.predict(new Int16Array(bytes.buffer, 0, bytes.length >> 1));
      return { probability, inferenceDurationMs: performance.now() - startMs };
    },
  };
}
