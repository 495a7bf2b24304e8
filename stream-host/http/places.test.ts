import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Places } from './places.ts';

test('however many ask, Redis is asked once in three seconds, and one client gets no more than its share', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const places = new Places({ taken: async () => 40 + asked++ }, clock);
  const crowd = Array.from({ length: 500 }, (_, client) => places.taken(`client-${client}`));
  assert.deepEqual(new Set(await Promise.all(crowd)), new Set([40]));
  assert.equal(asked, 1);
  await clock.advance(3_000);
  assert.equal(await places.taken('scaler'), 41);

  for (let n = 1; n < 60; n++) await places.taken('scaler');
  await assert.rejects(places.taken('scaler'), { code: 'client.too-many-requests', status: 429 });
  assert.equal(await places.taken('another'), 41, 'nobody takes the answer from the scaler');
  await clock.advance(30_000);
  assert.equal(await places.taken('scaler'), 42);
});
