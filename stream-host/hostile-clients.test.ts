import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { encodeServiceAudio, encodeServiceMetadata } from '../shared/carrier/acs/media-frames.ts';
import { eventually } from '../shared/testing/eventually.ts';
import type { Responder } from './contract/agent.ts';
import {
  type Client,
  type HostUnderTest,
  LOUD,
  phoneSession,
  QUIET,
  redisForTests,
  responder,
  startHost,
} from './testing/host-under-test.ts';

const redis = await redisForTests();

interface Refused {
  readonly status: number;
  readonly body: { readonly error: { readonly code: string; readonly message: string } };
}

/** Opens sockets one after the other: those that were let in, and how the others were refused. */
async function openMany(count: number, open: (n: number) => Promise<Client>) {
  const clients: Client[] = [];
  const refused: Refused[] = [];
  for (let n = 0; n < count; n++) {
    try {
      clients.push(await open(n));
    } catch (error) {
      refused.push(error as Refused);
    }
  }
  return { clients, refused, codes: [...new Set(refused.map(({ status, body }) => `${status} ${body.error.code}`))] };
}

/** Sends without end, until the host has closed; gives its code. What was sent slowly is forgiven. */
async function flood({ socket, closed }: Client, send: () => void): Promise<number> {
  const flooding = setInterval(() => {
    for (let i = 0; i < 10_000 && socket.bufferedAmount < 1_000_000 && socket.readyState === WebSocket.OPEN; i++)
      send();
  }, 1);
  const { code } = await closed;
  clearInterval(flooding);
  return code;
}

async function greetedCall(host: HostUnderTest, id: string) {
  await host.store.create(phoneSession(id));
  const caller = await host.phone(`call-${id}`, id);
  const line = caller.startCall();
  await caller.untilKind('AudioData');
  return { caller, line };
}

test('a hundred silent browsers do not keep a phone caller out, and are gone after a while (H1)', async () => {
  const host = await startHost(redis.url, {
    maxSessions: 20,
    maxBrowserSessions: 10,
    waits: { browserFirstAudioMs: 1500, browserSilentMs: 1500 },
  });
  const { clients, codes } = await openMany(100, async (n) => {
    const client = await host.browser();
    // A sound of two bytes is none; one of a tenth of a second is, and then nothing follows.
    client.socket.send(n % 2 === 0 ? new Uint8Array(2) : new Uint8Array(3200));
    return client;
  });
  assert.ok(clients.length >= 10);
  assert.deepEqual(codes, ['503 host.full']);
  const { caller } = await greetedCall(host, 'let-in');
  for (const { code, reason } of await Promise.all(clients.map(({ closed }) => closed))) {
    assert.equal(code, 4408);
    assert.match(reason, /No audio came|sound stopped/);
  }
  assert.ok(clients[0]?.messages.some(({ type, code }) => type === 'notice' && code === 'caller.no-audio'));
  await eventually(() => host.live.browserCount === 0);
  assert.equal(caller.socket.readyState, WebSocket.OPEN);
  assert.equal(host.live.count, 1);
});

test('one client has so many sessions at a time, and opens so many a minute (H1, sessionFlood)', async () => {
  const host = await startHost(redis.url, { clientLimits: { maxSessions: 5, opensPerMinute: 30 } });
  const held = await openMany(20, () => host.browser());
  assert.equal(held.clients.length, 5);
  assert.deepEqual(held.codes, ['429 client.too-many-sessions']);
  for (const { socket } of held.clients) socket.terminate();
  await eventually(() => host.live.count === 0);

  const beganMs = performance.now();
  const flood = await openMany(200, async (n) => {
    const client = await host.browser(`?session_id=flood-${n}`);
    client.socket.terminate();
    await eventually(() => host.live.count === 0);
    return client;
  });
  // 25 are left of the first minute's thirty; another one is earned every two seconds.
  const mostLetIn = 26 + (performance.now() - beganMs) / 2000;
  assert.ok(flood.clients.length <= mostLetIn, `${flood.clients.length} were let in, and not ${mostLetIn}`);
  assert.deepEqual(flood.codes, ['429 client.too-many-opens']);
  const { caller } = await greetedCall(host, 'beside-a-flood');
  caller.socket.terminate();
});

test('clients behind a proxy are told apart by it where it is trusted, and by nothing that they say (H1)', async () => {
  const clientLimits = { maxSessions: 1, opensPerMinute: 30 };
  const path = '/api/v1/realtime/conversation';
  const behind = await startHost(redis.url, { clientLimits, trustedProxyHops: 1 });
  const asked = (host: HostUnderTest) => (forwarded: string) =>
    openMany(1, async () => {
      const ticket = await host.ticket({ kind: 'browser', sessionId: randomUUID() });
      return host.connect(`${path}?ticket=${ticket}`, { 'x-forwarded-for': forwarded });
    }).then(({ clients }) => clients.length);
  const trusting = asked(behind);
  assert.equal(await trusting('203.0.113.1'), 1);
  assert.equal(await trusting('203.0.113.2'), 1);
  assert.equal(await trusting('198.51.100.7, 203.0.113.2'), 0);
  const bare = await startHost(redis.url, { clientLimits });
  const suspicious = asked(bare);
  assert.equal(await suspicious('203.0.113.1'), 1);
  assert.equal(await suspicious('203.0.113.2'), 0);
});

test('sockets that flood the host with audio lose it and are closed, and a caller beside them cuts in (H6)', async (t) => {
  // Long enough to be cut in on, however long the others take to connect.
  const talkative = (): Responder => ({
    ...responder(),
    async *respond() {
      yield { type: 'text', text: 'It is on its way. '.repeat(100) };
    },
  });
  const host = await startHost(redis.url, { openResponder: talkative });
  const { caller, line } = await greetedCall(host, 'beside-audio');
  await sleep(200);
  line.say(400);
  const answer = await caller.until(({ kind }) => kind === 'AudioData', caller.messages.length);
  assert.ok(answer);
  const loud = new Uint8Array(64_000).map((_, i) => LOUD[i % LOUD.length] ?? 0);
  const { clients } = await openMany(8, (n) => host.browser(`?session_id=audio-flood-${n}`));
  await Promise.all(clients.map((client) => client.untilType('session_ready')));
  const flooding = setInterval(() => {
    for (const { socket } of clients) if (socket.bufferedAmount < 1_000_000) socket.send(loud);
  }, 1);
  t.after(() => clearInterval(flooding));
  line.say(400);
  await caller.untilKind('StopAudio');
  const closed = await Promise.all(clients.map((client) => client.closed));
  clearInterval(flooding);
  assert.deepEqual([...new Set(closed.map(({ code }) => code))], [4430]);
  assert.match(closed[0]?.reason ?? '', /faster than time passes/);
  // Half a minute of each is dropped before it is closed: fifteen frames, and the one that is too much.
  assert.ok(host.live.excessFrames >= 8 * 16, `${host.live.excessFrames} frames were dropped`);
  assert.equal(caller.socket.readyState, WebSocket.OPEN);
  caller.socket.terminate();
});

test('commands or pongs without end are a flood too, and so is a phone line’s audio (H6)', async () => {
  const host = await startHost(redis.url);
  // Pings in heaps are cut by `ws` itself.
  const ponging = await host.browser();
  await ponging.untilType('session_ready');
  assert.equal(await flood(ponging, () => ponging.socket.pong()), 4430);
  const browser = await host.browser();
  await browser.untilType('session_ready');
  assert.equal(await flood(browser, () => browser.socket.send('{"type":"interrupt"}')), 4430);
  await host.store.create(phoneSession('phone-flood'));
  const phone = await host.phone('phone-flood-call', 'phone-flood');
  phone.socket.send(encodeServiceMetadata('s', 16_000));
  const frame = encodeServiceAudio(new Uint8Array(320 * 32), new Date(0), 'p', false);
  for (let i = 0; i < 120; i++) phone.socket.send(frame);
  assert.equal((await phone.closed).code, 4430);
});

test('a call whose media stops while its socket stands is closed, so that it can be mended (H1)', async () => {
  const host = await startHost(redis.url, { waits: { silentMs: 300 } });
  await host.store.create(phoneSession('stops'));
  const phone = await host.phone('stops-call', 'stops');
  phone.socket.send(encodeServiceMetadata('s', 16_000));
  for (let i = 0; i < 10; i++) phone.socket.send(encodeServiceAudio(QUIET, new Date(0), 'p', true));
  const { code, reason } = await phone.closed;
  assert.equal(code, 4408);
  assert.match(reason, /Audio stopped/);
});

test('a line that closes, or breaks the protocol, and leaves its connection open is none any more (realtime reader: half-open)', async () => {
  const host = await startHost(redis.url);
  const leaving = await host.browser();
  const broken = await host.browser();
  for (const client of [leaving, broken]) await client.untilType('session_ready');
  leaving.socket.pause();
  leaving.socket.close(1000);
  broken.socket.send('x'.repeat(300_000));
  broken.socket.pause();
  const sinceMs = performance.now();
  await eventually(() => host.live.count === 0);
  assert.ok(performance.now() - sinceMs < 15_000, 'not the half minute of `ws`');
  for (const { socket } of [leaving, broken]) socket.terminate();
});

test('a browser that misses a ping for a second, or answers none and talks, keeps its session (H10)', async () => {
  const host = await startHost(redis.url, { probeMs: { phone: 1000, browser: 5000 } });
  const stalled = await host.browser('?session_id=stalled');
  await stalled.untilType('session_ready');
  stalled.socket.pause();
  const intruder = host.browser('?session_id=stalled');
  await sleep(1200);
  stalled.socket.resume();
  assert.equal((await (await intruder).closed).code, 4409);

  const mute = new WebSocket(`${host.http.replace('http', 'ws')}/api/v1/realtime/conversation?session_id=mute`, {
    autoPong: false,
  });
  const isReady = once(mute, 'message');
  const talking = setInterval(() => {
    if (mute.readyState === WebSocket.OPEN) mute.send(QUIET);
  }, 20);
  await isReady;
  const second = await host.browser('?session_id=mute');
  assert.equal((await second.closed).code, 4409);
  assert.equal(mute.readyState, WebSocket.OPEN);
  clearInterval(talking);
  mute.terminate();
  stalled.socket.terminate();
});
