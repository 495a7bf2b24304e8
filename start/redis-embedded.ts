import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { DependencyError, messageOf } from '../shared/errors.ts';
import { siblingModule } from '../shared/sibling-module.ts';
import type { PrivateRedis } from './redis-server.ts';

const START_TIMEOUT_MS = 10_000;

/**
 * Starts a Redis written in JavaScript on a loopback port, for machines without `redis-server`. It keeps everything in
 * memory and loses it when it ends.
 *
 * It runs in a worker thread: commands must not wait for what its starter's thread does, and unlike a process it cannot
 * be left behind, however its starter dies.
 *
 * @param options.port 0, the default: any free one
 * @param options.onLost is told when it ends without having been closed
 * @throws {DependencyError} `redis.start-failed`
 */
export async function startEmbeddedRedis(
  options: { readonly port?: number; readonly onLost?: (reason: string) => void } = {},
): Promise<PrivateRedis> {
  const worker = new Worker(siblingModule('./redis-embedded.worker', import.meta.url), {
    name: 'redis',
    workerData: { port: options.port ?? 0 },
  });
  let closing = false;
  const port = await listening(worker);
  let reason = 'its thread ended';
  worker.on('error', (error) => {
    reason = error.message;
  });
  worker.once('exit', () => {
    if (!closing) options.onLost?.(reason);
  });
  worker.unref();
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      closing = true;
      await worker.terminate();
    },
  };
}

/** @returns the port */
async function listening(worker: Worker): Promise<number> {
  try {
    const [port] = (await once(worker, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) })) as [number];
    return port;
  } catch (error) {
    await worker.terminate();
    throw new DependencyError('redis.start-failed', `The embedded Redis did not start: ${messageOf(error)}`, error);
  }
}
