import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../shared/clock.ts';
import { errorBody } from '../../shared/http/error-body.ts';
import { browserMessage } from '../../shared/protocol/browser.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { SessionRelay } from '../session/session-relay.ts';
import {
  ANSWER,
  type Client,
  call,
  GREETING,
  HEARD,
  phoneSession,
  redisForTests,
  startHost,
} from '../testing/host-under-test.ts';
import { RelayDoor } from './relay-door.ts';

const redis = await redisForTests();
const host = await startHost(redis.url);
const other = await startHost(redis.url);
const RELAY = '/api/v1/realtime/dashboard/relay';

type Host = typeof host;

/** A call in which the caller asks once, and is answered. */
async function holdCall(on: Host, callId: string, sessionId: string, context?: Record<string, unknown>) {
  await on.store.create({ ...phoneSession(sessionId), ...(context && { context }) });
  const phone = await on.phone(callId, sessionId);
  const talking = phone.startCall();
  await phone.untilKind('AudioData');
  talking.say(400);
  return phone;
}

suite('the dashboard relay', { concurrency: true }, () => {
  test('whoever knows a call’s id sees its words, tools and delays, on whichever host it is (5.2-7)', async () => {
    const watcher = await other.connect(`${RELAY}?call_connection_id=relay-call-1`);
    const phone = await holdCall(host, 'relay-call-1', 'relay-1');
    await watcher.untilType('turn_latency');
    await watcher.until((m) => m.type === 'assistant_spoken' && m.turn === 2);
    phone.socket.terminate();
    await watcher.untilType('session_end');
    for (const message of watcher.messages) {
      browserMessage.parse(message);
      assert.deepEqual([message.session_id, message.call_id], ['relay-1', 'relay-call-1']);
    }
    const of = (type: string) => watcher.messages.find((message) => message.type === type);
    assert.equal(watcher.messages[0]?.type, 'session_ready');
    assert.partialDeepStrictEqual(of('status')?.payload, { message: GREETING });
    assert.equal(of('user_final')?.content, HEARD);
    assert.deepEqual([of('tool_start')?.args, of('tool_end')?.result], [call.args, { status: 'shipped' }]);
    assert.equal(watcher.messages.findLast((m) => m.type === 'assistant_spoken')?.full, ANSWER);
    assert.equal(of('audio_data'), undefined);
    watcher.socket.terminate();
  });

  test('the page that asked for a call sees it under its own session id, and nobody sees another’s', async () => {
    const asked = await host.connect(`${RELAY}?session_id=page-7`);
    const stranger = await host.connect(`${RELAY}?session_id=somebody-else`);
    const phone = await holdCall(host, 'relay-call-2', 'relay-2', { browser_session_id: 'page-7' });
    await asked.until((m) => m.type === 'assistant_spoken' && m.turn === 2);
    assert.equal(stranger.messages.length, 0);
    for (const client of [phone, asked, stranger]) client.socket.terminate();
  });

  test('all sessions are told to a page of this machine only', async () => {
    const page = await host.connect(RELAY, { origin: host.http });
    const browser = await host.browser('?session_id=relay-talk');
    // Among those of the other tests.
    const ready = await page.until((m) => m.type === 'session_ready' && m.session_id === 'relay-talk');
    assert.equal(ready.call_id, null);
    await assert.rejects(host.connect(RELAY), { status: 400 });
    await assert.rejects(host.connect(RELAY, { origin: 'https://evil.example' }), { status: 403 });
    await assert.rejects(host.connect(`${RELAY}?session_id=a`, { origin: 'https://evil.example' }), { status: 403 });
    for (const client of [page, browser]) client.socket.terminate();
  });
});

test('watchers are counted, take no place of a caller, and are sent elsewhere when the host closes', async () => {
  const closing = await startHost(redis.url, { maxSessions: 1 });
  const watchers = await Promise.all([1, 2].map(() => closing.connect(`${RELAY}?session_id=a`)));
  const status = (await (await fetch(`${closing.http}/api/v1/realtime/status`)).json()) as Record<string, object>;
  assert.partialDeepStrictEqual(status.active_connections, { dashboard_clients: 2, conversation_sessions: 0 });
  assert.partialDeepStrictEqual(status.features, { dashboard_broadcasting: true });
  const talking = await closing.browser();
  await talking.untilType('session_ready');
  await closing.close('The server is being restarted.');
  for (const watcher of watchers) assert.equal((await watcher.closed).code, 1001);
});

test('a watcher who sends much is closed: one large message, or small ones without end (relay flood)', async () => {
  const large = await host.connect(`${RELAY}?session_id=a`);
  large.socket.send('x'.repeat(1025));
  assert.equal((await large.closed).code, 1009);
  const many = await host.connect(`${RELAY}?session_id=a`);
  // 1.1 MB are as much as 35 s of audio, of which a line takes 5 s at once and forgives 30 s.
  for (let i = 0; i < 1500; i++) many.socket.send('x'.repeat(1024));
  assert.equal((await many.closed).code, 4430);
});

test('one client has a share of the places for watchers, and gets it back (relay places)', async () => {
  const crowded = await startHost(redis.url, { trustedProxyHops: 1 });
  const watch = async (client: string) => {
    const ticket = await crowded.ticket({ kind: 'dashboard', sessionId: 'made-up' });
    return crowded.connect(`${RELAY}?ticket=${ticket}`, { 'x-forwarded-for': client });
  };
  const held = await Promise.all(Array.from({ length: 8 }, () => watch('203.0.113.1')));
  await assert.rejects(watch('203.0.113.1'), (refused: { status: number; body: unknown }) => {
    const { code, message } = errorBody.parse(refused.body).error;
    assert.match(message, /watched sessions/);
    return refused.status === 429 && code === 'client.too-many-sessions';
  });
  const beside = await watch('203.0.113.2');
  held[0]?.socket.terminate();
  // The host learns a little later that a client has gone.
  let again: Client | undefined;
  await eventually(async () => {
    again = await watch('203.0.113.1').catch(() => undefined);
    return again !== undefined;
  });
  for (const client of [...held, beside, again]) client?.socket.terminate();
});

test('one client may open sixty watches in a minute, and more in the next (known faults)', async () => {
  const clock = new VirtualClock();
  const door = new RelayDoor({ relay: { watch: async () => () => {} }, clock, log: pino({ level: 'silent' }) });
  const open = () => {
    const release = door.clients.admit('203.0.113.1');
    if (typeof release === 'function') release();
    return release;
  };
  for (let i = 0; i < 60; i += 1) assert.equal(typeof open(), 'function');
  assert.equal(open(), 'too-often');
  await clock.advance(60_000);
  assert.equal(typeof open(), 'function');
});

test('what Redis does not take in time is dropped and counted; nothing waits for it', () => {
  const log = pino({ level: 'silent' });
  const nowhere = connectRedis('redis://127.0.0.1:1', log);
  const relay = new SessionRelay({ redis: nowhere, clock: systemClock, log });
  const events = new SessionEvents(systemClock);
  const session = { ...phoneSession('lost'), version: 1, createdAt: 0 };
  relay.follow(session, { resumed: false, scripted: true }, events);
  for (let i = 0; i < 2000; i += 1) events.emit('callerPartial', { text: `word ${i}` });
  // One is with Redis, 512 wait.
  assert.equal(relay.dropped, 2001 - 513);
  relay.close();
  nowhere.disconnect();
});

test('what watchers have missed is among the figures of its host', async () => {
  const lone = await startHost(redis.url, { place: 'lone' });
  await lone.store.create(phoneSession('missed'));
  const phone = await lone.phone('call-missed', 'missed');
  const talking = phone.startCall();
  await phone.untilKind('AudioData');
  assert.equal(lone.reading().relayDrops, 0);
  lone.redis.disconnect();
  talking.say(400);
  await eventually(() => lone.reading().relayDrops > 0);
  await lone.redis.connect();
  phone.socket.terminate();
  await lone.close();
});

test('a watch ends after half a day, so that nobody watches for ever by one ticket', async (t) => {
  const late: (() => void)[] = [];
  const after = (delayMs: number, task: () => void) => {
    if (delayMs === 12 * 3_600_000) late.push(task);
    return () => {};
  };
  const clock = { now: () => 0, wallMs: () => 0, after };
  const door = new RelayDoor({ relay: { watch: async () => () => {} }, clock, log: pino({ level: 'silent' }) });
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => server.close());
  server.on('connection', async (socket, request) =>
    (await door.admit(request, { byTicket: true }, () => () => {}))(socket),
  );
  await once(server, 'listening');
  const watcher = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await eventually(() => late.length === 1);
  late[0]?.();
  const [code] = await once(watcher, 'close');
  assert.equal(code, 1001);
  assert.equal(door.count, 0);
});
