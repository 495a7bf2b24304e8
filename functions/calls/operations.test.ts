import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import { CommandInbox } from '../../shared/sessions/command-inbox.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

const CALLER = '+15550001';
const HUMAN = '+15559999';
let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
let ledger: OperationLedger;
let inbox: CommandInbox;

before(async () => {
  functions = await startFunctions();
  redis = patientRedis();
  ledger = new OperationLedger(redis, { ttlMs: 60_000, wallMs: () => Date.now() });
  inbox = new CommandInbox(redis);
});
after(async () => {
  inbox.close();
  redis.disconnect();
  await functions.close();
});
beforeEach(() => functions.acs.nextTest());

async function callInProgress(
  fields: Partial<Session> = {},
): Promise<Session & { readonly commands: SessionCommand[] }> {
  const session = await functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
    callConnectionId: `connection-${randomUUID()}`,
    from: CALLER,
    to: '+15550100',
    ...fields,
  });
  if (session.callConnectionId) await functions.store.bind(session.id, { callConnectionId: session.callConnectionId });
  const commands: SessionCommand[] = [];
  inbox.open(session.id, (command) => commands.push(command));
  return { ...session, commands };
}

/** What the carrier was asked, and for which call. @param of without what a call of the test before is still looked after by */
const asked = (of = '') =>
  functions.acs.requests
    .filter(({ path }) => !path.includes('/connection-') || path.includes(of))
    .map(({ path }) => path.replace(/connection-[\w-]+/, 'C'));

test('a blind transfer is asked of the carrier, from our number, shown with the call, and told to whoever talks on it', async () => {
  const { id, callConnectionId, commands } = await callInProgress();
  const { status, body } = await functions.request('POST', `calls/${callConnectionId}/transfer`, { target: HUMAN });
  assert.equal(status, 202);
  assert.partialDeepStrictEqual(body, { call_id: callConnectionId, session_id: id, status: 'accepted' });
  assert.deepEqual(asked(), [
    '/calling/callConnections/C/participants',
    '/calling/callConnections/C:transferToParticipant',
  ]);
  assert.partialDeepStrictEqual(functions.acs.requests[1]?.body, {
    operationContext: body.operation_id,
    sourceCallerIdNumber: { value: '+15550100' },
    targetParticipant: { phoneNumber: { value: HUMAN } },
  });
  const { body: call } = await functions.request('GET', `calls/${id}`);
  assert.partialDeepStrictEqual(call.operations, [
    { operation_id: body.operation_id, kind: 'transfer', state: 'accepted' },
  ]);
  await eventually(() => commands.length > 0);
  const wish = { kind: 'transfer', target: HUMAN, how: 'blind', timeoutS: 30 };
  assert.deepEqual(commands, [{ type: 'wish', operationContext: body.operation_id, wish }]);
  const again = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN });
  assert.deepEqual([again.status, again.body.error.code], [409, 'calls.transfer-running']);
});

test('a warm transfer is handed to whoever talks on the call', async () => {
  const call = await callInProgress();
  const wanted = { target: HUMAN, kind: 'warm', context: 'Ann, about a bill.', timeout_s: 20 };
  const { status, body } = await functions.request('POST', `calls/${call.id}/transfer`, wanted);
  assert.equal(status, 202);
  await eventually(() => call.commands.length > 0);
  const wish = { kind: 'transfer', target: HUMAN, how: 'warm', summary: 'Ann, about a bill.', timeoutS: 20 };
  assert.deepEqual(call.commands, [{ type: 'wish', operationContext: body.operation_id, wish }]);
  assert.deepEqual(asked(), ['/calling/callConnections/C/participants'], 'he may be in the call already');
});

test('with an Idempotency-Key a repeated request transfers once', async () => {
  const { id } = await callInProgress();
  const send = (target: string) =>
    functions.request('POST', `calls/${id}/transfer`, { target }, { 'idempotency-key': `key-${id}` });
  const [first, second] = [await send(HUMAN), await send(HUMAN)];
  assert.deepEqual(second.body, first.body);
  assert.equal(asked().filter((path) => path.endsWith(':transferToParticipant')).length, 1);
  assert.equal((await send(CALLER)).body.error.code, 'once.input-differs');
});

/** What is asked for with a key, and something else that is. */
const KEYED: readonly (readonly [method: string, path: string, body?: object | undefined, other?: object | string])[] =
  [
    ['POST', 'transfer', { target: HUMAN }, { target: CALLER }],
    ['POST', 'transfer', { target: HUMAN, kind: 'warm' }, { target: HUMAN }],
    ['POST', 'participants', { target: HUMAN }, { target: CALLER }],
    ['DELETE', `participants/${encodeURIComponent(CALLER)}`, undefined, `participants/${encodeURIComponent(HUMAN)}`],
    ['POST', 'hold', {}, { participant: HUMAN }],
    ['POST', 'unhold', {}, { participant: HUMAN }],
    ['POST', 'recording', { action: 'start' }, { action: 'stop' }],
    ['POST', 'keys', { keys: '77' }, { keys: '777' }],
    ['POST', 'keys/collect', { count: 1 }, { count: 2 }],
  ];

for (const [method, path, body, other] of KEYED) {
  test(`${method} ${path} ${JSON.stringify(body ?? '')} that comes again with its Idempotency-Key is done once, and answered as before, also when the call is over (breaker16c n1, n8)`, async () => {
    const { id, callConnectionId } = await callInProgress();
    const send = (to = path, what = body) =>
      functions.request(method, `calls/${id}/${to}`, what, { 'idempotency-key': 'again' });
    const first = await send();
    assert.equal(first.status, 202);
    const before = asked(callConnectionId).length;
    assert.deepEqual((await send()).body, first.body);
    const differs = typeof other === 'string' ? await send(other) : await send(path, other);
    assert.deepEqual([differs.status, differs.body.error.code], [409, 'once.input-differs']);
    await functions.store.update(id, () => ({ status: 'disconnected', endReason: 'transferred' }));
    const { status, body: again } = await send();
    assert.deepEqual([status, again], [202, first.body]);
    assert.equal(asked(callConnectionId).length, before);
    assert.equal((await ledger.list(id)).length, 1);
    // As if somebody were still at it.
    const [key = ''] = await redis.keys(`parley:once:*:${id}:*:again`);
    const { answer: _, ...begun } = JSON.parse((await redis.get(key)) ?? '{}');
    await redis.set(key, JSON.stringify(begun), 'PX', 10_000);
    const running = await send();
    assert.deepEqual([running.status, running.body.error.code], [503, 'once.running']);
  });
}

test('nobody is put through to somebody who is in the call, nor to himself, by any of his names (breaker16c n2)', async () => {
  const { id } = await callInProgress();
  functions.acs.inCall = [CALLER, HUMAN];
  for (const kind of ['blind', 'warm']) {
    for (const target of [HUMAN, CALLER, `4:${CALLER}`]) {
      const { status, body } = await functions.request('POST', `calls/${id}/transfer`, { target, kind });
      assert.deepEqual([status, body.error.code], [409, 'calls.participant-there'], `${kind} ${target}`);
    }
  }
  assert.ok(asked().every((path) => path.endsWith('/participants')));
  assert.deepEqual(await ledger.list(id), []);
});

test('who is handed on is said where others are in the call, also where nobody remembers that they came (breaker16c n0b)', async () => {
  const { id } = await callInProgress();
  functions.acs.inCall = [CALLER, '+15550100', '+15558888'];
  assert.equal((await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN })).status, 202);
  assert.partialDeepStrictEqual(functions.acs.requests[1]?.body, { transferee: { phoneNumber: { value: CALLER } } });
});

test('of hold and unhold at once one is refused by name, so that ledger and carrier agree (breaker16c n7)', async () => {
  const { id } = await callInProgress();
  const others = Promise.withResolvers<void>();
  functions.acs.beforeAnswer = () => others.promise;
  let refused = 0;
  const answers = await Promise.all(
    ['hold', 'unhold', 'hold'].map(async (what) => {
      const answer = await functions.request('POST', `calls/${id}/${what}`, {});
      refused += 1;
      if (refused === 2) others.resolve();
      return answer;
    }),
  );
  functions.acs.beforeAnswer = undefined;
  const codes = answers.map(({ body }) => body.error?.code ?? 'done').sort();
  assert.deepEqual(codes, ['calls.hold-running', 'calls.hold-running', 'done']);
  assert.equal(functions.acs.operations.length, 1);
  assert.equal((await functions.request('POST', `calls/${id}/unhold`, {})).status, 202);
});

test('that a telephone is not muted is told with what can be done (stranger16: mute)', async () => {
  const { id } = await callInProgress();
  functions.acs.failing = { path: ':mute', failure: { status: 400, code: '8523' } };
  const path = `calls/${id}/participants/${encodeURIComponent(CALLER)}/mute`;
  const { status, body } = await functions.request('POST', path);
  assert.deepEqual([status, body.error.code], [502, 'acs.refused']);
  assert.match(body.error.message, /8:acs:.*no telephones.*hold/);
});

test('participants are added, told, muted and removed', async () => {
  const { id } = await callInProgress();
  const added = await functions.request('POST', `calls/${id}/participants`, { target: HUMAN, timeout_s: 20 });
  assert.equal(added.status, 202);
  const { body: there } = await functions.request('GET', `calls/${id}/participants`);
  assert.deepEqual(there, { participants: [{ id: CALLER, muted: false, on_hold: true }] });
  functions.acs.inCall = [CALLER, HUMAN];
  const person = encodeURIComponent(HUMAN);
  const muted = await functions.request('POST', `calls/${id}/participants/${person}/mute`);
  assert.deepEqual([muted.status, muted.body], [200, { participant: HUMAN, muted: true }]);
  const removed = await functions.request('DELETE', `calls/${id}/participants/${person}`);
  assert.equal(removed.status, 202);
  assert.deepEqual(
    asked().map((path) => path.replace('/calling/callConnections/C/', '')),
    ['participants', 'participants:add', 'participants', 'participants:mute', 'participants', 'participants:remove'],
  );
  assert.partialDeepStrictEqual(functions.acs.requests[1]?.body, { invitationTimeoutInSeconds: 20 });
  const kinds = (await ledger.list(id)).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['add-participant', 'remove-participant']);
});

test('the caller is put on hold and taken off, and whoever talks with him is told', async () => {
  const call = await callInProgress();
  const held = await functions.request('POST', `calls/${call.id}/hold`, {});
  const back = await functions.request('POST', `calls/${call.id}/unhold`, { participant: CALLER });
  assert.deepEqual([held.status, back.status], [202, 202]);
  assert.deepEqual(functions.acs.operations, ['hold', 'unhold']);
  await eventually(() => call.commands.length === 2);
  const told = (operationContext: string) => ({ type: 'operation', operationContext, succeeded: true, reason: '' });
  assert.deepEqual(call.commands, [told(held.body.operation_id), told(back.body.operation_id)]);
  const operations = await ledger.list(call.id);
  assert.deepEqual(
    operations.map(({ state, data }) => [state, data.on]),
    [
      ['succeeded', true],
      ['succeeded', false],
    ],
  );
});

test('a recording is started by whoever talks on the call, then paused, gone on with and stopped', async () => {
  const call = await callInProgress();
  const record = (action: string) => functions.request('POST', `calls/${call.id}/recording`, { action });
  assert.equal((await record('pause')).body.error.code, 'recording.none');
  const started = await record('start');
  assert.equal(started.status, 202);
  await eventually(() => call.commands.length > 0);
  const wish = { type: 'wish', operationContext: started.body.operation_id, wish: { kind: 'record' } };
  assert.deepEqual(call.commands, [wish]);
  const { operation_id: operationContext } = started.body;
  // The host does so, after the notice.
  await ledger.settle(call.id, {
    operationContext,
    state: 'succeeded',
    result: { data: { recordingId: 'recording-7' } },
  });
  assert.equal((await record('start')).body.error.code, 'recording.running');
  for (const action of ['pause', 'resume', 'stop']) assert.equal((await record(action)).status, 202);
  assert.deepEqual(asked(), [
    '/calling/recordings/recording-7:pause',
    '/calling/recordings/recording-7:resume',
    '/calling/recordings/recording-7',
  ]);
  assert.equal((await record('stop')).body.error.code, 'recording.none');
});

test('who is added to a recorded call is rung once its recording has paused, which whoever talks on it is told, as he is where nobody could be rung (left 16)', async () => {
  const call = await callInProgress();
  const started = await functions.request('POST', `calls/${call.id}/recording`, { action: 'start' });
  const { operation_id: operationContext } = started.body;
  const result = { data: { recordingId: 'recording-7' } };
  await ledger.settle(call.id, { operationContext, state: 'succeeded', result });
  functions.acs.failing = { path: 'participants:add', failure: { status: 400, code: '8523' } };
  const { status } = await functions.request('POST', `calls/${call.id}/participants`, { target: HUMAN });
  assert.equal(status, 502);
  assert.deepEqual(asked().slice(0, 3), [
    '/calling/callConnections/C/participants',
    '/calling/recordings/recording-7:pause',
    '/calling/callConnections/C/participants:add',
  ]);
  await eventually(() => call.commands.length >= 3);
  const [, paused, nobody] = call.commands;
  assert.partialDeepStrictEqual(paused, { type: 'operation', succeeded: true });
  assert.deepEqual(nobody, { ...paused, succeeded: false });
});

test('calls/terminate ends a call as hangup does (compat 4)', async () => {
  const { id, callConnectionId } = await callInProgress();
  const { status, body } = await functions.request('POST', 'calls/terminate', { call_id: callConnectionId });
  assert.deepEqual([status, body.status, body.session_id], [200, 'disconnecting', id]);
  assert.deepEqual(functions.acs.operations, ['terminate']);
  assert.equal((await functions.request('POST', 'calls/terminate', { call_id: 'nobody' })).status, 200);
});

test('who hangs up a call that was handed on is told that others talk on (stranger16d n11)', async () => {
  const { id } = await callInProgress({ status: 'disconnected', endReason: 'transferred' });
  const { status, body } = await functions.request('POST', `calls/${id}/hangup`);
  assert.deepEqual([status, body.status], [200, 'disconnected']);
  assert.match(body.message, /^Our part in the call was over already: .* talks on without us/);
  assert.deepEqual(functions.acs.operations, []);
});

test('what the carrier refuses is told as such and on record as failed; what may have been done stays open', async () => {
  const { id } = await callInProgress();
  functions.acs.failing = { path: ':transfer', failure: { status: 400, code: '8500' } };
  const refused = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN });
  assert.deepEqual([refused.status, refused.body.error.code], [502, 'acs.refused']);
  assert.partialDeepStrictEqual(await ledger.list(id), [{ state: 'failed', result: { message: 'acs.refused' } }]);
  functions.acs.failing = { path: ':transfer', failure: { status: 503, code: '8500' } };
  const unsure = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN });
  assert.deepEqual([unsure.status, unsure.body.error.code], [503, 'acs.unavailable']);
  assert.equal((await ledger.list(id))[1]?.state, 'asked');
});

test('a recording that the carrier does not change is told so, with the code of each fault', async () => {
  const { id } = await callInProgress();
  await ledger.begin({
    sessionId: id,
    operationContext: 'r',
    kind: 'recording',
    deadlineMs: 1000,
    data: { action: 'start' },
  });
  await ledger.settle(id, {
    operationContext: 'r',
    state: 'succeeded',
    result: { data: { recordingId: 'recording-1' } },
  });
  for (const [status, code] of [
    [401, 'acs.denied'],
    [400, 'acs.refused'],
    [503, 'acs.unavailable'],
    [0, 'acs.unreachable'],
    [404, 'acs.call-gone'],
  ] as const) {
    functions.acs.failing = { path: '', failure: { status, code: '8500' } };
    const { body } = await functions.request('POST', `calls/${id}/recording`, { action: 'pause' });
    assert.equal(body.error.code, code);
  }
});

const ROUTES: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['POST', 'transfer', { target: HUMAN }],
  ['POST', 'participants', { target: HUMAN }],
  ['GET', 'participants'],
  ['DELETE', `participants/${encodeURIComponent(HUMAN)}`],
  ['POST', `participants/${encodeURIComponent(HUMAN)}/mute`],
  ['POST', 'hold', {}],
  ['POST', 'unhold', {}],
  ['POST', 'recording', { action: 'start' }],
];

test('each of them is for a phone call that stands, and that the carrier knows', async () => {
  const over = await callInProgress({ status: 'disconnected' });
  const ringing = await callInProgress({ status: 'ringing' });
  const browser = await callInProgress({ channel: 'browser' });
  for (const [method, path, body] of ROUTES) {
    for (const [id, code] of [
      [over.id, 'call.ended'],
      [ringing.id, 'calls.not-established'],
      [browser.id, 'calls.no-phone-call'],
      ['nobody', 'calls.not-found'],
    ] as const) {
      assert.equal((await functions.request(method, `calls/${id}/${path}`, body)).body.error.code, code, path);
    }
    if (path === 'recording') continue;
    const { id } = await callInProgress();
    functions.acs.failing = { path: '', failure: { status: 404, code: '8522' } };
    assert.equal((await functions.request(method, `calls/${id}/${path}`, body)).body.error.code, 'acs.call-gone', path);
    functions.acs.failing = undefined;
  }
});

test('of two at the same time with one Idempotency-Key, one is told to come again', async () => {
  for (const path of ['transfer', 'participants']) {
    const { id } = await callInProgress();
    const send = (target = HUMAN) =>
      functions.request('POST', `calls/${id}/${path}`, { target }, { 'idempotency-key': `both-${id}` });
    functions.acs.beforeAnswer = () => new Promise((resolve) => setTimeout(resolve, 200));
    const codes = (await Promise.all([send(), send()])).map(({ body }) => body.error?.code ?? 'done');
    assert.deepEqual(codes.sort(), ['done', 'once.running']);
    functions.acs.beforeAnswer = undefined;
    assert.equal((await send(CALLER)).body.error.code, 'once.input-differs');
  }
});

test('nobody who can be called, or a field that nobody knows, is refused', async () => {
  const { id, callConnectionId = '' } = await callInProgress();
  for (const body of [{}, { target: 'sip:x@y' }, { target: HUMAN, kind: 'attended' }, { target: HUMAN, to: 1 }]) {
    assert.equal((await functions.request('POST', `calls/${id}/transfer`, body)).status, 400);
  }
  // What belongs to a call before may still come.
  assert.ok(functions.acs.requests.every(({ path }) => !path.includes(callConnectionId)));
});

test('a caller who keeps his number to himself is put on hold and removed like any other: ACS was asked for a user who was not there', async () => {
  const { id } = await callInProgress({ from: 'anonymous' });
  functions.acs.inCall = ['anonymous'];
  assert.equal((await functions.request('POST', `calls/${id}/hold`, {})).status, 202);
  const party = { rawId: '4:anonymous', phoneNumber: { value: 'anonymous' } };
  assert.partialDeepStrictEqual(functions.acs.requests[0]?.body, { targetParticipant: party });
  const { body } = await functions.request('GET', `calls/${id}/participants`);
  // By the name that he is told of.
  const named = encodeURIComponent(body.participants[0].id);
  assert.equal((await functions.request('DELETE', `calls/${id}/participants/${named}`)).status, 202);
});
