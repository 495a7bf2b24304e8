import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

/** Said to a worker of ours: it closes its port, and ends once what it is computing is done. */
export const END = 'end';
/** What a worker computes takes a fraction of a second, and its model is loaded in one; on a crowded machine in many. */
const PATIENCE_MS = 30_000;

/**
 * Ends a worker thread that computes with a native model. Terminated in the middle of that, it would take the whole
 * process down: onnxruntime-node then throws where nobody can catch it. So the thread is asked to end, and terminated
 * only where it has not ended after half a minute.
 */
export async function endWorker(worker: Worker): Promise<void> {
  if (worker.threadId < 0) return;
  const ended = once(worker, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
  worker.postMessage(END);
  try {
    await ended;
  } catch {
    await worker.terminate();
  }
}
