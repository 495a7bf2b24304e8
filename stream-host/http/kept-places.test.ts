import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';

const redis = await redisForTests();

test('a browser does not take the place that is kept for a call on its way (H4)', async () => {
  const host = await startHost(redis.url, { maxSessions: 2, maxBrowserSessions: 2 });
  assert.equal(await host.store.hosts.reserve('kept-1', { agent: 'orders', mode: 'media' }, 20_000), 'kept');
  assert.equal(await host.store.hosts.reserve('kept-2', { agent: 'orders', mode: 'media' }, 20_000), 'kept');
  await assert.rejects(
    host.browser(),
    (error: { status: number; body: { error: { code: string; message: string } } }) =>
      error.body.error.code === 'host.full' && /kept for calls/.test(error.body.error.message),
  );
  assert.equal(host.live.count, 0, 'it gave its place back');

  await host.store.create(phoneSession('kept-1'));
  const phone = await host.phone('call-1', 'kept-1');
  phone.startCall();
  await phone.untilKind('AudioData');
  await assert.rejects(host.browser(), { status: 503 }, 'the other place is kept still');
  await host.store.hosts.giveBack('kept-2');
  const browser = await host.browser();
  await browser.untilType('session_ready');
});
