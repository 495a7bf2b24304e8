import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostReport } from '../host/host-health.ts';
import type { StreamHostVitals } from '../host/vitals.ts';
import { redisForTests, startHost } from '../testing/host-under-test.ts';

const redis = await redisForTests();
const host = await startHost(redis.url);

test('liveness needs nothing and tells how the process is', async () => {
  const live = await fetch(`${host.http}/healthz`);
  assert.equal(live.status, 200);
  const vitals = (await live.json()) as StreamHostVitals & { status: string };
  assert.equal(vitals.status, 'ok');
  assert.deepEqual([vitals.sessions, vitals.maxSessions], [0, 20]);
  assert.ok(vitals.memory.rssMb > 0);
  assert.deepEqual(Object.keys(vitals.eventLoopDelayMs), ['p50', 'p99', 'max']);
  assert.deepEqual(vitals.playout, { droppedFrames: 0 });
});

test('readiness tells the status alone; how each service stands is for whoever may know', async () => {
  const ready = await fetch(`${host.http}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { status: 'ready' });
  const told = (await (await fetch(`${host.http}/api/v1/health/dependencies`)).json()) as HostReport;
  assert.deepEqual(
    told.dependencies.map(({ name, state }) => [name, state]),
    [
      ['redis', 'accepted'],
      ['stream-hosts', 'accepted'],
    ],
  );
});

test('whoever does not say who asks learns of health that the host lives, its status, and how many places are taken', async () => {
  const closed = await startHost(redis.url, {
    ticketRules: { servesThisMachineAlone: false, signIn: 'container-apps' },
  });
  const refused = await fetch(`${closed.http}/api/v1/health/dependencies`);
  assert.equal(refused.status, 401);
  // The platform asks nobody to sign in here, so that anybody may say that he has.
  const claims = [{ typ: 'sub', val: 'somebody' }];
  const forged = Buffer.from(JSON.stringify({ auth_typ: 'aad', claims })).toString('base64');
  const headers = { 'x-ms-client-principal': forged };
  assert.equal((await fetch(`${closed.http}/api/v1/health/dependencies`, { headers })).status, 401);
  assert.deepEqual(await (await fetch(`${closed.http}/healthz`, { headers })).json(), { status: 'ok' });
  assert.deepEqual(await (await fetch(`${closed.http}/readyz`)).json(), { status: 'ready' });
  const places = await (await fetch(`${closed.http}/api/v1/places`)).json();
  assert.deepEqual(Object.keys(places as object), ['taken']);
});
