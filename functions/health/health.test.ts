import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());

test('health answers with the fields of the old API', async () => {
  const { status, body } = await functions.request('GET', 'health');
  assert.equal(status, 200);
  assert.equal(body.status, 'healthy');
  assert.match(body.version, /^\d+\.\d+\.\d+$/);
  assert.ok(Math.abs(body.timestamp - Date.now() / 1000) < 60);
  assert.deepEqual(body.details, { api_version: 'v1', service: 'parley-functions' });
  assert.deepEqual([body.active_sessions, body.session_metrics], [null, null]);
});

test('readiness names each dependency, in the shape of the old API', async () => {
  const { status, body } = await functions.request('GET', 'readiness');
  assert.equal(status, 200);
  assert.equal(body.status, 'ready');
  assert.equal(typeof body.response_time_ms, 'number');
  assert.deepEqual(
    body.checks.map((check: { component: string; status: string }) => [check.component, check.status]),
    [
      ['redis', 'healthy'],
      ['acs', 'healthy'],
      ['stream-host', 'healthy'],
    ],
  );
});
