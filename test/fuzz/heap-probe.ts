import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { serve } from '../../bench/child.ts';

/** Loaded into a process that is fuzzed (`--import`): tells what it holds. */
const api = {
  /** @returns what the main thread holds once its garbage is collected, buffers with it, in MB */
  collect(): number {
    setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('gc');
    for (let round = 0; round < 3 && typeof gc === 'function'; round += 1) gc();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 1e6;
  },
};
export type HeapProbeApi = typeof api;
serve(api);
// The process lives as long as its own code says.
process.channel?.unref();
