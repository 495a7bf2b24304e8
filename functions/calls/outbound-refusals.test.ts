import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { Redis } from 'ioredis';
import { systemClock } from '../../shared/clock.ts';
import { DAY_MS, MINUTE_MS, WindowCounter } from '../../shared/limits/window-counter.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** What `outbound.test.ts` does not see, as it has a number of its own and a day without end. */

const folder = mkdtempSync(join(tmpdir(), 'prices-'));
let functions: FunctionsUnderTest;
let redis: Redis;
before(async () => {
  writeFileSync(join(folder, 'prices.json'), '{"49": 0.02, "1": 0.01}');
  functions = await startFunctions({
    ACS_SOURCE_NUMBER: '',
    OUTBOUND_COUNTRIES: 'us, de, fr',
    OUTBOUND_CALLS_PER_DAY: '1',
    OUTBOUND_PRICES: join(folder, 'prices.json'),
    OUTBOUND_BUDGET_PER_DAY: '1000',
  });
  redis = patientRedis();
  await functions.announce({ sessions: 0, maxSessions: 1000 });
});
beforeEach(async () => {
  functions.acs.nextTest();
  const counted = await redis.keys('parley:outbound:*');
  if (counted.length > 0) await redis.del(counted);
});
after(async () => {
  redis.disconnect();
  await functions.close();
  rmSync(folder, { recursive: true });
});

const call = (target_number: string, caller_id?: string) =>
  functions.request('POST', 'calls/initiate', { target_number, caller_id });

const newCall = (to = '+15550100'): Promise<Session> =>
  functions.store.create({
    ...({ channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders', status: 'connected' } as const),
    ...{ id: randomUUID(), callConnectionId: randomUUID(), from: '+15557777', to },
  });

test('without a number of ours, for a price that nobody knows, and beyond a day’s calls nothing is placed, and each has its code', async () => {
  const german = '+493012345678';
  assert.equal((await call(german)).body.error.code, 'calls.no-source-number');
  assert.equal((await call('+33140205050', '+15550100')).body.error.code, 'outbound.price-unknown');
  assert.equal((await call(german, '+15550100')).status, 200);
  const { status, body } = await call(german, '+15550100');
  assert.deepEqual([status, body.error.code], [429, 'outbound.per-day']);
});

test('a telephone that ACS does not ring from a call without a number of ours is refused with the setting that is missing (issue 16: Teams, acs.refused)', async () => {
  const account = '28:orgid:1c0a8b3e-5d5f-4a4e-9c57-3d1f6f0e2a11';
  const added = async (target: string, to: string) => {
    const { id } = await newCall(to);
    const { body } = await functions.request('POST', `calls/${id}/participants`, { target });
    const { body: told } = await functions.request('GET', `calls/${id}`);
    return [body.error.code, body.error.message, told.operations[0]?.state];
  };
  functions.acs.failing = { path: 'participants:add', failure: { status: 400, code: '8500' } };
  const [code, message, state] = await added('+15550199', account);
  assert.deepEqual([code, state], ['calls.no-source-number', 'failed']);
  assert.match(message, /ACS_SOURCE_NUMBER/);
  // Of one with a number, or of somebody who is shown none, the refusal is about something else.
  assert.equal((await added('+15550199', '+15550100'))[0], 'acs.refused');
  assert.equal((await added('8:acs:r_u', account))[0], 'acs.refused');
});

/** The ways in which the API has somebody rung into a call that stands. */
const RING = [
  ['participants', {}],
  ['transfer', { kind: 'blind' }],
  ['transfer', { kind: 'warm' }],
] as const;

/** As if so much had been called, or so much spent. */
async function fill(name: string, key: string, windowMs: number): Promise<void> {
  const counter = new WindowCounter({ redis, clock: systemClock, name: `outbound:${name}`, limit: 0, windowMs });
  // The next window may have begun when it is asked.
  for (const atMs of [Date.now(), Date.now() + windowMs]) await counter.add(key, 1_000_000_000, atMs);
}

for (const [path, how] of RING) {
  const ring = (id: string, target: string) => functions.request('POST', `calls/${id}/${path}`, { target, ...how });
  const what = [path, ...Object.values(how)].join(' ');

  test(`${what}: a telephone that is rung into a call goes through the gate of calls that are placed, by the same codes (toll fraud)`, async () => {
    const { id } = await newCall();
    const refused = async (target: string, status: number, code: string) => {
      const answer = await ring(id, target);
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], target);
      assert.equal(answer.headers.has('retry-after'), status === 429);
    };
    for (const dear of ['+19002345678', '+491801234567', '+881612345678', '4:+19002345678']) {
      await refused(dear, 403, 'outbound.number-type');
    }
    for (const none of ['+1911', '4:19002345678', '4:+493012345678:19002345678']) {
      await refused(none, 403, 'outbound.number-unassigned');
    }
    await refused('+442079460018', 403, 'outbound.country');
    await refused('+33140205050', 403, 'outbound.price-unknown');
    for (const [name, key, windowMs, code] of [
      ['budget', 'all', DAY_MS, 'outbound.budget'],
      ['day', 'all', DAY_MS, 'outbound.per-day'],
      ['minute', 'all', MINUTE_MS, 'outbound.per-minute'],
      ['client', 'key', MINUTE_MS, 'outbound.client-per-minute'],
    ] as const) {
      await fill(name, key, windowMs);
      await refused('+493012345678', 429, code);
    }
    assert.deepEqual(functions.acs.requests, [], 'nobody is rung');
    const { body } = await functions.request('GET', `calls/${id}`);
    assert.deepEqual(body.operations, []);
    // Whom the carrier knows by a raw id is no telephone, and rung also while calls are stopped.
    assert.equal((await ring(id, '8:orgid:1c0a8b3e-5d5f-4a4e-9c57-3d1f6f0e2a11')).status, 202);
  });

  test(`${what}: who is rung counts as a call that is placed, unless he surely was not, and a toll-free number is good`, async () => {
    const { id } = await newCall();
    functions.acs.inCall = ['+493012345678'];
    functions.acs.failing = { path: ':add', failure: { status: 400, code: '8500' } };
    assert.equal((await ring(id, '+493012345678')).body.error.code, 'calls.participant-there');
    functions.acs.reset();
    assert.equal((await ring(id, '+498001234567')).status, 202);
    const { id: other } = await newCall();
    assert.equal((await ring(other, '+493012345678')).body.error.code, 'outbound.per-day');
    // What a minute of him costs is given back with the call; where he goes on without us, nobody knows for how long.
    const { minutePrice } = (await functions.store.get(id)) ?? {};
    assert.equal(minutePrice, what === 'transfer blind' ? undefined : 20_000);
  });
}
