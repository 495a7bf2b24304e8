import type { Worker } from 'node:worker_threads';
import { endWorker } from '../../shared/audio/end-worker.ts';
import { DependencyError } from '../../shared/errors.ts';

const START_TIMEOUT_MS = 60_000;

class TookTooLong extends Error {}

/**
 * Waits until a worker says `{ type: 'ready' }`, which it does once its models are loaded.
 * @param what how a message names it, as in "The voices"
 * @throws {DependencyError} `speech.worker` where it dies first or takes more than a minute; it is then ended
 */
export async function workerReady(worker: Worker, what: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onMessage = (message: unknown) => {
    if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready') resolve();
  };
  const onExit = (status: number) => reject(new Error(`it ended with status ${status}`));
  const timer = setTimeout(() => reject(new TookTooLong('it took more than a minute')), START_TIMEOUT_MS);
  worker.on('message', onMessage).on('error', reject).on('exit', onExit);
  try {
    await promise;
  } catch (error) {
    void endWorker(worker);
    const advice =
      error instanceof TookTooLong
        ? 'could not be loaded within a minute. Give the machine less to do, then start anew.'
        : 'could not be loaded. Run npm ci again, then start anew.';
    throw new DependencyError('speech.worker', `${what} ${advice}`, error);
  } finally {
    clearTimeout(timer);
    worker.off('message', onMessage).off('error', reject).off('exit', onExit);
  }
}
