import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { type NewOperation, OperationLedger, type OperationState } from '../../shared/calls/operation-ledger.ts';
import { pauseFor } from '../../shared/calls/operations/newcomer.ts';
import { noteNewcomer } from '../../shared/calls/operations/untold.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

const HUMAN = '+15559999';
const RECORDING = { recordingId: 'recording-1' };
let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
let ledger: OperationLedger;

before(async () => {
  functions = await startFunctions();
  redis = patientRedis();
  ledger = new OperationLedger(redis, { ttlMs: 60_000, wallMs: () => Date.now() });
});
after(async () => {
  redis.disconnect();
  await functions.close();
});
beforeEach(() => functions.acs.nextTest());

/** A call that is recorded, and to which `HUMAN` is added by the API. */
async function recorded(unannounced = false) {
  const sessionId = randomUUID();
  await functions.store.create({
    ...({ channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders', status: 'connected' } as const),
    ...{ id: sessionId, callConnectionId: `connection-${sessionId}`, from: '+15550001', to: '+15550100' },
  });
  const enter = async (
    operationContext: string,
    kind: NewOperation['kind'],
    data: NewOperation['data'],
    state?: OperationState,
  ) => {
    await ledger.begin({ sessionId, operationContext, kind, deadlineMs: 60_000, data: { askedBy: 'engine', ...data } });
    if (state) await ledger.settle(sessionId, { operationContext, state, result: { data: RECORDING } });
  };
  const settle = (operationContext: string, state: OperationState) =>
    ledger.settle(sessionId, { operationContext, state });
  await enter('start', 'recording', { action: 'start' });
  const data = { ...RECORDING, ...(unannounced && { unannounced }) };
  await ledger.settle(sessionId, { operationContext: 'start', state: 'succeeded', result: { data } });
  const post = (path: string, body: object) => functions.request('POST', `calls/${sessionId}/${path}`, body);
  /** @returns the code of the refusal, or `done` */
  const record = async (action: string): Promise<string> =>
    (await post('recording', { action })).body.error?.code ?? 'done';
  /** @returns what brings him in */
  const add = async (): Promise<string> => (await post('participants', { target: HUMAN })).body.operation_id;
  return { sessionId, enter, settle, post, record, add };
}

const resumed = () => functions.acs.requests.filter(({ path }) => path.endsWith(':resume')).length;

test('a recording that is paused for somebody is not gone on with while he is rung, or told (breaker16c 6)', async () => {
  const call = await recorded();
  const { post, record, settle, add } = call;
  const by = await add();
  const rung = await post('recording', { action: 'resume' });
  assert.deepEqual([rung.status, rung.body.error?.code], [409, 'recording.newcomer']);
  assert.match(rung.body.error.message, /being rung.*goes on by itself once he was told/);
  await settle(by, 'accepted');
  assert.equal(await record('resume'), 'recording.newcomer');
  await settle(by, 'succeeded');
  const told = await post('recording', { action: 'resume' });
  assert.deepEqual([told.status, told.body.error?.code], [409, 'recording.newcomer']);
  assert.match(told.body.error.message, /was not told yet/);
  assert.equal(resumed(), 0);
  // The engine goes on with it, once he was told.
  await call.enter(`${pauseFor(by)}.resume-0`, 'recording', { action: 'resume', ...RECORDING }, 'succeeded');
  assert.deepEqual([await record('pause'), await record('resume')], ['done', 'done']);
  assert.equal(resumed(), 1);
});

test('what was paused for somebody who does not come, or was told, may be gone on with (breaker16c 6)', async () => {
  const declined = await recorded();
  await declined.settle(await declined.add(), 'failed');
  assert.equal(await declined.record('resume'), 'done');

  // He was told, and the carrier did not go on.
  const told = await recorded();
  const by = await told.add();
  await told.settle(by, 'succeeded');
  await told.enter(`${pauseFor(by)}.resume-0`, 'recording', { action: 'resume', ...RECORDING }, 'failed');
  assert.equal(await told.record('resume'), 'done');

  // Nobody knows what came of the request to go on.
  const asked = await recorded();
  const other = await asked.add();
  await asked.settle(other, 'succeeded');
  await asked.enter(`${pauseFor(other)}.resume-0`, 'recording', { action: 'resume', ...RECORDING });
  assert.equal(await asked.record('resume'), 'done');

  // Nobody knows what came of him.
  const unknown = await recorded();
  await unknown.settle(await unknown.add(), 'unknown');
  assert.equal(await unknown.record('resume'), 'done');
});

test('who comes after another is told, too, and what Redis has lost of him may be so (breaker16c 6)', async () => {
  const second = await recorded();
  const by = await second.add();
  await second.settle(by, 'failed');
  await second.enter('later', 'add-participant', { target: '+15558888' }, 'succeeded');
  assert.equal(await second.record('resume'), 'recording.newcomer');

  const lost = await recorded();
  await lost.enter('start.paused', 'recording', { action: 'pause', ...RECORDING }, 'succeeded');
  assert.equal(await lost.record('resume'), 'recording.newcomer');
  // Where he never hears it, all are told anew.
  assert.deepEqual([await lost.record('stop'), await lost.record('start')], ['done', 'done']);
});

test('what the application has paused is not gone on with while somebody is rung, and may be then; where nobody is told, always (breaker16c 6)', async () => {
  const own = await recorded();
  assert.equal(await own.record('pause'), 'done');
  const by = await own.add();
  const { body } = await own.post('recording', { action: 'resume' });
  assert.equal(body.error?.code, 'recording.newcomer');
  assert.match(body.error.message, /being rung for the call\. Ask again then/);
  await own.settle(by, 'failed');
  assert.equal(await own.record('resume'), 'done');

  const silent = await recorded(true);
  assert.equal(await silent.record('pause'), 'done');
  await silent.add();
  assert.equal(await silent.record('resume'), 'done');

  const none = await recorded();
  await none.add();
  assert.equal(await none.record('stop'), 'done');
  assert.equal(await none.record('resume'), 'recording.none');
});

test('a recording is not gone on with while the caller is put through blindly, and may be where that fails (breaker16c 6)', async () => {
  const { post, record, settle } = await recorded();
  const { body } = await post('transfer', { target: HUMAN });
  assert.equal(await record('resume'), 'recording.newcomer');
  await settle(body.operation_id, 'failed');
  assert.equal(await record('resume'), 'done');
});

test('what the application has paused is not gone on with while somebody who has come is being told (left 18 a: 202, and he was on it untold until the host paused it again)', async () => {
  const call = await recorded();
  const { sessionId, post, record, settle, add } = call;
  assert.equal(await record('pause'), 'done');
  const by = await add();
  await settle(by, 'succeeded');
  for (const isNoted of [false, true]) {
    if (isNoted) await noteNewcomer(ledger, sessionId, by, false);
    const told = await post('recording', { action: 'resume' });
    assert.deepEqual([told.status, told.body.error?.code], [409, 'recording.newcomer']);
    assert.match(told.body.error.message, /was not told yet.*Ask again then/);
  }
  assert.equal(resumed(), 0);
  await noteNewcomer(ledger, sessionId, by, true);
  assert.equal(await record('resume'), 'done');
  // For him alone: who comes then is told, too.
  assert.equal(await record('pause'), 'done');
  await call.enter('later', 'add-participant', { target: '+15558888' }, 'succeeded');
  assert.equal(await record('resume'), 'recording.newcomer');
});

test('who came before a recording was asked for heard its notice with all others, and need not be told again (left 18 a)', async () => {
  const call = await recorded();
  const { settle, add, record, post } = call;
  assert.equal(await record('stop'), 'done');
  await settle(await add(), 'succeeded');
  await new Promise((resolve) => setTimeout(resolve, 2));
  const again = (await post('recording', { action: 'start' })).body.operation_id;
  const result = { data: { recordingId: 'recording-2' } };
  await ledger.settle(call.sessionId, { operationContext: again, state: 'succeeded', result });
  assert.deepEqual([await record('pause'), await record('resume')], ['done', 'done']);
});

test('who is in the call already is refused before anything is paused for him (breaker18 4: the recording paused for 44 ms)', async () => {
  const call = await recorded();
  functions.acs.inCall = [HUMAN];
  // As ACS refuses him itself.
  functions.acs.failing = { path: 'participants:add', failure: { status: 400, code: '8523' } };
  const { status, body } = await call.post('participants', { target: HUMAN });
  assert.deepEqual([status, body.error?.code], [409, 'calls.participant-there']);
  assert.ok(functions.acs.requests.every(({ path }) => !path.endsWith(':pause')));
  assert.deepEqual(
    (await ledger.list(call.sessionId)).map(({ kind, data, state }) => [kind, data.action, state]),
    [
      ['recording', 'start', 'succeeded'],
      ['add-participant', undefined, 'failed'],
    ],
  );
});

test('to go on with what runs, and to pause what is paused, is answered by what stands, and asked of nobody (breaker18 6: each was one more operation)', async () => {
  const { sessionId, post, add, settle } = await recorded();
  const ask = async (action: string) => (await post('recording', { action })).body.operation_id;
  assert.equal(await ask('resume'), 'start');
  const paused = await ask('pause');
  assert.equal(await ask('pause'), paused);
  const goesOn = await ask('resume');
  assert.deepEqual([await ask('resume'), resumed()], [goesOn, 1]);
  assert.deepEqual(
    (await ledger.list(sessionId)).map(({ data }) => data.action),
    ['start', 'pause', 'resume'],
  );
  // What is paused for somebody goes on by itself, unless the application has paused it, too.
  const by = await add();
  const own = await ask('pause');
  assert.notEqual(own, pauseFor(by));
  assert.equal(await ask('pause'), own);
  await settle(by, 'failed');
  assert.notEqual(await ask('resume'), goesOn);
});
