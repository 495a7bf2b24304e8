import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** What `outbound.test.ts` does not see, as it has a number of its own and a day without end. */

const folder = mkdtempSync(join(tmpdir(), 'prices-'));
let functions: FunctionsUnderTest;
before(async () => {
  writeFileSync(join(folder, 'prices.json'), '{"49": 0.02}');
  functions = await startFunctions({
    ACS_SOURCE_NUMBER: '',
    OUTBOUND_CALLS_PER_DAY: '1',
    OUTBOUND_PRICES: join(folder, 'prices.json'),
    OUTBOUND_BUDGET_PER_DAY: '1000',
  });
  await functions.announce({ sessions: 0, maxSessions: 1000 });
});
after(async () => {
  await functions.close();
  rmSync(folder, { recursive: true });
});

const call = (target_number: string, caller_id?: string) =>
  functions.request('POST', 'calls/initiate', { target_number, caller_id });

test('without a number of ours, for a price that nobody knows, and beyond a day’s calls nothing is placed, and each has its code', async () => {
  const german = '+493012345678';
  assert.equal((await call(german)).body.error.code, 'calls.no-source-number');
  assert.equal((await call('+33140205050', '+15550100')).body.error.code, 'outbound.price-unknown');
  assert.equal((await call(german, '+15550100')).status, 200);
  const { status, body } = await call(german, '+15550100');
  assert.deepEqual([status, body.error.code], [429, 'outbound.per-day']);
});

test('a telephone that ACS does not ring from a call without a number of ours is refused with the setting that is missing (issue 16: Teams, acs.refused)', async () => {
  const call = { channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders', status: 'connected' } as const;
  const account = '28:orgid:1c0a8b3e-5d5f-4a4e-9c57-3d1f6f0e2a11';
  const added = async (target: string, to: string) => {
    const [id, callConnectionId] = [randomUUID(), randomUUID()];
    await functions.store.create({ ...call, id, callConnectionId, from: '+15557777', to });
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
