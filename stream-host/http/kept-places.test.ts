import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../shared/testing/eventually.ts';
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
  assert.equal(host.live.refusals['kept-for-calls'], 1, 'it counts as one that was not let in');

  await host.store.create(phoneSession('kept-1'));
  const phone = await host.phone('call-1', 'kept-1');
  phone.startCall();
  await phone.untilKind('AudioData');
  await assert.rejects(host.browser(), { status: 503 }, 'the other place is kept still');
  await host.store.hosts.giveBack('kept-2');
  const browser = await host.browser();
  await browser.untilType('session_ready');
  await host.close();
});

test('a call that was answered as there was a place is let in by a host that is too busy since, where no other has room, also when its place is kept no longer (soak: media-never-came, closer17 7)', async () => {
  let overload: 'cpu' | undefined;
  const host = await startHost(redis.url, {
    openAdmission: () => ({
      get overload() {
        return overload;
      },
      reading: { open: true, loopDelayMs: 0, speechLaneMs: 0, cpu: 0 },
      onChange: () => () => undefined,
      close: () => undefined,
    }),
  });
  const needs = { agent: 'orders', mode: 'media' };
  for (const id of ['answered-1', 'answered-2']) {
    assert.equal(await host.store.hosts.reserve(id, needs, 60_000), 'kept');
    await host.store.create(phoneSession(id));
  }
  await host.store.create({ ...phoneSession('nobody-asked'), status: 'ringing' });
  await host.store.create(phoneSession('answered-late'));
  overload = 'cpu';
  const statusIs = (wanted: string) =>
    eventually(
      async () => ((await (await fetch(`${host.http}/readyz`)).json()) as { status: string }).status === wanted,
    );
  await statusIs('degraded');
  const phone = await host.phone('call-answered-1', 'answered-1');
  phone.startCall();
  await phone.untilKind('AudioData');
  await assert.rejects(host.phone('call-nobody-asked', 'nobody-asked'), { status: 503 });
  // ACS answered after 20 s: his place was kept no longer (closer17 7).
  const late = await host.phone('call-answered-late', 'answered-late');
  late.startCall();
  await late.untilKind('AudioData');

  await host.store.hosts.announce('elsewhere', { sessions: 0, maxSessions: 5 }, 60_000);
  await statusIs('full');
  await assert.rejects(host.phone('call-answered-2', 'answered-2'), { status: 503 }, 'another host has room for it');
});

test('a call that stands is let in by a host whose places are all taken, and no new one is (issue 17)', async () => {
  const host = await startHost(redis.url, { maxSessions: 1 });
  const browser = await host.browser();
  await browser.untilType('session_ready');
  await host.store.create({ ...phoneSession('full-new'), status: 'ringing' });
  await assert.rejects(host.phone('call-full-new', 'full-new'), { status: 503 });
  await host.store.create(phoneSession('full-stands'));
  await host.store.claim('full-stands', 'gone#1#socket', 60_000);
  const phone = await host.phone('call-full-stands', 'full-stands');
  phone.startCall();
  await phone.untilKind('AudioData');
  await host.close();
});
