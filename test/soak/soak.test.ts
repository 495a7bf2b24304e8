import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoakCall } from './call.ts';
import { soak } from './soak.ts';

test('ten troubled calls: nothing is wedged, lost, said twice, left open or sent too late', async () => {
  const { violations, calls, interruptions } = await soak({
    seed: 1,
    calls: 10,
    forMs: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
  });
  assert.deepEqual(violations, []);
  assert.equal(calls, 10);
  assert.ok(interruptions > 60, `${interruptions} interruptions are no trial`);
});

test('the same seed is the same call, event for event', async () => {
  const replay = async () => {
    const lines: string[] = [];
    await new SoakCall(4, (atMs, what) => lines.push(`${atMs} ${what}`)).run();
    return lines;
  };
  const first = await replay();
  assert.ok(first.length > 100);
  assert.deepEqual(await replay(), first);
});
