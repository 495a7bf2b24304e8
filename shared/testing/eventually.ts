import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 120_000;

/** Waits until something holds, for as long as nobody would wait for it. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !(await holds()); await sleep(5)) {
    if (performance.now() > deadline) throw new Error(`Not within ${PATIENCE_MS / 1000} s: ${holds}`);
  }
}
