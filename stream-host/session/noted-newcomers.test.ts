import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireNobodyUntold } from '../../shared/calls/operations/untold.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { HUMAN } from './testing/call-at-desk.ts';
import { AGENT, ledger, PLAN, recorded, running, settled } from './testing/recording-rig.ts';

/** What the ledger says of those who come into a recorded call, for the API and for the next host. */

/** Another host takes the call over. */
function takenOver(sessionId: string) {
  const after = recorded(AGENT, PLAN, { sessionId });
  after.recording.begin('from-start', false);
  return after;
}

const judged = (verdict: 'menu' | 'human') => ({ verdict, reason: 'words', afterMs: 1000 }) as const;

test('a host that takes a call over while it is paused for a menu tells the menu nothing, and goes on once whoever was found behind it was told (left 18 c: the menu heard the notice, and whoever was behind it was recorded untold)', async () => {
  const before = await running();
  before.events.emit('answeredBy', judged('menu'));
  await eventually(async () => (await before.now()).is === 'paused');
  before.recording.close(false);
  const after = takenOver(before.sessionId);
  await settled();
  after.recording.ended('keys', true, '');
  await settled();
  assert.deepEqual([after.news, (await after.now()).is], [[], 'paused']);
  const operations = await ledger.list(before.sessionId);
  assert.throws(() => requireNobodyUntold(operations), { code: 'recording.newcomer' });

  const answered = await running();
  answered.events.emit('answeredBy', judged('menu'));
  await eventually(async () => (await answered.now()).is === 'paused');
  answered.events.emit('answeredBy', judged('human'));
  await eventually(() => answered.news.length > 0);
  await settled();
  // It dies while he is being told.
  answered.recording.close(false);
  const teller = takenOver(answered.sessionId);
  await eventually(() => teller.news.length > 0);
  teller.news.shift()?.onSpoken?.(true);
  await eventually(() => teller.isRunning());
  assert.deepEqual([teller.news, teller.carrier.asked], [[], ['resume recording-1']]);
});

test('where nobody finds out who is behind the menu of the host before, another recording can be begun (left 18 c)', async () => {
  const before = await running();
  before.events.emit('answeredBy', judged('menu'));
  await eventually(async () => (await before.now()).is === 'paused');
  before.recording.close(false);
  const after = takenOver(before.sessionId);
  await settled();
  await after.change('stop', 's');
  await after.tell('s');
  after.carrier.startRecording = async () => ({ recordingId: 'recording-2' });
  await after.ask('again');
  await eventually(() => after.news.length > 0);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
  await settled();
  assert.equal((await after.now()).is, 'running');
});

test('the ledger says who is being told that he is recorded, and who was, whoever has paused (left 18 a)', async () => {
  const call = await running();
  await call.change('pause', 'p');
  await call.tell('p');
  const isRefused = async () => {
    const operations = await ledger.list(call.sessionId);
    try {
      requireNobodyUntold(operations);
    } catch {
      return true;
    }
    return false;
  };
  assert.equal(await isRefused(), false);
  // Of the second of two nothing but his name is known; the notice is for both.
  call.recording.joined('one', false);
  call.recording.joined('two', false);
  await eventually(isRefused);
  call.news.at(-1)?.onSpoken?.(true);
  await eventually(async () => !(await isRefused()));
  const notes = (await ledger.list(call.sessionId)).filter(({ data }) => data.action === 'notice');
  assert.deepEqual(
    notes.map(({ operationContext, state }) => `${operationContext} ${state}`),
    ['one.told succeeded', 'two.told succeeded'],
  );
  assert.deepEqual(call.carrier.asked, ['pause recording-1']);
});

test('a host that takes a call over goes on with the recording where the ledger says that he was told (left 18: he was told again)', async () => {
  const before = await running();
  const rung = { sessionId: before.sessionId, operationContext: '1', kind: 'add-participant' } as const;
  await ledger.begin({ ...rung, deadlineMs: 60_000, data: { target: HUMAN, askedBy: 'api' } });
  await ledger.settle(before.sessionId, { operationContext: '1', state: 'succeeded' });
  before.recording.joined('1', false);
  await eventually(() => before.news.length > 0);
  before.carrier.failing.set('resume', new CarrierError('refused', 'acs.refused', 'No.'));
  before.news.shift()?.onSpoken?.(true);
  await eventually(() => before.carrier.asked.includes('resume recording-1'));
  before.recording.close(false);
  const after = takenOver(before.sessionId);
  await eventually(() => after.isRunning());
  // What the host before has not taken yet comes again.
  after.recording.joined('1', false);
  await settled();
  assert.deepEqual([after.news, after.carrier.asked], [[], ['resume recording-1']]);
});
