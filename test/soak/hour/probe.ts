import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/** What a process knows of itself alone. */
export interface Inside {
  /** After a full collection. */
  readonly heapMb: number;
  /** Beside the heap, buffers mostly; after a full collection. */
  readonly externalMb: number;
  /** What keeps its loop alive, by Node's names: `Timeout`, `TCPSocketWrap`, … */
  readonly resources: Readonly<Record<string, number>>;
}

/**
 * Loaded into a process ahead of its own code (`node --import`): on SIGUSR2 it collects its garbage and writes what it has
 * into `<SOAK_FOLDER>/<its id>.json`. The product knows nothing of it.
 */
const { SOAK_FOLDER: folder } = process.env;
if (isMainThread && folder !== undefined) {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  // Whoever reads garbage as memory sees neither a leak nor that there is none.
  if (typeof collect !== 'function') throw new Error('This Node does not let us collect its garbage.');
  process.on('SIGUSR2', () => {
    for (let times = 0; times < 2; times += 1) collect();
    const resources: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
    const { heapUsed, external } = process.memoryUsage();
    const inside: Inside = { heapMb: heapUsed / 1e6, externalMb: external / 1e6, resources };
    const file = join(folder, `${process.pid}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(inside));
    renameSync(`${file}.new`, file);
  });
}
