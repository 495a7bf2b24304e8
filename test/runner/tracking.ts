import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import runner, { after, afterEach, before, beforeEach, describe, it, suite, test } from 'node:test';

interface Hook {
  enable(): unknown;
  disable(): unknown;
}

/** Kept, as what the module exports is another thing while no file registers anything. */
const REGISTERS = { after, afterEach, before, beforeEach, describe, it, suite, test };
const registerTest = test;

/** A test that comes when its file has been loaded would run without its hooks. */
function lateTest(name: unknown): void {
  void registerTest(String(name), () => assert.fail('It was registered when its file had been loaded.'));
}
function lateHook(): never {
  throw new Error('A hook was registered while a test runs: use its context, as in t.after(…).');
}
const LATE = {
  ...{ describe: lateTest, it: lateTest, suite: lateTest, test: lateTest },
  ...{ after: lateHook, afterEach: lateHook, before: lateHook, beforeEach: lateHook },
};

/**
 * `node:test` follows every promise, timer and socket of a process to the test that made it, by an async hook that it never
 * switches off: a third of the processor time of a test on virtual time, which is made of promises. It is needed where a
 * file registers its tests, behind whatever the file waits for. A test that runs has its context for that; whoever registers
 * something then in another way is told so, as nobody would know for which file.
 */
export class Tracking {
  #hook: Hook | undefined;

  /** To be called before the first test of the process. Where Node does it in another way, it goes on as it does. */
  static watch(): Tracking {
    const tracking = new Tracking();
    const hooks: Hook = Object.getPrototypeOf(createHook({}));
    const { enable } = hooks;
    hooks.enable = function (this: Hook) {
      hooks.enable = enable;
      tracking.#hook = this;
      return enable.call(this);
    };
    return tracking;
  }

  on(): void {
    this.#hook?.enable();
    Object.assign(runner, REGISTERS);
    syncBuiltinESMExports();
  }

  off(): void {
    this.#hook?.disable();
    Object.assign(runner, LATE);
    syncBuiltinESMExports();
  }
}
