import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../shared/sessions/session.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());
beforeEach(() => functions.acs.nextTest());

const newSession = (fields: Partial<Session> = {}) =>
  functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'ringing',
    ...fields,
  });

let sent = 0;
/** When the calls of this file connect: an hour ago, as a time that no clock would give is not believed. */
const CONNECTED_AT = Math.floor(Date.now() / 1000 - 3600) * 1000;
const inSeconds = (seconds: number, fraction = '000Z') =>
  new Date(CONNECTED_AT + seconds * 1000).toISOString().replace(/000Z$/, fraction);

function event(type: string, callConnectionId: string, data: object = {}, time = inSeconds(0, '1234567+00:00')) {
  return {
    id: `event-${++sent}`,
    source: `calling/callConnections/${callConnectionId}`,
    type: `Microsoft.Communication.${type}`,
    data: { version: '2024-09-15', callConnectionId, serverCallId: 's', correlationId: 'c', ...data },
    time,
    specversion: '1.0',
    datacontenttype: 'application/json',
    subject: `calling/callConnections/${callConnectionId}`,
  };
}

async function deliver(path: string, body: unknown, authorization?: string) {
  const header = authorization ?? (await functions.acs.authorization());
  return functions.request('POST', `calls/callbacks${path}`, body, { authorization: header });
}

test('a sender who cannot prove to be ACS is turned away', async () => {
  const session = await newSession();
  const body = [event('CallConnected', 'connection-a')];
  for (const header of [
    '',
    'Bearer forged',
    `Bearer ${await functions.acs.tokens.sign(60, 'https://communication.azure.com')}`,
  ]) {
    const answer = await deliver(`/${session.id}`, body, header);
    assert.equal(answer.status, 401);
    assert.match(answer.body.error.code, /^auth\.token-/);
  }
  assert.equal((await functions.store.get(session.id))?.status, 'ringing');
});

test('a call connects and ends: status, times, reason and timeline follow, and the old fields are answered', async () => {
  const { id } = await newSession();
  const connected = await deliver(`/${id}`, [event('CallConnected', 'connection-b')]);
  assert.deepEqual(connected.body, {
    status: 'success',
    processed_events: 1,
    failed_events: 0,
    duplicate_events: 0,
    ignored_events: 0,
    call_connection_id: 'connection-b',
    processing_system: 'events_v1',
  });
  assert.equal((await functions.store.findByCall('connection-b'))?.status, 'connected');
  const result = { resultInformation: { code: 200, subCode: 560000, message: 'The conversation has ended.' } };
  await deliver(`/${id}`, event('CallDisconnected', 'connection-b', result, inSeconds(30)));
  const session = await functions.store.get(id);
  assert.equal(session?.status, 'disconnected');
  assert.equal(session?.endReason, 'caller-ended');
  assert.equal(session?.endDetail, 'CallDisconnected 200/560000 The conversation has ended.');
  assert.equal((session?.endedAt ?? 0) - (session?.connectedAt ?? 0), 29_877);
  const timeline = await functions.store.events(id);
  assert.deepEqual(
    timeline.map(({ type }) => type),
    ['acs.CallConnected', 'acs.CallDisconnected'],
  );
});

test('every event of an array counts once; unknown ones and unknown calls are passed over', async () => {
  const { id } = await newSession();
  const connected = event('CallConnected', 'connection-c');
  const body = [connected, connected, event('BrandNewThing', 'connection-c'), { nonsense: true }];
  const first = (await deliver(`/${id}`, body)).body;
  assert.deepEqual([first.processed_events, first.duplicate_events, first.ignored_events], [1, 1, 2]);
  assert.equal((await deliver(`/${id}`, [connected])).body.duplicate_events, 1);
  assert.equal((await deliver('/no-such-session', [event('CallConnected', 'nobody')])).body.ignored_events, 1);
  assert.equal((await functions.store.events(id)).length, 1);
});

test('without a session in the address the call finds its session', async () => {
  const { id } = await newSession();
  await functions.store.bind(id, { callConnectionId: 'connection-d' });
  await deliver('', [event('CallConnected', 'connection-d')]);
  assert.equal((await functions.store.get(id))?.status, 'connected');
});

test('a late CallConnected does not revive a call that is over, but tells when it connected', async () => {
  const { id } = await newSession();
  await deliver(`/${id}`, [event('CallDisconnected', 'connection-e', {}, inSeconds(60))]);
  await deliver(`/${id}`, [event('CallConnected', 'connection-e', {}, inSeconds(0))]);
  const session = await functions.store.get(id);
  assert.equal(session?.status, 'disconnected');
  assert.equal(session?.connectedAt, CONNECTED_AT);
  assert.deepEqual(functions.acs.operations, []);
});

test('a call that never came about is failed', async () => {
  const { id } = await newSession({ status: 'initiating', direction: 'outbound' });
  const result = { resultInformation: { code: 486, subCode: 560486, message: 'Busy here' } };
  await deliver(`/${id}`, [event('CreateCallFailed', 'connection-f', result)]);
  const session = await functions.store.get(id);
  assert.deepEqual([session?.status, session?.endReason], ['failed', 'busy']);
});

test('a call that was given up as failed, but connects, is hung up', async () => {
  const { id } = await newSession({ status: 'failed', endReason: 'acs.unreachable' });
  await deliver(`/${id}`, [event('CallConnected', 'connection-g')]);
  assert.deepEqual(functions.acs.operations, ['terminate']);
});

test('an event of a second call that names the same session leaves the session alone', async () => {
  const { id } = await newSession({ callConnectionId: 'connection-h', status: 'connected' });
  await deliver(`/${id}`, [event('CallDisconnected', 'connection-other')]);
  assert.equal((await functions.store.get(id))?.status, 'connected');
});

test('media that is lost while the call stands is started again', async () => {
  const { id } = await newSession({ callConnectionId: 'connection-i', status: 'connected' });
  const update = { mediaStreamingUpdate: { mediaStreamingStatusDetails: 'streamConnectionInterrupted' } };
  await deliver(`/${id}`, [event('MediaStreamingStopped', 'connection-i', update)]);
  assert.equal(functions.acs.requests[0]?.path, '/calling/callConnections/connection-i:startMediaStreaming');
  const [lost] = await functions.store.events(id);
  assert.equal(lost?.data.mediaDetails, 'streamConnectionInterrupted');
});

test('media that stops because the caller hung up is left alone', async () => {
  const { id } = await newSession({ callConnectionId: 'connection-l', status: 'connected' });
  const update = { mediaStreamingUpdate: { mediaStreamingStatusDetails: 'subscriptionStopped' } };
  await deliver(`/${id}`, [event('MediaStreamingStopped', 'connection-l', update)]);
  assert.deepEqual(functions.acs.operations, []);
});

test('media that stops because the call is being ended is not started again; a call that still stands is ended (review 4.2)', async () => {
  const { id } = await newSession({ callConnectionId: 'connection-j', status: 'connected', endReason: 'goodbye' });
  await deliver(`/${id}`, [event('MediaStreamingStopped', 'connection-j')]);
  assert.deepEqual(functions.acs.operations, ['terminate']);
});

test('a call whose session Redis has lost is hung up when its media is lost too, rather than left silent (H2)', async () => {
  const lost = event('MediaStreamingFailed', 'connection-m', {
    mediaStreamingUpdate: { mediaStreamingStatusDetails: 'streamConnectionInterrupted' },
  });
  assert.equal((await deliver('/lost-session', [lost])).body.processed_events, 1);
  assert.deepEqual(
    functions.acs.requests.map(({ path }) => path),
    ['/calling/callConnections/connection-m:terminate'],
  );
  functions.acs.reset();
  assert.equal((await deliver('', [lost])).body.ignored_events, 1, 'an address that names no session is not ours');
  assert.equal((await deliver('/lost-session', [event('CallConnected', 'connection-m')])).body.ignored_events, 1);
  assert.deepEqual(functions.acs.operations, []);
});

test('a session that its host writes again meanwhile heals, and its call stands (H2)', async () => {
  const restored = randomUUID();
  const lost = event('MediaStreamingFailed', 'connection-n');
  const delivery = deliver(`/${restored}`, [lost]);
  await delay(1_000);
  await newSession({ id: restored, status: 'connected', callConnectionId: 'connection-n' });
  assert.equal((await delivery).body.processed_events, 1);
  assert.deepEqual(functions.acs.operations, ['startMediaStreaming']);
});

test('an event that meets passing trouble is answered with 503, and its next delivery does the work', async () => {
  const { id } = await newSession({ callConnectionId: 'connection-k', status: 'connected' });
  const lost = event('MediaStreamingFailed', 'connection-k');
  functions.acs.failing = { path: ':startMediaStreaming', failure: { status: 503, code: '5030' } };
  assert.equal((await deliver(`/${id}`, [lost])).body.error.code, 'acs.unavailable');
  functions.acs.reset();
  // The event itself was taken in before.
  assert.equal((await deliver(`/${id}`, [lost])).body.duplicate_events, 1);
  assert.deepEqual(functions.acs.operations, ['startMediaStreaming']);
});
