import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** What is never called, or not too often: through the functions as they run, and what reaches ACS of it. */

const folder = mkdtempSync(join(tmpdir(), 'prices-'));
let functions: FunctionsUnderTest;
before(async () => {
  writeFileSync(join(folder, 'prices.json'), '{"1": 0.01, "49": 0.02, "33": 0.02}');
  functions = await startFunctions({
    OUTBOUND_COUNTRIES: 'us, de',
    OUTBOUND_CALLS_PER_MINUTE: '40',
    OUTBOUND_CALLS_PER_NUMBER_PER_DAY: '3',
    OUTBOUND_PRICES: join(folder, 'prices.json'),
    OUTBOUND_BUDGET_PER_DAY: '1',
    MAX_CALL_MS: '600000',
  });
});
after(async () => {
  await functions.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  functions.acs.nextTest();
  await functions.announce({ sessions: 0, maxSessions: 1000 });
  const redis = patientRedis();
  const counted = await redis.keys('parley:outbound:*');
  if (counted.length > 0) await redis.del(counted);
  redis.disconnect();
});

const call = (number: string, headers: Record<string, string> = {}) =>
  functions.request('POST', 'calls/initiate', { target_number: number }, headers);
const created = () => functions.acs.operations.filter((operation) => operation === 'create').length;

/** Beginnings of numbers that cost their caller dear, each with as many digits as it needs. */
const DEAR = [
  '+1900234',
  '+49900123',
  '+33899123',
  '+41900123',
  '+44901234',
  '+8707731',
  '+8816123',
  '+8821312',
  '+8835100',
  '+9791234',
];
const digits = (n: number) => String(1_000 + n);

test('three hundred premium and satellite calls in a minute: none is placed, and none leaves a session or takes a place (H12)', async () => {
  const before = (await functions.store.list({ limit: 100 })).sessions.length;
  const numbers = Array.from({ length: 300 }, (_, n) => `${DEAR[n % DEAR.length]}${digits(n)}`);
  const startedAt = performance.now();
  const answers = await Promise.all(numbers.map((number) => call(number)));
  assert.ok(performance.now() - startedAt < 60_000);
  for (const [n, { status, body }] of answers.entries()) {
    assert.equal(status, 403, numbers[n]);
    assert.match(body.error.code, /^outbound\.number-(type|unassigned)$/);
    assert.ok(!JSON.stringify(body).includes(String(numbers[n]).slice(1)));
  }
  assert.deepEqual(functions.acs.requests, []);
  assert.equal((await functions.store.list({ limit: 100 })).sessions.length, before);
  // Nothing of it is counted either: a good call passes.
  assert.equal((await call('+15550199')).status, 200);
});

test('three hundred good calls in a minute: as many are placed as may be, and the others are told when to come again (H12)', async () => {
  const numbers = Array.from({ length: 300 }, (_, n) => `+1555${digits(n)}`);
  const answers: Awaited<ReturnType<typeof call>>[] = [];
  // Fewer at a time than a process answers.
  for (let n = 0; n < 300; n += 50) {
    answers.push(...(await Promise.all(numbers.slice(n, n + 50).map((number) => call(number)))));
  }
  const refused = answers.filter(({ status }) => status === 429);
  assert.equal(created(), 300 - refused.length);
  // The budget is for ten calls of ten minutes at 0.01.
  assert.ok(created() <= 10 && created() > 0, `${created()}`);
  for (const { headers, body } of refused) {
    assert.match(body.error.code, /^outbound\.(per-minute|budget)$/);
    assert.ok(Number(headers.get('retry-after')) > 0);
  }
});

test('one number is called three times a day, with its own code', async () => {
  for (let n = 0; n < 3; n++) assert.equal((await call('+15550111')).status, 200);
  const { status, body, headers } = await call('+15550111');
  assert.deepEqual([status, body.error.code], [429, 'outbound.number-per-day']);
  assert.ok(Number(headers.get('retry-after')) <= 86_400);
  assert.equal((await call('+15550112')).status, 200);
});

test('a country that is not named, and a number whose price nobody knows, are refused with codes of their own', async () => {
  assert.equal((await call('+33612345678')).body.error.code, 'outbound.country');
  assert.equal((await call('+4915123456789')).status, 200);
  assert.deepEqual(functions.acs.operations, ['create']);
});

test('a call that is not placed is not counted, nor is a request that is repeated', async () => {
  functions.acs.failing = { path: '/callConnections', failure: { status: 400, code: '8500' } };
  for (let n = 0; n < 5; n++) assert.equal((await call('+15550113')).body.error.code, 'acs.refused');
  functions.acs.reset();
  await functions.announce({ sessions: 10, maxSessions: 10 });
  for (let n = 0; n < 5; n++) assert.equal((await call('+15550113')).body.error.code, 'capacity.exhausted');
  await functions.announce({ sessions: 0, maxSessions: 1000 });
  const key = { 'idempotency-key': 'outbound-1' };
  for (let n = 0; n < 5; n++) assert.equal((await call('+15550113', key)).status, 200);
  assert.deepEqual(functions.acs.operations, ['create']);
  for (let n = 0; n < 2; n++) assert.equal((await call('+15550113')).status, 200);
  assert.equal((await call('+15550113')).status, 429);
});

test('a call that ACS throttled is not counted, and one whose answer was broken is: it may ring', async () => {
  functions.acs.failing = { path: '/callConnections', failure: { status: 429, code: '8509' } };
  for (let n = 0; n < 4; n++) assert.equal((await call('+15550114')).body.error.code, 'acs.unavailable');
  functions.acs.failing = { path: '/callConnections', failure: { status: 201, code: 'no call' } };
  for (let n = 0; n < 3; n++) assert.equal((await call('+15550114')).body.error.code, 'acs.refused');
  functions.acs.reset();
  assert.equal((await call('+15550114')).body.error.code, 'outbound.number-per-day');
});

test('a call that ends gives back what it did not use of the budget, once, and though its host has ended its session before', async () => {
  const placed: { call_id: string; session_id: string }[] = [];
  // Ten minutes at 0.01 each: ten of them fill the budget.
  for (let n = 0; n < 10; n++) placed.push((await call(`+1555020${n}`)).body);
  assert.equal((await call('+15550210')).body.error.code, 'outbound.budget');
  const authorization = await functions.acs.authorization();
  const end = async (n: number, type: string, id: string) => {
    const { call_id: callConnectionId = '', session_id: sessionId = '' } = placed[n] ?? {};
    const event = { id, type: `Microsoft.Communication.${type}`, data: { callConnectionId } };
    const path = `calls/callbacks/${sessionId}`;
    assert.equal((await functions.request('POST', path, [event], { authorization })).status, 200);
  };
  await end(0, 'CreateCallFailed', 'e-1');
  await end(0, 'CallDisconnected', 'e-2');
  assert.equal((await call('+15550210')).status, 200);
  assert.equal((await call('+15550211')).body.error.code, 'outbound.budget');

  // Nine minutes of the one, and nine of the other: each may have been answered.
  for (const n of [1, 2]) {
    const ended = { status: 'disconnected', endedAt: Date.now() } as const;
    await functions.store.update(placed[n]?.session_id ?? '', () => ended);
    await end(n, 'CallDisconnected', `e-${n + 2}`);
  }
  assert.equal((await call('+15550211')).status, 200);
  assert.equal((await call('+15550212')).body.error.code, 'outbound.budget');
});

test('there is one way to place a call, and it leads through the gate', () => {
  const root = join(import.meta.dirname, '../..');
  const files = globSync('{agents,functions,shared,stream-host}/**/*.ts', { cwd: root });
  const placing = files.filter(
    (file) =>
      !/\.test\.ts$|\/testing\//.test(file) &&
      /\bcalls\.place\(|\.createCall\(/.test(readFileSync(join(root, file), 'utf8')),
  );
  assert.deepEqual(placing.sort(), ['functions/calls/place-call.ts', 'shared/carrier/acs/acs-carrier.ts']);
});
