import assert from 'node:assert/strict';
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
