import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import { FolderRecordStore } from '../../shared/records/folder-store.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { newSession } from '../../shared/sessions/testing/redis.ts';
import { startFunctions } from '../testing/functions-under-test.ts';

const folder = await mkdtemp(join(tmpdir(), 'parley-records-'));
const functions = await startFunctions({ CALL_RECORDS_DIR: folder });
const redis = patientRedis();
const ledger = new OperationLedger(redis, { ttlMs: 60_000, wallMs: () => Date.now() });
after(async () => {
  redis.disconnect();
  await functions.close();
  await rm(folder, { recursive: true, force: true });
});

const records = new FolderRecordStore(folder);
let made = 0;

async function newCall(status: 'connected' | 'disconnected') {
  const id = `session-${++made}`;
  const callConnectionId = `call-${made}`;
  await functions.store.create({ ...newSession(id), from: '+15551112233', status: 'connected' });
  await functions.store.bind(id, { callConnectionId });
  if (status === 'disconnected') await functions.store.update(id, () => ({ status }));
  const part = await records.begin(id);
  await part.appendLines(Buffer.from('{"at_ms":1,"line":"head"}\n{"at_ms":2,"line":"input","kind":"x"}\n'));
  await (await records.begin(id)).appendLines(Buffer.from('{"at_ms":3,"line":"end"}\n'));
  return { id, callConnectionId };
}

const read = async (path: string) => {
  const response = await fetch(`${functions.baseUrl}/${path}`);
  return { response, text: await response.text() };
};

test('a call’s record is read as JSON lines, all parts, by the id of the session or of the call', async () => {
  const { id, callConnectionId } = await newCall('connected');
  for (const name of [id, callConnectionId]) {
    const { response, text } = await read(`calls/${name}/record`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/x-ndjson/);
    assert.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).line),
      ['head', 'input', 'end'],
    );
  }
  const { text } = await read(`calls/${id}/record?inputs=false`);
  assert.equal(text, '{"at_ms":1,"line":"head"}\n{"at_ms":3,"line":"end"}\n');
});

test('a record outlives its session in Redis', async () => {
  await (await records.begin('long-ago')).appendLines(Buffer.from('{"at_ms":1,"line":"head"}\n'));
  assert.equal((await read('calls/long-ago/record')).text, '{"at_ms":1,"line":"head"}\n');
});

test('a record that there is not is told by a code of its own', async () => {
  const { status, body } = await functions.request('GET', 'calls/nobody/record');
  assert.deepEqual([status, body.error.code], [404, 'records.not-found']);
  const odd = await functions.request('GET', `calls/${encodeURIComponent('../../etc')}/record`);
  assert.equal(odd.status, 404);
});

test('a call that goes on is not erased, and is told to be ended first', async () => {
  const { id } = await newCall('connected');
  const { status, body } = await functions.request('DELETE', `calls/${id}`);
  assert.deepEqual([status, body.error.code], [409, 'calls.goes-on']);
  assert.match(body.error.message, /hangup/);
  assert.equal((await records.files(id)).length, 2);
  assert.ok(await functions.store.get(id));
});

test('a call whose hang-up was just taken is not told to be hung up, but to be asked for again (stranger16d n11)', async () => {
  const { id } = await newCall('connected');
  await functions.store.update(id, () => ({ endReason: 'hangup-requested' }));
  const { status, body } = await functions.request('DELETE', `calls/${id}`);
  assert.deepEqual([status, body.error.code], [409, 'calls.goes-on']);
  assert.match(body.error.message, /being ended: ask again in some seconds/);
});

test('a call that a host still writes the last words of is not erased yet', async () => {
  const { id } = await newCall('disconnected');
  await functions.store.claim(id, 'host#1', 60_000);
  const { status, body } = await functions.request('DELETE', `calls/${id}`);
  assert.deepEqual([status, body.error.code], [409, 'calls.goes-on']);
  await functions.store.release(id, 'host#1');
  assert.equal((await functions.request('DELETE', `calls/${id}`)).status, 200);
});

test('a call is erased everywhere, it is told what was, and a second time there is nothing', async () => {
  const { id, callConnectionId } = await newCall('disconnected');
  const { status, body } = await functions.request('DELETE', `calls/${callConnectionId}`);
  assert.equal(status, 200);
  assert.deepEqual([body.call_id, body.session_id, body.message], [callConnectionId, id, 'Erased']);
  assert.deepEqual(
    body.files.map(({ name }: { name: string }) => name),
    ['record.jsonl', 'record-2.jsonl'],
  );
  assert.ok(body.redis.session === 1 && body.redis.calls >= 2, JSON.stringify(body.redis));
  assert.equal((await functions.request('GET', `calls/${id}`)).status, 404);
  assert.equal((await read(`calls/${id}/record`)).response.status, 404);
  const again = await functions.request('DELETE', `calls/${id}`);
  assert.deepEqual([again.status, again.body.redis, again.body.files], [200, {}, []]);
});

test('a call of which a part is gone already is erased all the same: its session, or its record', async () => {
  const { id } = await newCall('disconnected');
  await records.erase(id);
  assert.equal((await functions.request('DELETE', `calls/${id}`)).body.message, 'Erased');
  const other = await newCall('disconnected');
  await functions.request('DELETE', `calls/${other.id}`);
  await (await records.begin(other.id)).appendLines(Buffer.from('{}\n'));
  const { body } = await functions.request('DELETE', `calls/${other.id}`);
  assert.deepEqual([body.message, body.files.length, body.redis], ['Erased', 1, {}]);
});

test('what ACS recorded of an erased call is named by the answer, as nothing else tells it any more (stranger16d n1)', async () => {
  const { id } = await newCall('disconnected');
  await functions.store.update(id, () => ({ correlationId: 'correlation', serverCallId: 'server-call' }));
  const begin = (operationContext: string, action = 'start') =>
    ledger.begin({ sessionId: id, operationContext, kind: 'recording', deadlineMs: 0, data: { action } });
  for (const each of ['made', 'unanswered', 'refused']) await begin(each);
  await begin('stop', 'stop');
  const result = { data: { recordingId: 'recording' } };
  await ledger.settle(id, { operationContext: 'made', state: 'succeeded', result });
  await ledger.settle(id, { operationContext: 'unanswered', state: 'unknown' });
  await ledger.settle(id, { operationContext: 'refused', state: 'failed', result: { message: 'acs.refused' } });
  const { body } = await functions.request('DELETE', `calls/${id}`);
  const ids = { what: 'carrier-recording', correlation_id: 'correlation', server_call_id: 'server-call' };
  assert.deepEqual(
    new Set(body.left),
    new Set([
      { ...ids, recording_id: 'recording' },
      { ...ids, recording_id: null },
    ]),
  );
  assert.match(body.message, /^Erased, but for what ACS recorded/);
  // Nobody knows any more, which is not that there is none.
  assert.equal((await functions.request('DELETE', `calls/${id}`)).body.left, null);
  const other = await newCall('disconnected');
  const { left, message } = (await functions.request('DELETE', `calls/${other.id}`)).body;
  assert.deepEqual([left, message], [[], 'Erased']);
});

test('a call whose operations Redis had lost is not said to have none that ACS recorded: what its record names is left, else nobody knows (breaker16c 4)', async () => {
  const lost = async (lines = '') => {
    const { id } = await newCall('connected');
    await (await records.begin(id)).appendLines(Buffer.from(lines));
    const session = (await functions.store.get(id)) ?? assert.fail();
    await functions.store.claim(id, 'host#1', 60_000);
    await redis.del(...(await redis.keys(`parley:{${id}}:*`)));
    await functions.store.restore({ ...session, correlationId: 'c' }, [], { owner: 'host#1', leaseMs: 60_000 });
    await functions.store.update(id, () => ({ status: 'disconnected' }));
    await functions.store.release(id, 'host#1');
    return id;
  };
  const unknown = (await functions.request('DELETE', `calls/${await lost()}`)).body;
  assert.equal(unknown.left, null);
  assert.match(unknown.message, /nobody knows: Redis had lost/);

  const told = (recordingId: string, state: string) =>
    JSON.stringify({
      ...{ at_ms: 4, line: 'event', event: 'acs.RecordingStateChanged', source: 'functions' },
      data: { recordingId, state },
    });
  const lines = [told('first', 'active'), told('first', 'inactive'), told('second', 'active'), ''].join('\n');
  const id = await lost(lines);
  const result = { data: { recordingId: 'second' } };
  const start = { sessionId: id, operationContext: 'again', kind: 'recording', data: { action: 'start' } } as const;
  await ledger.begin({ ...start, deadlineMs: 0 });
  await ledger.settle(id, { operationContext: 'again', state: 'succeeded', result });
  const { left, message } = (await functions.request('DELETE', `calls/${id}`)).body;
  const ids = left.map(({ recording_id }: { recording_id: string }) => recording_id);
  assert.deepEqual([ids, left[0].correlation_id], [['second', 'first'], 'c']);
  assert.match(message, /^Erased, but for what ACS recorded: .* as far as it is known: Redis had lost/);
});
