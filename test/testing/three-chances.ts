import { availableParallelism, loadavg } from 'node:os';
import type { TestContext } from 'node:test';

type Scene = (t: TestContext) => Promise<void>;

/** Processes that want to run, for each core. A whole run of the tests on a machine of its own stays below. */
const STARVED_LOAD = 2.5;

/**
 * A scene of people who speak in real time. A machine that has no processor left to hear them does not understand them, as
 * it would not on any line with holes in it: there they may try three times, and it is told what went wrong. On any other
 * machine the first failure counts, because it is ours.
 */
export const threeChances =
  (scene: Scene): Scene =>
  async (t) => {
    for (const chance of ['first', 'second']) {
      try {
        return await scene(t);
      } catch (error) {
        const load = (loadavg()[0] ?? 0) / availableParallelism();
        if (load < STARVED_LOAD) throw error;
        t.diagnostic(`The ${chance} time, at a load of ${load.toFixed(1)} a core: ${String(error)}`);
      }
    }
    await scene(t);
  };
