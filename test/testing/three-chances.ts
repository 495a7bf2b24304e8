import type { TestContext } from 'node:test';

type Scene = (t: TestContext) => Promise<void>;

/**
 * A scene of people who speak in real time. A machine that has no processor left to hear them does not understand them, as
 * it would not on any line with holes in it: so they may try three times, and it is told what went wrong.
 */
export const threeChances =
  (scene: Scene): Scene =>
  async (t) => {
    for (const chance of ['first', 'second']) {
      try {
        return await scene(t);
      } catch (error) {
        t.diagnostic(`The ${chance} time: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await scene(t);
  };
