import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { readAcsEvent } from '../carrier/acs/acs-events.ts';
import type { CallState } from '../carrier/carrier.ts';
import { CarrierError } from '../carrier/carrier-error.ts';
import { randomIds } from '../ids.ts';
import { sessionKeys } from '../sessions/keys.ts';
import { newSession, redisesUnderTest } from '../sessions/testing/redis.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { openCalls } from './open-calls.ts';
import type { OperationState } from './operation-ledger.ts';
import { workOff } from './testing/worked-off.ts';

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const raw = redis.connect();
const store = redis.store();

/** A call of which the carrier tells, and what that carrier would say if it were asked. */
async function callWith(now: 'active' | 'inactive' | 'gone', states: CallState[] = []) {
  const asked: string[] = [];
  const nothing = async () => {};
  const clock = new VirtualClock();
  const calls = openCalls({
    ...{ redis: redis?.connect() ?? raw, store, source: 'functions', sessionTtlSeconds: 600, maxCallMs: 60_000 },
    ...{ clock, newId: randomIds, log: pino({ level: 'silent' }) },
    carrier: {
      ...{ end: async () => true, startMedia: nothing, startTranscription: nothing, participants: async () => [] },
      state: async () => states.shift() ?? 'connected',
      stopRecording: async (id) => void asked.push(`stop ${id}`),
      async recordingState() {
        if (now === 'gone') throw new CarrierError('gone', 'acs.call-gone', 'It does not know this call.');
        return now;
      },
    },
  });
  const { work, inbox, ledger } = calls;
  const { id } = await store.create({ ...newSession(), status: 'connected', callConnectionId: randomIds() });
  const callConnectionId = (await store.get(id))?.callConnectionId;
  const enter = async (operationContext: string, action: string, state: OperationState, data: object = {}) => {
    await clock.advance(1);
    const recordingId = action === 'start' ? undefined : 'r-1';
    const begun = { sessionId: id, operationContext, kind: 'recording', deadlineMs: 60_000 } as const;
    await ledger.begin({ ...begun, data: { action, ...(recordingId && { recordingId }) } });
    if (state !== 'asked') await ledger.settle(id, { operationContext, state, result: { ...data } });
  };
  let events = 0;
  const tell = async (type: string, data: object) => {
    events += 1;
    const wire = {
      id: `${id}-${events}`,
      type: `Microsoft.Communication.${type}`,
      data: { callConnectionId, ...data },
    };
    await inbox.append(id, [readAcsEvent(wire, Date.now()) ?? assert.fail()]);
    await work.visit(id);
  };
  const told = (recordingId: string, state: string) => tell('RecordingStateChanged', { recordingId, state });
  const found = async (context: string) => {
    const { state, result } = (await ledger.get(id, context)) ?? {};
    return [state, result?.message ?? result?.data?.recordingId];
  };
  const later = () => workOff(raw, calls);
  /** One try of what is due later. */
  const once = async () => {
    const { todo } = sessionKeys(id);
    for (const [name, line] of Object.entries(await raw.hgetall(todo)))
      await raw.hset(todo, name, line.replace(/^\d+/, '0'));
    await work.visit(id);
  };
  return { id, asked, ledger, enter, tell, told, found, later, once };
}
const R1 = { data: { recordingId: 'r-1' } };

test('of two recordings of a call the one that failed is known by its name, however late that is told (breaker16b 0a)', async () => {
  const call = await callWith('active');
  await call.enter('first', 'start', 'succeeded', R1);
  await call.enter('stopped', 'stop', 'succeeded');
  await call.enter('second', 'start', 'succeeded', { data: { recordingId: 'r-2' } });
  await call.tell('StartRecordingFailed', {
    recordingId: 'r-1',
    resultInformation: { code: 403, message: 'No storage.' },
  });
  assert.deepEqual(
    [await call.found('first'), await call.found('second')],
    [
      ['failed', 'No storage.'],
      ['succeeded', 'r-2'],
    ],
  );
});

test('one whose answer got lost is known from what the carrier tells of it, and one that was taken back meanwhile is stopped', async () => {
  const call = await callWith('active');
  await call.enter('lost', 'start', 'accepted');
  await call.told('r-1', 'active');
  assert.deepEqual([await call.found('lost'), call.asked], [['succeeded', 'r-1'], []]);
  const other = await callWith('active');
  await other.enter('taken back', 'start', 'failed', { message: 'recording.taken-back', data: { requested: true } });
  await other.told('r-2', 'active');
  assert.deepEqual(other.asked, ['stop r-2']);
});

test('one that is told of before the carrier has answered is not taken for one that was taken back before', async () => {
  const call = await callWith('active');
  await call.enter('unheard', 'start', 'failed', { message: 'recording.taken-back' });
  await call.enter('starting', 'start', 'accepted');
  await call.told('r-1', 'active');
  assert.deepEqual([await call.found('starting'), call.asked], [['succeeded', 'r-1'], []]);
});

test('a recording of which nothing is heard any more is lost; one that was paused or stopped, goes on or ends with its call is not (breaker16b 0a)', async () => {
  for (const [now, changed, expected] of [
    ['gone', undefined, ['failed', 'recording.lost']],
    ['inactive', undefined, ['failed', 'recording.lost']],
    ['active', undefined, ['succeeded', 'r-1']],
    ['inactive', 'pause', ['succeeded', 'r-1']],
    ['gone', 'stop', ['succeeded', 'r-1']],
  ] as const) {
    const call = await callWith(now);
    await call.enter('start', 'start', 'succeeded', R1);
    if (changed) await call.enter('changed', changed, 'succeeded');
    await call.told('r-1', 'inactive');
    await call.later();
    assert.deepEqual(await call.found('start'), expected, `${now} after ${changed}`);
  }
  const over = await callWith('gone');
  await over.enter('start', 'start', 'succeeded', R1);
  await over.told('r-1', 'inactive');
  await over.tell('CallDisconnected', {});
  await over.later();
  assert.deepEqual(await over.found('start'), ['succeeded', 'r-1']);
});

test('a stop of a paused recording that nobody has answered is not taken for done while the carrier has that recording (close reader 5)', async () => {
  for (const [now, expected] of [
    ['inactive', 'unknown'],
    ['gone', 'succeeded'],
    ['active', 'failed'],
  ] as const) {
    const call = await callWith(now);
    await call.enter('start', 'start', 'succeeded', R1);
    await call.enter('pause', 'pause', 'succeeded');
    await call.enter('stop', 'stop', 'asked');
    await call.later();
    assert.equal((await call.found('stop'))[0], expected, now);
  }
});

test('a call that ends before the notice was heard was not recorded: operation and event say so (stranger17 6)', async () => {
  const call = await callWith('gone');
  await call.enter('start', 'start', 'asked');
  await call.tell('CallDisconnected', {});
  await call.later();
  assert.deepEqual(await call.found('start'), ['failed', 'recording.notice-unheard']);
  const told = (await store.events(call.id)).filter(({ type }) => type === 'recording.failed');
  assert.deepEqual(
    told.map(({ data }) => data),
    [{ operation_id: 'start', reason: 'recording.notice-unheard' }],
  );
});

test('that a recording has failed stands in the timeline once, whoever dies after it was found out, and not of one that was taken back (left 16-3)', async () => {
  const failed = async (id: string) =>
    (await store.events(id)).filter(({ type }) => type === 'recording.failed').map(({ data }) => data.reason);

  // The one who has asked the carrier cannot tell the host, and the one after him finds that it is settled.
  const asked = await callWith('active');
  await asked.enter('start', 'start', 'asked');
  await store.update(asked.id, () => ({ status: 'disconnected' }));
  await asked.ledger.settle(asked.id, {
    operationContext: 'start',
    state: 'failed',
    result: { message: 'recording.lost' },
  });
  assert.deepEqual(await failed(asked.id), ['recording.lost']);
  await asked.later();
  assert.deepEqual(await failed(asked.id), ['recording.lost']);

  // Nobody is on the call who could be told.
  const told = await callWith('active');
  await told.enter('start', 'start', 'succeeded', R1);
  await store.update(told.id, () => ({ status: 'disconnected' }));
  const resultInformation = { code: 403, subCode: 8, message: 'No storage.' };
  for (const _ of [1, 2]) await told.tell('StartRecordingFailed', { recordingId: 'r-1', resultInformation });
  await told.later();
  assert.deepEqual(await failed(told.id), ['403/8 No storage.']);

  // An event that names its operation is taken in in one step.
  const named = await callWith('active');
  await named.enter('start', 'start', 'succeeded', R1);
  await named.tell('StartRecordingFailed', { operationContext: 'start', resultInformation });
  assert.deepEqual(await failed(named.id), ['403/8 No storage.']);

  for (const message of ['recording.taken-back', 'recording.running']) {
    const call = await callWith('active');
    await call.enter('start', 'start', 'asked');
    await call.ledger.settle(call.id, { operationContext: 'start', state: 'failed', result: { message } });
    assert.deepEqual(await failed(call.id), [], message);
  }
});

test('the host is told that a recording is lost, though whoever found it out died before, or wanted something else of it (left 16-9)', async () => {
  const call = await callWith('gone');
  await call.enter('start', 'start', 'succeeded', R1);
  const { commands } = sessionKeys(call.id);
  await raw.set(commands, 'no list of commands');
  await call.told('r-1', 'inactive');
  await call.once();
  assert.deepEqual(await call.found('start'), ['failed', 'recording.lost']);
  await raw.del(commands);
  await call.later();
  const [, [, command = ''] = []] = (await raw.xrange(commands, '-', '+')).at(-1) ?? [];
  assert.partialDeepStrictEqual(JSON.parse(command), { operationContext: 'start', succeeded: false });
});

test('a recording that ends while a caller is put through for a minute is found lost when that is over (left 16-9)', async () => {
  const call = await callWith('gone', Array<CallState>(50).fill('changing'));
  await call.enter('start', 'start', 'succeeded', R1);
  await call.told('r-1', 'inactive');
  await call.later();
  assert.deepEqual(await call.found('start'), ['failed', 'recording.lost']);
});
