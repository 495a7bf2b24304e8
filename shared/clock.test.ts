import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';

test('what is due in months is not done at once (reader: expiry storm)', async () => {
  let done = 0;
  const cancel = systemClock.after(1e12, () => {
    done += 1;
  });
  await new Promise<void>((resolve) => systemClock.after(30, resolve));
  cancel();
  assert.equal(done, 0);
});
