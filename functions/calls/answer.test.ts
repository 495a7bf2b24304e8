import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());
beforeEach(async () => {
  functions.acs.nextTest();
  await functions.announce({ sessions: 0, maxSessions: 100 });
});

/** Gives back the places that earlier tests keep. */
async function freePlaces(): Promise<void> {
  for (let cursor: string | undefined; ; ) {
    const page = await functions.store.list({ limit: 100, ...(cursor !== undefined && { cursor }) });
    for (const { id } of page.sessions) await functions.store.hosts.giveBack(id);
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
}

let rung = 0;
const person = (number: string) => ({ kind: 'phoneNumber', rawId: `4:${number}`, phoneNumber: { value: number } });

function callData(context = `context-${++rung}`) {
  return {
    to: person('+15550100'),
    from: person('+15557777'),
    serverCallId: 's',
    callerDisplayName: '',
    incomingCallContext: context,
    correlationId: `correlation-of-${context}`,
  };
}

const gridEvent = (data: object, fields: object = {}) => ({
  id: `event-${++rung}`,
  topic: '/subscriptions/x',
  subject: '/caller/x',
  eventType: 'Microsoft.Communication.IncomingCall',
  eventTime: '2026-01-01T00:00:00.1234567Z',
  metadataVersion: '1',
  dataVersion: '1.0',
  data,
  ...fields,
});

const cloudEvent = (data: object) => ({
  id: `event-${++rung}`,
  source: '/subscriptions/x',
  type: 'Microsoft.Communication.IncomingCall',
  time: '2026-01-01T00:00:00Z',
  specversion: '1.0',
  subject: '/caller/x',
  data,
});

const deliver = (body: unknown, deliveryCount = 0) =>
  functions.request('POST', 'calls/answer', body, { 'aeg-delivery-count': String(deliveryCount) });

test('the handshake of Event Grid gets its code back', async () => {
  const event = gridEvent({ validationCode: 'code-1', validationUrl: 'https://x' });
  const { status, body } = await deliver([{ ...event, eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent' }]);
  assert.equal(status, 200);
  assert.deepEqual(body, { validationResponse: 'code-1' });
});

test('a SIP header names the agent; where no host has that one, or it is odd, the call is answered all the same (newcomer 5.4)', async () => {
  await functions.announce({ sessions: 0, maxSessions: 100, agents: ['orders', 'chef'] });
  const agentOf = async (customContext: unknown) => {
    const { body } = await deliver([gridEvent({ ...callData(), customContext })]);
    const { session_id: id, status } = body as { session_id: string; status: string };
    assert.equal(status, 'call answered');
    return (await functions.store.get(id))?.agent;
  };
  assert.equal(await agentOf({ sipHeaders: { 'X-MS-Custom-Agent': 'chef' }, voipHeaders: {} }), 'chef');
  assert.equal(await agentOf({ sipHeaders: { 'X-MS-Custom-Agent': 'nobody' }, voipHeaders: {} }), 'orders');
  for (const odd of [null, 5, { sipHeaders: null }, { sipHeaders: { 'x-ms-custom-agent': '../x' } }, {}]) {
    assert.equal(await agentOf(odd), 'orders');
  }
});

test('a call’s mode is its agent’s, or one that a SIP header names, and one that no host has loses no call', async () => {
  const modes = [
    { name: 'media', rateHz: 16_000 },
    { name: 'voice_live', rateHz: 24_000 },
  ] as const;
  const load = { sessions: 0, maxSessions: 100, agents: ['orders', 'chef'], modes, agentModes: { chef: 'voice_live' } };
  await functions.store.hosts.announce('host-1', load, 60_000);
  const modeOf = async (sipHeaders: Record<string, unknown>) => {
    functions.acs.reset();
    const customContext = { sipHeaders, voipHeaders: {} };
    const { body } = await deliver([gridEvent({ ...callData(), customContext })]);
    const { session_id: id, status } = body as { session_id: string; status: string };
    assert.equal(status, 'call answered');
    const asked = JSON.stringify(functions.acs.requests[0]?.body);
    return [(await functions.store.get(id))?.mode, /"audioFormat":"(\w+)"/.exec(asked)?.[1]];
  };
  const voiceLive = ['voice_live', 'Pcm24KMono'];
  const media = ['media', 'Pcm16KMono'];
  assert.deepEqual(await modeOf({}), media);
  assert.deepEqual(await modeOf({ 'X-MS-Custom-Agent': 'chef' }), voiceLive);
  assert.deepEqual(await modeOf({ 'X-MS-Custom-Streaming-Mode': 'VOICE_LIVE' }), voiceLive);
  assert.deepEqual(await modeOf({ 'X-MS-Custom-Agent': 'chef', 'X-MS-Custom-Streaming-Mode': 'media' }), media);
  for (const odd of ['video', 5, 'transcription']) {
    assert.deepEqual(await modeOf({ 'X-MS-Custom-Streaming-Mode': odd }), media);
  }
});

test('where no host has the mode of ACS_STREAMING_MODE the caller hears busy, and the record says why', async () => {
  const modes = [{ name: 'voice_live', rateHz: 24_000 }] as const;
  await functions.store.hosts.announce(
    'host-1',
    { sessions: 0, maxSessions: 100, agents: ['orders'], modes, agentModes: {} },
    60_000,
  );
  const { body } = await deliver([gridEvent(callData())]);
  assert.deepEqual(functions.acs.operations, ['reject']);
  assert.partialDeepStrictEqual(await functions.store.get(String(body.session_id)), {
    status: 'failed',
    endReason: 'capacity.mode-unknown',
    mode: 'media',
  });
});

test('the handshake of CloudEvents allows the sender', async () => {
  const origin = { 'webhook-request-origin': 'eventgrid.azure.net' };
  const { status, headers } = await functions.request('OPTIONS', 'calls/answer', undefined, origin);
  assert.equal(status, 200);
  assert.equal(headers.get('webhook-allowed-origin'), 'eventgrid.azure.net');
  assert.equal(headers.get('webhook-allowed-rate'), '*');
  assert.equal((await functions.request('OPTIONS', 'calls/answer')).body.error.code, 'events.no-origin');
});

for (const [schema, envelope] of Object.entries({ 'Event Grid': gridEvent, CloudEvents: cloudEvent })) {
  test(`a call announced in the ${schema} schema is answered, with the fields of the old API`, async () => {
    const { status, body } = await deliver(schema === 'CloudEvents' ? envelope(callData()) : [envelope(callData())]);
    assert.equal(status, 200);
    assert.equal(body.status, 'call answered');
    assert.equal(body.caller_id, '+15557777');
    assert.match(body.call_connection_id, /^connection-/);
    assert.ok(!Number.isNaN(Date.parse(body.answered_at)));
    const session = await functions.store.findByCall(body.call_connection_id);
    assert.equal(session?.id, body.session_id);
    assert.deepEqual([session?.from, session?.to, session?.direction], ['+15557777', '+15550100', 'inbound']);
  });
}

test('the session is there before ACS is asked to answer', async () => {
  let statusWhenAsked: string | undefined;
  functions.acs.beforeAnswer = async ({ body }) => {
    statusWhenAsked = (await functions.store.get(String(body.operationContext)))?.status;
  };
  await deliver([gridEvent(callData())]);
  assert.equal(statusWhenAsked, 'ringing');
});

test('every event of a batch is taken; unknown and broken ones harm nobody', async () => {
  const { status, body } = await deliver([
    gridEvent({}, { eventType: 'Microsoft.Communication.SMSReceived' }),
    { id: 'broken', eventType: 'Microsoft.Communication.IncomingCall' },
    gridEvent({ incomingCallContext: 'x' }),
    gridEvent(callData()),
    null,
    gridEvent(callData()),
  ]);
  assert.equal(status, 200);
  assert.deepEqual(
    body.results.map((result: { status: string }) => result.status),
    ['ignored', 'malformed', 'malformed', 'call answered', 'malformed', 'call answered'],
  );
  assert.deepEqual(functions.acs.operations, ['answer', 'answer']);
});

test('a call is answered once, however often and in whatever event it is announced', async () => {
  const data = callData();
  const event = gridEvent(data);
  const deliveries = await Promise.all([deliver([event]), deliver([event]), deliver([gridEvent(data)])]);
  // Those that arrive while the first is at work are told to come again.
  assert.ok(deliveries.every(({ status }) => status === 200 || status === 502));
  assert.equal((await deliver([event], 1)).body.status, 'duplicate');
  assert.deepEqual(functions.acs.operations, ['answer']);
});

test('passing trouble at ACS is told to Event Grid as 502, after which it comes again while it rings, and that delivery answers the call', async () => {
  const event = gridEvent(callData());
  functions.acs.failing = { path: ':answer', failure: { status: 500, code: '5000' } };
  const failed = await deliver([event]);
  // After 503 it would come again in 30 s or later.
  assert.equal(failed.status, 502);
  assert.equal(failed.body.error.code, 'acs.unavailable');
  functions.acs.failing = undefined;
  const { body } = await deliver([event], 1);
  assert.equal(body.status, 'call answered');
  assert.equal((await functions.store.get(body.session_id))?.callConnectionId, body.call_connection_id);
});

test('a refusal of ACS is final: 200 with the error, and the session says why', async () => {
  functions.acs.failing = { path: ':answer', failure: { status: 400, code: '8523' } };
  const { status, body } = await deliver([gridEvent(callData())]);
  assert.equal(status, 200);
  assert.equal(body.status, 'call failed');
  assert.equal(body.error.code, 'acs.refused');
  const session = await functions.store.get(body.session_id);
  assert.deepEqual([session?.status, session?.endReason], ['failed', 'acs.refused']);
});

test('one event of a batch may fail and come again without the others being done twice', async () => {
  const good = gridEvent(callData());
  const bad = gridEvent(callData());
  functions.acs.beforeAnswer = async ({ body }) => {
    const isBad = body.incomingCallContext === (bad.data as { incomingCallContext: string }).incomingCallContext;
    functions.acs.failing = isBad ? { path: ':answer', failure: { status: 503, code: '5030' } } : undefined;
  };
  assert.equal((await deliver([good, bad])).status, 502);
  functions.acs.reset();
  const { body } = await deliver([good, bad], 1);
  assert.deepEqual(
    body.results.map((result: { status: string }) => result.status),
    ['duplicate', 'call answered'],
  );
});

test('of more calls in a burst than there are places, the rest hear the busy signal; none is answered into silence (H4)', async () => {
  await freePlaces();
  await functions.announce({ sessions: 0, maxSessions: 3 });
  const answers = await Promise.all(Array.from({ length: 8 }, () => deliver([gridEvent(callData())])));
  const outcomes = answers.map(({ body }) => body.reason ?? body.status).sort();
  assert.deepEqual(outcomes, [...Array(3).fill('call answered'), ...Array(5).fill('capacity.full')].sort());
  assert.equal(functions.acs.operations.filter((operation) => operation === 'answer').length, 3);

  // A call arrives at the host, and is counted by it from now on; another one ends before it has arrived.
  const [arrived, ended] = answers.flatMap(({ body }) => (body.reason === undefined ? [body.session_id] : []));
  await functions.store.hosts.announce('host-1', { sessions: 1, maxSessions: 3 }, 60_000, [arrived]);
  assert.equal((await deliver([gridEvent(callData())])).body.reason, 'capacity.full');
  await functions.store.hosts.giveBack(ended);
  assert.equal((await deliver([gridEvent(callData())])).body.status, 'call answered');
});

test('where every replica is full the caller hears the busy signal', async () => {
  await functions.announce({ sessions: 10, maxSessions: 10 });
  const { status, body } = await deliver([gridEvent(callData())]);
  assert.equal(status, 200);
  assert.deepEqual([body.status, body.reason], ['call rejected', 'capacity.full']);
  assert.deepEqual(functions.acs.operations, ['reject']);
  assert.equal((await functions.store.get(body.session_id))?.endReason, 'capacity.full');
});

test('where no replica is alive the delivery is asked for once more, then the call is rejected', async () => {
  await functions.announce();
  const event = gridEvent(callData());
  const first = await deliver([event]);
  assert.deepEqual([first.status, first.body.error.code], [502, 'capacity.none-alive']);
  assert.deepEqual(functions.acs.operations, []);
  assert.equal((await deliver([event], 1)).body.reason, 'capacity.none-alive');
  assert.deepEqual(functions.acs.operations, ['reject']);
});

test('a body that is no JSON is refused in the one error shape', async () => {
  const { status, body } = await deliver('{"a":');
  assert.equal(status, 400);
  assert.deepEqual(Object.keys(body), ['error']);
  assert.equal(body.error.code, 'request.not-json');
  assert.match(body.error.traceId, /^[0-9a-f]{32}$/);
});

test('an empty delivery is taken as one', async () => {
  assert.deepEqual((await deliver([])).body, { status: 'no events processed', results: [] });
});
