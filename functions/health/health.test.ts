import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { eventually } from '../../shared/testing/eventually.ts';
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

test('readiness tells anybody the status alone, in the shape of the old API', async () => {
  await eventually(async () => (await functions.request('GET', 'readiness')).body.status === 'degraded');
  await functions.announce({ sessions: 0, maxSessions: 1 });
  const { status, body } = await functions.request('GET', 'readiness');
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body), ['status', 'response_time_ms', 'checks', 'timestamp', 'event_system']);
  assert.deepEqual(body.checks, []);
});

test('the functions tell how many places are taken, also when no stream host has one left and none is in the rotation', async () => {
  await functions.announce({ sessions: 7, maxSessions: 7 });
  await eventually(async () => {
    const { status, body } = await functions.request('GET', 'places');
    assert.equal(status, 200);
    return body.taken === 7;
  });
});

test('each service is told with how it stands to the functions, behind the door of the API', async () => {
  const states = async () => {
    const { body } = await functions.request('GET', 'health/dependencies');
    return Object.fromEntries(
      body.dependencies.map((each: { name: string; state: string }) => [each.name, each.state]),
    );
  };
  await eventually(async () => Object.values(await states()).filter((state) => state === 'accepted').length === 4);
  assert.deepEqual(await states(), {
    redis: 'accepted',
    acs: 'accepted',
    'acs-keys': 'accepted',
    'call-records': 'not configured',
    'stream-hosts': 'accepted',
  });
  assert.deepEqual(functions.acs.operations, [], 'nothing was changed at ACS');
  const contract = ALL_ROUTES.find(({ path }) => path === '/api/v1/health/dependencies');
  assert.equal(contract?.access, 'api');
});
