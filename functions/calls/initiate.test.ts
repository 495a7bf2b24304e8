import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
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

const initiate = (body: unknown, headers = {}) => functions.request('POST', 'calls/initiate', body, headers);
const target = { target_number: '+15558888' };

test('a call is placed, and answered with the fields of the old API and the session', async () => {
  let statusWhenAsked: string | undefined;
  functions.acs.beforeAnswer = async ({ body }) => {
    statusWhenAsked = (await functions.store.get(String(body.operationContext)))?.status;
  };
  const { status, body } = await initiate({ ...target, context: { browser_session_id: 'b-1' } });
  assert.equal(status, 200);
  assert.deepEqual([body.status, body.target_number], ['initiating', '+15558888']);
  assert.equal(typeof body.message, 'string');
  assert.ok(!Number.isNaN(Date.parse(body.initiated_at)));
  assert.equal(statusWhenAsked, 'initiating');
  const session = await functions.store.findByCall(body.call_id);
  assert.equal(session?.id, body.session_id);
  assert.deepEqual([session?.direction, session?.from, session?.to], ['outbound', '+15550100', '+15558888']);
  const sent = functions.acs.requests[0]?.body as Record<string, { transportUrl: string }>;
  assert.equal(sent.callbackUri, `http://functions.example/api/v1/calls/callbacks/${body.session_id}`);
  assert.equal(
    sent.mediaStreamingOptions?.transportUrl,
    `ws://media.example/api/v1/media/stream?session_id=${body.session_id}`,
  );
  const [initiated] = await functions.store.events(body.session_id);
  assert.deepEqual(initiated?.data.context, { browser_session_id: 'b-1' });
});

test('an agent that is named speaks, with the context in the session; one that does not exist is refused (call-outbound-context-is-dropped)', async () => {
  const load = { sessions: 0, maxSessions: 100, agents: ['orders', 'concierge'] };
  await functions.store.hosts.announce('host-1', load, 60_000);
  const context = { customer_name: 'Annabel', reason: 'the parcel is late' };
  const { body } = await initiate({ ...target, agent: 'concierge', context });
  assert.partialDeepStrictEqual(await functions.store.get(body.session_id), { agent: 'concierge', context });

  const placed = functions.acs.operations.length;
  const unknown = await initiate({ ...target, agent: 'no-such-agent' });
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'agent.unknown']);
  assert.match(unknown.body.error.message, /orders, concierge/);
  assert.equal((await initiate({ ...target, agent: 'no such agent' })).status, 400);
  const long = await initiate({ ...target, context: { note: 'x'.repeat(9_000) } });
  assert.deepEqual([long.status, long.body.error.details.issues[0].field], [400, 'context']);
  assert.equal(functions.acs.operations.length, placed);
});

test('a context that is thousands of levels deep is refused, and leaves no session behind (H8)', async () => {
  const before = (await functions.store.list({ limit: 100 })).sessions.length;
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  assert.equal((await initiate(`{"target_number":"+15558888","context":${deep}}`)).status, 400);
  assert.equal((await functions.store.list({ limit: 100 })).sessions.length, before);
});

test('whatever fails between the session and the call marks the session failed, and gives its place back (H8)', async (t) => {
  await functions.announce({ sessions: 0, maxSessions: 100 });
  const raw = patientRedis();
  t.after(() => raw.disconnect());
  const canRefuse = await raw.acl('SETUSER', 'default', '-xadd').catch(() => undefined);
  if (canRefuse === undefined) return t.diagnostic('the embedded Redis cannot be told to refuse a command');
  const failed = await initiate(target);
  await raw.acl('SETUSER', 'default', '+xadd');
  assert.deepEqual([failed.status, failed.body.error.code], [503, 'redis.refused']);
  const { sessions } = await functions.store.list({ limit: 1 });
  assert.deepEqual([sessions[0]?.status, sessions[0]?.endReason], ['failed', 'redis.refused']);
  assert.equal(await raw.hexists('parley:hosts', `~${sessions[0]?.id}`), 0);
  assert.deepEqual(functions.acs.operations, []);
});

test('a caller id replaces the number that is set', async () => {
  const { body } = await initiate({ ...target, caller_id: '+15559999' });
  assert.equal((await functions.store.get(body.session_id))?.from, '+15559999');
});

test('bad numbers are named field by field, without what was given', async () => {
  for (const number of ['15551234567', '+0555', '+1 555 123', '+1234567890123456', 'tel:+1555']) {
    const { status, body } = await initiate({ target_number: number });
    assert.equal(status, 400);
    assert.equal(body.error.code, 'request.invalid');
    assert.equal(body.error.details.issues[0].field, 'target_number');
    assert.ok(!JSON.stringify(body).includes(number));
  }
  assert.equal((await initiate({})).body.error.details.issues[0].field, 'target_number');
  assert.equal((await initiate([])).status, 400);
  assert.deepEqual(functions.acs.operations, []);
});

test('a repeated request with the same key gets the same answer and places no second call', async () => {
  const key = { 'idempotency-key': 'key-1' };
  const first = await initiate(target, key);
  const second = await initiate({ context: {}, ...target }, key);
  assert.deepEqual(second.body, first.body);
  assert.deepEqual(functions.acs.operations, ['create']);
  const other = await initiate({ target_number: '+15551111' }, key);
  assert.deepEqual([other.status, other.body.error.code], [409, 'once.input-differs']);
});

test('a request that is repeated with the fields of its context in another order is the same: it was taken for another one (left 16)', async () => {
  const key = { 'idempotency-key': 'key-order' };
  const first = await initiate({ ...target, context: { name: 'Ann', of: { a: 1, b: [{ c: 2, d: 3 }] } } }, key);
  const second = await initiate({ context: { of: { b: [{ d: 3, c: 2 }], a: 1 }, name: 'Ann' }, ...target }, key);
  assert.deepEqual([second.status, second.body], [200, first.body]);
  assert.deepEqual(functions.acs.operations, ['create']);
});

test('at the same time, one of two with the same key is told to come again', async () => {
  const key = { 'idempotency-key': 'key-2' };
  const answers = await Promise.all([initiate(target, key), initiate(target, key)]);
  assert.deepEqual(functions.acs.operations, ['create']);
  for (const { status, body } of answers) assert.ok(status === 200 || body.error.code === 'once.running');
});

test('a request that comes again after one that died over it places no second call, and gets its answer once that one is known (left 16-9)', async (t) => {
  const raw = patientRedis();
  t.after(() => raw.disconnect());
  const key = { 'idempotency-key': 'key-dies' };
  const asked = Promise.withResolvers<string>();
  const lives = Promise.withResolvers<void>();
  functions.acs.beforeAnswer = async ({ body }) => {
    asked.resolve(String(body.operationContext));
    await lives.promise;
  };
  const first = initiate(target, key);
  const id = await asked.promise;
  // As if whoever has it had died: his lease has run out.
  const [lease = ''] = (await raw.keys('parley:once:*')).filter((each) => each.endsWith(':key-dies'));
  assert.equal(await raw.del(lease), 1);
  const again = await initiate(target, key);
  assert.deepEqual([again.status, again.body.error.code], [503, 'once.running']);
  // ACS tells of the call.
  await functions.store.bind(id, { callConnectionId: `connection-of-${id}` });
  const known = await initiate(target, key);
  assert.deepEqual([known.status, known.body.session_id, known.body.call_id], [200, id, `connection-of-${id}`]);
  assert.deepEqual(functions.acs.operations, ['create']);
  lives.resolve();
  await first;
});

test('a key that cannot be one is refused', async () => {
  const { status, body } = await initiate(target, { 'idempotency-key': 'k'.repeat(201) });
  assert.deepEqual([status, body.error.code], [400, 'request.idempotency-key']);
});

test('a call that ACS does not place is failed, and its key may be used again', async () => {
  const key = { 'idempotency-key': 'key-3' };
  functions.acs.failing = { path: '/callConnections', failure: { status: 403, code: '4030' } };
  const failed = await initiate(target, key);
  assert.deepEqual([failed.status, failed.body.error.code], [502, 'acs.denied']);
  const { sessions } = await functions.store.list({ limit: 1 });
  assert.deepEqual([sessions[0]?.status, sessions[0]?.endReason], ['failed', 'acs.denied']);
  functions.acs.reset();
  assert.equal((await initiate(target, key)).status, 200);
});

test('a call of which ACS tells before its answer breaks off is placed: it went on as one that had failed, and nobody could end it', async () => {
  functions.acs.beforeAnswer = async ({ body }) => {
    const data = { callConnectionId: 'connection-told' };
    const event = { id: 'told-1', type: 'Microsoft.Communication.CallConnected', data };
    const authorization = await functions.acs.authorization();
    functions.acs.beforeAnswer = undefined;
    const path = `calls/callbacks/${body.operationContext}`;
    assert.equal((await functions.request('POST', path, [event], { authorization })).status, 200);
  };
  functions.acs.failing = { path: '/callConnections', failure: { status: 201, code: 'no call' } };
  const { status, body } = await initiate(target, { 'idempotency-key': 'key-told' });
  assert.deepEqual([status, body.call_id], [200, 'connection-told']);
  assert.equal((await functions.store.get(body.session_id))?.status, 'connected');
  functions.acs.failing = undefined;
  assert.deepEqual((await initiate(target, { 'idempotency-key': 'key-told' })).body, body);
  const ended = await functions.request('POST', `calls/${body.call_id}/hangup`);
  assert.deepEqual([ended.status, ended.body.status], [200, 'disconnecting']);
  assert.deepEqual(functions.acs.ended, ['connection-told']);
});

test('no call is placed that nobody could talk on', async () => {
  await functions.announce({ sessions: 10, maxSessions: 10 });
  const { status, body } = await initiate(target);
  assert.deepEqual([status, body.error.code], [503, 'capacity.exhausted']);
  assert.deepEqual(functions.acs.operations, []);
});

test('null is as good as leaving a field out, as the predecessor’s clients send it (compat 3.1)', async () => {
  const { status, body } = await initiate({
    ...target,
    caller_id: null,
    context: null,
    agent: null,
    streaming_mode: null,
  });
  assert.deepEqual([status, body.streaming_mode, body.recording_enabled], [200, 'media', false]);
  assert.partialDeepStrictEqual(await functions.store.get(body.session_id), {
    from: '+15550100',
    agent: 'orders',
    context: {},
    mode: 'media',
  });
});

test('a mode that nobody knows is refused by name, and what says nothing else than we do is taken (compat 2.3)', async () => {
  const taken = await initiate({ ...target, streaming_mode: 'media', record_call: false });
  assert.equal(taken.status, 200);
  functions.acs.reset();
  for (const field of [{ streaming_mode: 'video' }, { record_call: 'yes' }, { streaming_mode: 7 }]) {
    const { status, body } = await initiate({ ...target, ...field });
    assert.deepEqual([status, body.error.details.issues[0].field], [400, Object.keys(field)[0]]);
  }
  const { body } = await initiate({ ...target, streaming_mode: 'video' });
  assert.match(body.error.message, /media, voice_live, transcription/);
  assert.deepEqual(functions.acs.operations, []);
});

test('a call that shall be recorded says so in its session, and false is as good as nothing', async () => {
  for (const [record_call, recorded] of [
    [true, true],
    [false, undefined],
    [null, undefined],
  ] as const) {
    const { body } = await initiate({ ...target, record_call });
    assert.equal(body.recording_enabled, recorded ?? false);
    assert.equal((await functions.store.get(body.session_id))?.recorded, recorded);
  }
});

test('a call has the mode that is asked for, or its agent’s, or that of ACS_STREAMING_MODE, and ACS is asked for its audio', async () => {
  const modes = [
    { name: 'media', rateHz: 16_000 },
    { name: 'voice_live', rateHz: 24_000 },
    { name: 'transcription', rateHz: 16_000 },
  ] as const;
  const load = { sessions: 0, maxSessions: 100, agents: ['orders', 'chef'], modes, agentModes: { chef: 'voice_live' } };
  await functions.store.hosts.announce('host-1', load, 60_000);
  for (const [wanted, mode, audioFormat, audioChannelType] of [
    [{}, 'media', 'Pcm16KMono', 'mixed'],
    [{ agent: 'chef' }, 'voice_live', 'Pcm24KMono', 'mixed'],
    [{ agent: 'chef', streaming_mode: 'realtime' }, 'media', 'Pcm16KMono', 'mixed'],
    [{ streaming_mode: 'TRANSCRIPTION' }, 'transcription', 'Pcm16KMono', 'unmixed'],
  ] as const) {
    functions.acs.reset();
    const { status, body } = await initiate({ ...target, ...wanted });
    assert.deepEqual([status, body.streaming_mode], [200, mode]);
    assert.equal((await functions.store.get(body.session_id))?.mode, mode);
    assert.partialDeepStrictEqual(functions.acs.requests[0]?.body, {
      mediaStreamingOptions: { audioFormat, audioChannelType },
    });
  }
});

test('a mode that no stream host has is refused by its name, with those that there are, and nobody is called', async () => {
  const load = {
    sessions: 0,
    maxSessions: 100,
    agents: ['orders'],
    modes: [{ name: 'media', rateHz: 16_000 }],
  } as const;
  await functions.store.hosts.announce('host-1', load, 60_000);
  const before = (await functions.store.list({ limit: 100 })).sessions.length;
  const { status, body } = await initiate({ ...target, streaming_mode: 'voice_live' });
  assert.deepEqual([status, body.error.code], [400, 'mode.not-configured']);
  assert.match(body.error.message, /voice_live.*AZURE_VOICE_LIVE_ENDPOINT.*It has: media\./);
  assert.deepEqual(functions.acs.operations, []);
  assert.equal((await functions.store.list({ limit: 100 })).sessions.length, before);
});

test('a field or a query name that nobody knows is refused by its name, with those that are known', async () => {
  const { status, body } = await initiate({ ...target, agnet: 'orders', ['x'.repeat(5_000)]: 1 });
  assert.equal(status, 400);
  const [typo, long] = body.error.details.issues;
  assert.equal(typo.field, 'agnet');
  assert.match(typo.message, /known are target_number, caller_id, agent, context/);
  assert.equal(long.field.length, 100);
  const queried = await functions.request('POST', 'calls/initiate?agent=orders', target);
  assert.deepEqual([queried.status, queried.body.error.details.issues[0].field], [400, 'agent']);
  // The function key of Azure.
  assert.equal((await functions.request('POST', 'calls/initiate?code=key', target)).status, 200);
});

test('an empty streaming_mode names none, as in the address of a socket', async () => {
  const { status, body } = await initiate({ ...target, streaming_mode: '' });
  assert.deepEqual([status, body.streaming_mode], [200, 'media']);
});

test('a recording that could not be is refused by name before anybody is called, where it is known (stranger16: record_call without recording)', async () => {
  const modes = (['media', 'transcription'] as const).map((name) => ({ name, rateHz: 16_000 }) as const);
  const abilities = {
    silent: { recording: 'none', inputs: [] },
    orders: { recording: 'spoken', inputs: [] },
    known: { recording: 'unspoken', inputs: [] },
  } as const;
  const load = { sessions: 0, maxSessions: 100, agents: [...Object.keys(abilities), 'newer'], modes, abilities };
  await functions.store.hosts.announce('host-1', load, 60_000);
  const ask = async (agent: string, streaming_mode = 'media') => {
    const { status, body } = await initiate({ ...target, agent, streaming_mode, record_call: true });
    return body.error?.code ?? [status, body.recording_enabled];
  };
  assert.equal(await ask('silent'), 'recording.no-notice');
  assert.equal(await ask('orders', 'transcription'), 'calls.no-voice');
  assert.deepEqual(functions.acs.requests, []);
  assert.deepEqual(await ask('orders'), [200, true]);
  assert.deepEqual(await ask('known', 'transcription'), [200, true]);
  assert.deepEqual(await ask('newer'), [200, true], 'of whom nobody tells');
  // Nor in the middle of a call.
  const { body } = await initiate({ ...target, agent: 'silent' });
  await functions.store.update(body.session_id, () => ({ status: 'connected' }));
  const started = await functions.request('POST', `calls/${body.session_id}/recording`, { action: 'start' });
  assert.deepEqual([started.status, started.body.error.code], [409, 'recording.no-notice']);
});
