import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from './virtual-clock.ts';
import { within } from './within.ts';

const never = new Promise<string>(() => undefined);

test('what comes in time is the result, be it a value or an error, and leaves no timer', async () => {
  const clock = new VirtualClock();
  assert.equal(await within(clock, 100, Promise.resolve('done'), () => 'late'), 'done');
  const broken = within(clock, 100, Promise.reject(new Error('broken')), () => 'late');
  await assert.rejects(broken, /broken/);
  assert.equal(clock.pending, 0);
});

test('what does not come in time is given up, by a value or by an error', async () => {
  const clock = new VirtualClock();
  const given = within(clock, 100, never, () => 'late');
  const thrown = within(clock, 100, never, () => {
    throw new Error('too late');
  });
  const outcome = Promise.allSettled([given, thrown]);
  await clock.advance(100);
  assert.deepEqual(
    (await outcome).map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message)),
    ['late', 'too late'],
  );
});

test('work that fails after it was given up hurts nobody', async () => {
  const clock = new VirtualClock();
  const work = Promise.withResolvers<string>();
  const outcome = within(clock, 100, work.promise, () => 'late');
  await clock.advance(100);
  assert.equal(await outcome, 'late');
  work.reject(new Error('nobody waits'));
  await clock.advance(1);
});
