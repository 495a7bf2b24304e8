import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import { isPathOf } from '../../shared/http/route.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { ROUTES } from '../testing/attacks.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());
beforeEach(() => functions.acs.nextTest());

const get = (path: string) => functions.request('GET', path);
const hangUp = (id: string) => functions.request('POST', `calls/${id}/hangup`);

async function newCall(fields: Partial<Session> = {}): Promise<Session> {
  const session = await functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
    callConnectionId: `connection-${randomUUID()}`,
    from: '+15557777',
    to: '+15550100',
    ...fields,
  });
  if (session.callConnectionId) await functions.store.bind(session.id, { callConnectionId: session.callConnectionId });
  return session;
}

test('one call is read by its session or its connection, with timeline and transcript', async () => {
  const { id, callConnectionId = '' } = await newCall({
    connectedAt: 1_000_000,
    endedAt: 1_012_400,
    status: 'disconnected',
  });
  await functions.store.append(id, { type: 'acs.CallConnected', source: 'functions', data: { a: 1 } });
  await functions.store.owned(id, '').write({
    history: {
      from: 0,
      items: [
        { role: 'agent', text: 'Hello.', heard: true },
        { role: 'caller', text: 'Where is order 1042?' },
        { role: 'tool', call: { callId: 'x', name: 'look_up_order', args: { order: 1042 } }, result: { found: true } },
        { role: 'agent', text: 'It is', heard: false },
        {
          role: 'tool',
          call: { callId: 'y', name: 'transfer_call', args: {} },
          result: { status: 'failed' },
          by: 'service',
        },
        { role: 'agent', text: 'Ann, about a bill.', heard: true, to: 'human' },
      ],
    },
  });
  const { status, body } = await get(`calls/${id}`);
  assert.equal(status, 200);
  assert.deepEqual((await get(`calls/${callConnectionId}`)).body, body);
  assert.deepEqual(
    [body.call_id, body.session_id, body.status, body.duration],
    [callConnectionId, id, 'disconnected', 12],
  );
  assert.deepEqual(body.participants, [
    { role: 'caller', id: '+15557777' },
    { role: 'callee', id: '+15550100' },
  ]);
  assert.deepEqual([body.events[0].type, body.events[0].data], ['acs.CallConnected', { a: 1 }]);
  assert.deepEqual(body.transcript, [
    { role: 'agent', text: 'Hello.', heard: true },
    { role: 'caller', text: 'Where is order 1042?' },
    { role: 'tool', tool: 'look_up_order', args: { order: 1042 }, result: { found: true } },
    { role: 'agent', text: 'It is', heard: false },
    // What the agent was told is no tool of its, and the human's ear is not the caller's (stranger17 5).
    { role: 'tool', tool: 'transfer_call', args: {}, result: { status: 'failed' }, by: 'service' },
    { role: 'agent', text: 'Ann, about a bill.', heard: true, to: 'human' },
  ]);
});

test('an unknown call is 404 in the one error shape, and carries the trace that the caller started', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const header = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const { status, body } = await functions.request('GET', 'calls/nobody', undefined, header);
  assert.equal(status, 404);
  assert.deepEqual([body.error.code, body.error.traceId], ['calls.not-found', traceId]);
});

test('the index goes from page to page, by cursor or by number, and filters', async () => {
  const failed: string[] = [];
  for (let i = 0; i < 5; i++) {
    failed.unshift((await newCall({ status: 'failed' })).id);
    // The index orders by the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const ids = (body: { calls: { session_id: string }[] }) => body.calls.map((call) => call.session_id);

  const first = (await get('calls?limit=2&status=failed')).body;
  assert.deepEqual(ids(first), failed.slice(0, 2));
  assert.deepEqual([first.page, first.limit], [1, 2]);
  const second = (await get(`calls?limit=2&status=failed&cursor=${encodeURIComponent(first.cursor)}`)).body;
  assert.deepEqual(ids(second), failed.slice(2, 4));
  assert.deepEqual(ids((await get('calls/?limit=2&page=3&status_filter=failed')).body), failed.slice(4));
  assert.deepEqual(ids((await get('calls?limit=2&page=9&status=failed')).body), []);
  for (const call of first.calls) {
    for (const field of ['call_id', 'status', 'duration', 'participants', 'events']) assert.ok(field in call);
  }
});

test('calls are found by agent, number and time, and by several of them at once', async () => {
  const agent = `agent-${randomUUID().slice(0, 8)}`;
  const from = `+1${Date.now()}`;
  const first = await newCall({ agent, from });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await newCall({ agent, to: from, status: 'failed' });
  const ids = async (query: Record<string, string>) => {
    const { status, body } = await get(`calls?${new URLSearchParams(query)}`);
    assert.equal(status, 200);
    return body.calls.map((call: { session_id: string }) => call.session_id);
  };
  assert.deepEqual(await ids({ agent }), [second.id, first.id]);
  assert.deepEqual(await ids({ number: from }), [second.id, first.id]);
  assert.deepEqual(await ids({ number: from, agent, status: 'failed' }), [second.id]);
  assert.deepEqual(await ids({ agent, from: new Date(second.createdAt).toISOString() }), [second.id]);
  assert.deepEqual(await ids({ agent, to: new Date(first.createdAt).toISOString() }), [first.id]);
  assert.deepEqual(await ids({ agent: 'nobody-at-all' }), []);
});

test('a call shows what was asked of the carrier, and what became of it', async () => {
  const { id, callConnectionId } = await newCall();
  const redis = patientRedis();
  const ledger = new OperationLedger(redis, { ttlMs: 600_000, wallMs: Date.now });
  const data = { target: '+15550002' };
  await ledger.begin({ sessionId: id, operationContext: 'add-1', kind: 'add-participant', deadlineMs: 60_000, data });
  await ledger.accepted(id, 'add-1');
  redis.disconnect();
  const states = async () => (await get(`calls/${id}`)).body.operations.map((each: { state: string }) => each.state);
  assert.deepEqual(await states(), ['accepted']);
  const event = {
    id: randomUUID(),
    type: 'Microsoft.Communication.AddParticipantFailed',
    data: {
      callConnectionId,
      operationContext: 'add-1',
      resultInformation: { code: 486, subCode: 0, message: 'Busy' },
    },
  };
  const authorization = await functions.acs.authorization();
  await functions.request('POST', `calls/callbacks/${id}`, [event], { authorization });
  const { operations } = (await get(`calls/${id}`)).body;
  assert.partialDeepStrictEqual(operations, [
    { operation_id: 'add-1', kind: 'add-participant', state: 'failed', result: { code: 486, message: 'Busy' } },
  ]);
});

test('what cannot be asked of the index is refused', async () => {
  for (const query of [
    'status=sleeping',
    'limit=0',
    'limit=101',
    'page=0',
    'page=x',
    'cursor=nonsense',
    'from=yesterday',
    // Taken, and one of two won (breaker16b K).
    'status=connected&status_filter=failed',
    'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
    'limit=1e1',
    'limit=%2010',
    'page=0x1',
    'agent=A b',
  ]) {
    assert.equal((await get(`calls?${query}`)).status, 400, query);
  }
});

test('a name that is given twice in a query is refused by its name: the last one won (left 16)', async () => {
  const { status, body } = await get('calls?limit=1&limit=2');
  const { code, details } = body.error;
  assert.deepEqual([status, code, details.issues[0].field], [400, 'request.invalid', 'limit']);
});

test('a phone call is hung up for everybody, and the reason is there first', async () => {
  const { id, callConnectionId } = await newCall();
  let reasonWhenAsked: string | undefined;
  functions.acs.beforeAnswer = async () => {
    reasonWhenAsked = (await functions.store.get(id))?.endReason;
  };
  const { status, body } = await hangUp(id);
  assert.deepEqual([status, body.status, body.call_id], [200, 'disconnecting', callConnectionId]);
  assert.equal(functions.acs.requests[0]?.path, `/calling/callConnections/${callConnectionId}:terminate`);
  assert.equal(reasonWhenAsked, 'hangup-requested');
});

test('a call that ACS knows no more is over', async () => {
  const { id } = await newCall();
  functions.acs.failing = { path: ':terminate', failure: { status: 404, code: '8522' } };
  assert.equal((await hangUp(id)).body.status, 'disconnected');
  assert.equal((await functions.store.get(id))?.status, 'disconnected');
  functions.acs.reset();
  assert.equal((await hangUp(id)).body.status, 'disconnected');
  assert.deepEqual(functions.acs.operations, []);
});

test('a call that is being set up cannot be hung up yet', async () => {
  const { id, ...call } = await functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'outbound',
    mode: 'media',
    agent: 'orders',
    status: 'initiating',
  });
  assert.equal(call.callConnectionId, undefined);
  const { status, body } = await hangUp(id);
  assert.deepEqual([status, body.error.code], [409, 'calls.not-established']);
});

test('a browser session is ended through whoever holds it', async () => {
  const session = await functions.store.create({
    id: randomUUID(),
    channel: 'browser',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
  });
  const { status, body } = await hangUp(session.id);
  assert.deepEqual([status, body.status, body.call_id], [200, 'disconnecting', session.id]);
  assert.deepEqual(functions.acs.operations, []);
  assert.equal((await functions.store.get(session.id))?.endReason, 'hangup-requested');
});

test('a call is hung up by its connection though Redis has lost its session (H2)', async () => {
  const { status, body } = await hangUp('connection-lost');
  assert.deepEqual([status, body.call_id, body.session_id], [200, 'connection-lost', null]);
  assert.equal(functions.acs.requests[0]?.path, '/calling/callConnections/connection-lost:terminate');
});

test('a call that stands, which Redis has lost and ACS refuses to end, is not told of as one that there is none of (left 16-2)', async () => {
  functions.acs.failing = { path: ':terminate', failure: { status: 401, code: 'Denied' } };
  const { status, body } = await hangUp('connection-lost');
  functions.acs.reset();
  assert.deepEqual([status, body.error.code], [502, 'acs.denied']);
});

test('what is asked of the index twice over, and in agreement, is taken', async () => {
  const at = '2026-01-01T00:00:00Z';
  assert.equal((await get(`calls?status=failed&status_filter=failed&from=${at}&to=${at}&limit=010`)).status, 200);
});

test('hanging up nothing is 404, and so are unknown paths', async () => {
  functions.acs.failing = { path: ':terminate', failure: { status: 404, code: '8522' } };
  assert.equal((await hangUp('nobody')).status, 404);
  functions.acs.reset();
  for (const [method, path] of [
    ['GET', 'nothing/here'],
    ['PUT', 'calls/x/y/z'],
    ['POST', 'calls/x/no-such-operation'],
  ] as const) {
    const { status, body } = await functions.request(method, path);
    assert.deepEqual([status, body.error.code], [404, 'route.unknown'], path);
  }
});

test('a wrong method of every route is told which are right there, in the shape of an error (breaker16b K)', async () => {
  for (const { path } of ROUTES) {
    const address = path
      .slice('/api/v1/'.length)
      .replace(/\/\{\w+\?\}/, '')
      .replace(/\{\w+\}/g, 'x');
    const allowed = ROUTES.filter((other) => isPathOf(other, `/api/v1/${address}`) && !other.path.includes('{id}'));
    const { status, body, headers } = await functions.request('PATCH', address);
    assert.deepEqual([status, body.error.code], [405, 'method.not-allowed'], path);
    const told = headers.get('allow')?.split(', ') ?? [];
    assert.ok(told.length > 0 && allowed.every(({ method }) => told.includes(method)), `${path}: ${told}`);
    assert.ok(body.error.traceId);
  }
  const wrong = await fetch(`${functions.baseUrl}/calls/x/transfer`);
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST']);
});

test('a query name that nobody knows is refused by its name (compat 3.1)', async () => {
  const { id } = await newCall();
  for (const [path, field] of [
    ['calls?limits=5', 'limits'],
    [`calls/${id}?include_memory=true`, 'include_memory'],
  ] as const) {
    const { status, body } = await get(path);
    assert.deepEqual(
      [status, body.error.details.issues.map((issue: { field: string }) => issue.field)],
      [400, [field]],
    );
  }
  assert.equal((await get(`calls/${id}?code=key`)).status, 200);
  assert.equal((await functions.request('POST', `calls/${id}/hangup?reason=done`)).status, 400);
});

test('a number whose plus became a space on the way, or was left out, finds its calls, by its raw id, too (stranger16: unescaped plus)', async () => {
  const { id } = await newCall({ from: '+15553141592' });
  for (const number of ['%2B15553141592', '+15553141592', '15553141592', '4:%2B15553141592', '4:+15553141592']) {
    const { status, body } = await get(`calls?number=${number}`);
    assert.deepEqual([status, body.calls.map(({ session_id }: { session_id: string }) => session_id)], [200, [id]]);
  }
});

test('a number that is none in E.164 is refused by name, and no empty list; a raw id is taken (stranger16e 4)', async () => {
  for (const number of ['0040', '40', '0301234567', '555-0190', 'Ann', '']) {
    const { status, body } = await get(`calls?number=${number}`);
    assert.deepEqual([status, body.error?.code], [400, 'request.invalid'], number);
    assert.match(body.error.message, /number: must be all of a number in E\.164, .*\+15551230000, or a raw id/);
  }
  const { id } = await newCall({ from: '8:orgid:somebody' });
  const extension = await newCall({ from: '40' });
  const listed = async (number: string) =>
    (await get(`calls?number=${number}`)).body.calls.map(({ session_id }: { session_id: string }) => session_id);
  assert.deepEqual(await listed('8:orgid:somebody'), [id]);
  assert.deepEqual(await listed('4:40'), [extension.id]);
});

test('what is refused names the field, what is allowed and what was given: of a query, too (stranger16e 3)', async () => {
  const message = async (method: string, path: string, body?: unknown) =>
    (await functions.request(method, path, body)).body.error.message.replace(/^.*?: /, '');
  assert.equal(await message('GET', 'calls?page=-1'), 'page: must be at least 1; -1 was given');
  assert.equal(
    await message('GET', 'calls?page=x'),
    'page: must be a whole number from 1 to 50; what was given is none',
  );
  assert.equal(
    await message('POST', 'calls/initiate', {}),
    'target_number: must be a number in E.164, such as +15551230000; nothing was given',
  );
});

test('the timeline of a long call has its end: Redis keeps some more events than were read', async () => {
  const { id } = await newCall();
  const beginning = Array.from({ length: 1090 }, (_, n) => ({ type: 'a', source: 'functions', data: { n } }) as const);
  for (const event of [...beginning, { type: 'the-end', source: 'functions', data: {} } as const]) {
    await functions.store.append(id, event);
  }
  const { body } = await get(`calls/${id}`);
  assert.equal(body.events.at(-1).type, 'the-end');
});
