import { availableParallelism, loadavg } from 'node:os';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

type Scene = (t: TestContext) => Promise<void>;

/** Processes that want to run, for each core. A whole run of the tests on a machine of its own stays below. */
const STARVED_LOAD = 2.5;

/** Scenes of this process that are going on. */
let goingOn = 0;
/** A second chance has to wait for the one of another scene. */
let alone: Promise<unknown> = Promise.resolve();

/**
 * A scene of people who speak in real time. A machine that has no processor left to hear them does not understand them, as
 * it would not on any line with holes in it: there they may try three times, the second and third time without another scene
 * beside them, and it is told what went wrong. On any other machine the first failure counts, because it is ours.
 */
export const threeChances =
  (scene: Scene): Scene =>
  async (t) => {
    const starved = (chance: string, error: unknown) => {
      const load = (loadavg()[0] ?? 0) / availableParallelism();
      if (load < STARVED_LOAD) throw error;
      t.diagnostic(`The ${chance} time, at a load of ${load.toFixed(1)} a core: ${String(error)}`);
    };
    try {
      return await counted(scene, t);
    } catch (error) {
      starved('first', error);
    }
    const again = alone.then(async () => {
      while (goingOn > 0) await sleep(100);
      await counted(scene, t).catch((error: unknown) => {
        starved('second', error);
        return counted(scene, t);
      });
    });
    alone = again.catch(() => {});
    await again;
  };

async function counted(scene: Scene, t: TestContext): Promise<void> {
  goingOn += 1;
  try {
    await scene(t);
  } finally {
    goingOn -= 1;
  }
}
