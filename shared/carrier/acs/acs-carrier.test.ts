import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { CarrierError } from '../carrier-error.ts';
import type { WatchRequest } from '../carrier-kind.ts';
import type { LineMedia } from '../line-media.ts';
import { AcsCarrier } from './acs-carrier.ts';
import { acsPartyOf, partyIdOf } from './parties.ts';

const MEDIA: LineMedia = { rateHz: 16_000, channels: 'mixed' };
const accessKey = Buffer.from('a key').toString('base64');

interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}
type Answer = (seen: Seen, response: ServerResponse, attempt: number) => void;

/** An HTTP server in place of ACS that records what the real SDK sends it. */
async function acsThat(t: TestContext, answer: Answer, attemptMs = 5000, watch?: WatchRequest) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const record = { path: request.url ?? '', headers: request.headers, body: text === '' ? {} : JSON.parse(text) };
    seen.push(record);
    response.setHeader('content-type', 'application/json');
    answer(record, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const calls = new AcsCarrier({
    access: {
      connectionString: `endpoint=http://127.0.0.1:${(server.address() as AddressInfo).port}/;accesskey=${accessKey}`,
    },
    callbackBase: 'https://functions.example/api/v1',
    mediaBase: 'wss://media.example/api/v1',
    attemptMs,
    watch,
  });
  return { calls, seen };
}

const connection = {
  callConnectionId: 'c-1',
  serverCallId: 's-1',
  correlationId: 'x-1',
  callConnectionState: 'connecting',
};
const error = (code: string) => JSON.stringify({ error: { code, message: 'no' } });

test('answering hands ACS the session in the callback, the socket and the operation context', async (t) => {
  const { calls, seen } = await acsThat(t, (_, response) => response.end(JSON.stringify(connection)));
  assert.deepEqual(await calls.answer('CTX', 'session-1', MEDIA), {
    callConnectionId: 'c-1',
    serverCallId: 's-1',
    correlationId: 'x-1',
  });
  const [request] = seen;
  assert.match(request?.path ?? '', /^\/calling\/callConnections:answer\?/);
  assert.match(request?.headers.authorization ?? '', /^HMAC-SHA256 SignedHeaders=/);
  assert.deepEqual(request?.body, {
    incomingCallContext: 'CTX',
    callbackUri: 'https://functions.example/api/v1/calls/callbacks/session-1',
    operationContext: 'session-1',
    mediaStreamingOptions: {
      transportType: 'websocket',
      transportUrl: 'wss://media.example/api/v1/media/stream?session_id=session-1',
      contentType: 'audio',
      audioChannelType: 'mixed',
      audioFormat: 'Pcm16KMono',
      startMediaStreaming: true,
      enableBidirectional: true,
      enableDtmfTones: true,
    },
  });
});

test('placing a call names target and source', async (t) => {
  const { calls, seen } = await acsThat(t, (_, response) => response.writeHead(201).end(JSON.stringify(connection)));
  const media: LineMedia = { rateHz: 24_000, channels: 'unmixed' };
  assert.equal((await calls.place('+15550001111', '+15550002222', 'session-2', media)).callConnectionId, 'c-1');
  assert.partialDeepStrictEqual(seen[0]?.body, {
    mediaStreamingOptions: { audioFormat: 'Pcm24KMono', audioChannelType: 'unmixed' },
  });
  const body = seen[0]?.body as {
    targets: { phoneNumber: { value: string } }[];
    sourceCallerIdNumber: { value: string };
  };
  assert.equal(body.targets[0]?.phoneNumber.value, '+15550001111');
  assert.equal(body.sourceCallerIdNumber.value, '+15550002222');
});

test('hanging up, rejecting and restarting the media go to the right operations', async (t) => {
  const { calls, seen } = await acsThat(t, (request, response) => {
    response.writeHead(request.path.includes('startMediaStreaming') ? 202 : 204).end();
  });
  await calls.hangUp('c-1');
  await calls.reject('CTX');
  await calls.startMedia('c-1', 'media-1');
  assert.deepEqual(
    seen.map((request) => request.path.split('?')[0]),
    [
      '/calling/callConnections/c-1:terminate',
      '/calling/callConnections:reject',
      '/calling/callConnections/c-1:startMediaStreaming',
    ],
  );
  assert.deepEqual(seen[1]?.body, { incomingCallContext: 'CTX', callRejectReason: 'busy' });
  assert.deepEqual(seen[2]?.body, { operationContext: 'media-1' });
});

test('a hiccup is retried under the same repeatability id', async (t) => {
  const { calls, seen } = await acsThat(t, (_, response, attempt) =>
    attempt < 3 ? response.writeHead(503).end() : response.end(JSON.stringify(connection)),
  );
  await calls.answer('CTX', 'session-1', MEDIA);
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen.map((request) => request.headers['repeatability-request-id'])).size, 1);
});

const failures: [status: number, code: string, transient: boolean][] = [
  [429, 'acs.unavailable', true],
  [500, 'acs.unavailable', true],
  [400, 'acs.refused', false],
  [401, 'acs.denied', false],
  [404, 'acs.call-gone', false],
];
for (const [status, code, transient] of failures) {
  test(`an answer of ${status} becomes ${code}`, async (t) => {
    const { calls } = await acsThat(t, (_, response) => response.writeHead(status).end(error('8500')));
    const thrown = await calls.hangUp('c-1').catch((caught: unknown) => caught);
    assert.ok(thrown instanceof CarrierError);
    assert.equal(thrown.code, code);
    assert.equal(thrown.transient, transient);
    assert.deepEqual(thrown.details, { acsStatus: status, acsCode: '8500' });
  });
}

test('an answer without a call id, for which the SDK throws a mere string, is an error like the others', async (t) => {
  const { calls } = await acsThat(t, (_, response) => response.end('{}'));
  await assert.rejects(calls.answer('CTX', 'session-1', MEDIA), (thrown: CarrierError) => {
    assert.ok(thrown instanceof CarrierError);
    assert.equal(thrown.code, 'acs.refused');
    assert.match(thrown.message, /callConnectionId is missing/);
    return true;
  });
});

test('silence is cut short, and a dead port is told as unreachable', async (t) => {
  const { calls } = await acsThat(t, () => undefined, 150);
  await assert.rejects(calls.startMedia('c-1', 'm'), { code: 'acs.unreachable', transient: true, uncertain: true });
  const nowhere = new AcsCarrier({
    access: { connectionString: `endpoint=http://127.0.0.1:1/;accesskey=${accessKey}` },
    callbackBase: 'http://localhost/api/v1',
    mediaBase: 'ws://localhost/api/v1',
  });
  await assert.rejects(nowhere.hangUp('c-1'), { code: 'acs.unreachable', transient: true, uncertain: false });
});

test('a request of which one attempt may have come through is not taken for one that ACS never saw (breaker16b 0b)', async (t) => {
  const cut = await acsThat(t, (_, response) => response.destroy());
  await assert.rejects(cut.calls.hangUp('c-1'), { code: 'acs.unreachable', uncertain: true });
  let close = () => {};
  const server = createServer((_, response) => {
    response.destroy();
    close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => void server.close();
  const { port } = server.address() as AddressInfo;
  const calls = new AcsCarrier({
    access: { connectionString: `endpoint=http://127.0.0.1:${port}/;accesskey=${accessKey}` },
    callbackBase: 'http://localhost/api/v1',
    mediaBase: 'ws://localhost/api/v1',
  });
  await assert.rejects(calls.hangUp('c-1'), { code: 'acs.unreachable', uncertain: true });
});

test('how a call stands is told in three words, and a call that ACS does not know is gone (H8)', async (t) => {
  const states = ['connected', 'connecting', 'disconnecting', 'disconnected', undefined];
  const { calls } = await acsThat(t, (_, response, attempt) => {
    const callConnectionState = states[attempt - 1];
    if (callConnectionState === undefined) response.writeHead(404).end(error('8522'));
    else response.end(JSON.stringify({ ...connection, callConnectionState }));
  });
  const told: string[] = [];
  for (const _ of states) told.push(await calls.state('c-1'));
  assert.deepEqual(told, ['connected', 'changing', 'changing', 'gone', 'gone']);
});

test('ending a call that is over already is no failure; anything else is', async (t) => {
  const { calls } = await acsThat(t, (_, response, attempt) => {
    if (attempt === 1) response.writeHead(204).end();
    else response.writeHead(attempt === 2 ? 404 : 403).end(error('8522'));
  });
  assert.equal(await calls.end('c-1'), true);
  assert.equal(await calls.end('c-1'), false);
  await assert.rejects(calls.end('c-1'), { code: 'acs.denied' });
});

test('each operation goes where ACS has it, with what it takes', async (t) => {
  const { calls, seen } = await acsThat(t, (request, response) => {
    const path = request.path.split('?')[0] ?? '';
    const started = { recordingId: 'r-1', recordingState: 'active', recordingKind: 'azureCommunicationServices' };
    if (path.endsWith('/recordings')) response.end(JSON.stringify(started));
    else if (path.endsWith('participants:mute') || /:(un)?hold$|ContinuousDtmfRecognition$/.test(path))
      response.end('{}');
    else if (path.includes('participants:add')) response.writeHead(202).end('{"invitationId":"i-1","participant":{}}');
    else if (request.path.startsWith('/calling/recordings/r-1?')) response.writeHead(204).end();
    else response.writeHead(202).end('{}');
  });
  const anna = '8:orgid:anna';
  await calls.transfer('c', { target: anna, operationContext: 't', source: '+1' });
  await calls.transfer('c', { target: '+15550111', operationContext: 't', source: '+15550100' });
  await calls.addParticipant('c', { target: '+15550111', operationContext: 'a', ringS: 20 });
  await calls.removeParticipant('c', '4:+15550111', 'r');
  await calls.mute('c', '8:acs:someone', 'm');
  await calls.hold('c', '+15550111', 'h');
  await calls.unhold('c', '+15550111', 'u');
  await calls.sendKeys('c', '12#*A', '+15550111', 's');
  await calls.listenForKeys('c', '+15550111', 'l');
  await calls.play('c', 'https://files.example/notice.wav', 'p');
  await calls.startRecording('c', { channels: 'unmixed', format: 'wav' });
  await calls.stopRecording('r-1');
  const asked = seen.map(({ path, body }) => [path.split('?')[0]?.replace('/calling/', ''), body] as const);
  assert.partialDeepStrictEqual(Object.fromEntries(asked.slice(1)), {
    'callConnections/c:transferToParticipant': {
      operationContext: 't',
      targetParticipant: { kind: 'phoneNumber', phoneNumber: { value: '+15550111' } },
      sourceCallerIdNumber: { value: '+15550100' },
    },
    'callConnections/c/participants:add': { operationContext: 'a', invitationTimeoutInSeconds: 20 },
    'callConnections/c/participants:remove': { operationContext: 'r' },
    'callConnections/c/participants:mute': { operationContext: 'm' },
    'callConnections/c:hold': { operationContext: 'h' },
    'callConnections/c:unhold': { operationContext: 'u' },
    'callConnections/c:sendDtmfTones': { tones: ['one', 'two', 'pound', 'asterisk', 'a'], operationContext: 's' },
    'callConnections/c:startContinuousDtmfRecognition': { operationContext: 'l' },
    'callConnections/c:play': { playSources: [{ kind: 'file', file: { uri: 'https://files.example/notice.wav' } }] },
    recordings: { callConnectionId: 'c', recordingChannelType: 'unmixed' },
  });
  assert.partialDeepStrictEqual(asked[0]?.[1], {
    targetParticipant: { kind: 'microsoftTeamsUser', microsoftTeamsUser: { userId: 'anna' } },
  });
});

const parties = [
  ['+15550111', { phoneNumber: '+15550111' }],
  ['8:orgid:anna', { microsoftTeamsUserId: 'anna', rawId: '8:orgid:anna', cloud: 'public' }],
  ['28:gcch:app', { teamsAppId: 'app', rawId: '28:gcch:app', cloud: 'gcch' }],
  ['8:acs:r_t_u', { resourceId: 'r', tenantId: 't', userId: 'u', rawId: '8:acs:r_t_u', cloud: 'public' }],
  ['8:acs:someone', { communicationUserId: '8:acs:someone' }],
  ['28:anything', { communicationUserId: '28:anything' }],
  // A caller who keeps his number to himself, and one of a telephone system that has no country.
  ['anonymous', { phoneNumber: 'anonymous' }],
  ['1001', { phoneNumber: '1001' }],
] as const;
for (const [id, party] of parties) {
  test(`${id} is told to ACS as what it is, and read back`, () => {
    assert.deepEqual(acsPartyOf(id), party);
    assert.equal(partyIdOf(acsPartyOf(id)), id);
  });
}

test('a call is passed on unanswered, and one through Teams Phone is not: that is refused before anybody is asked', async (t) => {
  const { calls, seen } = await acsThat(t, (_, response) => response.writeHead(204).end());
  await calls.redirect({ ticket: 'CTX', redirectable: true }, '+15550111');
  assert.partialDeepStrictEqual(seen[0]?.body, { incomingCallContext: 'CTX', target: { rawId: '4:+15550111' } });
  const teams = { ticket: 'TEAMS', redirectable: false };
  await assert.rejects(calls.redirect(teams, '+15550111'), { code: 'carrier.not-supported' });
  assert.equal(seen.length, 1);
});

test('each request is watched, by what is asked and of whom, with the error that it ends in', async (t) => {
  const watched: unknown[] = [];
  const watch: WatchRequest = async (what, request) => {
    try {
      return await request();
    } catch (failure) {
      watched.push(what, failure);
      throw failure;
    }
  };
  const { calls } = await acsThat(t, (_, response) => response.writeHead(404).end(error('8522')), 5000, watch);
  const asking = calls.hangUp('c-1');
  await assert.rejects(asking, { code: 'acs.call-gone' });
  const [what, failure] = watched;
  assert.partialDeepStrictEqual(what, { operation: 'hang_up' });
  assert.match(JSON.stringify(what), /"url":"http:\/\/127\.0\.0\.1:\d+\/hang_up"/);
  assert.equal(await asking.catch((error: unknown) => error), failure);
});
