import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addParticipant } from '../../shared/calls/operations/participants.ts';
import { transferBlind } from '../../shared/calls/operations/transfer.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { CALLER, callInProgress, ledger as callLedger, HUMAN, warm } from './testing/call-at-desk.ts';
import { ledger, NOTICE, PLAN, recorded } from './testing/recording-rig.ts';

const AGENT = { fromStart: false, notice: NOTICE };

type Call = ReturnType<typeof recorded>;

async function running(agent: Parameters<typeof recorded>[0] = AGENT): Promise<Call> {
  const call = recorded(agent, PLAN);
  call.recording.begin('from-start', true);
  await call.ask('r');
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
  call.carrier.asked.length = 0;
  return call;
}

/** A host that takes the call over, with one who was rung or has come before. */
function takenOver(before: Call): Call {
  before.recording.close(false);
  const after = recorded(AGENT, PLAN, { sessionId: before.sessionId });
  after.recording.begin('from-start', false);
  return after;
}

const of = ({ sessionId }: Call, operationContext: string) =>
  ({ sessionId, callId: 'connection', operationContext, askedBy: 'api' }) as const;

/** As the API does it: who talks on the call is told of the pause by a command. */
async function ring(call: Call, by: string): Promise<void> {
  await addParticipant({ carrier: call.carrier, ledger }, of(call, by), {
    target: `+1555${by}`,
    ringS: 20,
    source: '+15550100',
  });
  if (await ledger.get(call.sessionId, `${by}.pause-0`)) await call.tell(`${by}.pause-0`);
}

const settle = (call: Call, operationContext: string, state: 'succeeded' | 'failed') =>
  ledger.settle(call.sessionId, { operationContext, state });

async function answers(call: Call, by: string, host = call): Promise<void> {
  await settle(call, by, 'succeeded');
  host.recording.joined(by, false);
}

async function declines(call: Call, by: string): Promise<void> {
  await settle(call, by, 'failed');
  call.recording.ended(by, false, '486');
}

const is = async (call: Call) => (await call.now()).is;

test('of whom we ring nothing is recorded before he is told: the recording pauses before he is invited, and goes on once he has heard it (left 16)', async () => {
  const call = await running();
  await ring(call, '1');
  assert.deepEqual(call.carrier.asked, ['pause recording-1', 'add +15551']);
  assert.deepEqual([await is(call), call.news.length], ['paused', 0]);
  await answers(call, '1');
  await eventually(() => call.news.length > 0);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
  assert.deepEqual(call.carrier.asked, ['pause recording-1', 'add +15551', 'resume recording-1']);
});

test('where he does not come, or could not be rung, the recording goes on without a notice, unless the application has paused it', async () => {
  const busy = await running();
  await ring(busy, '1');
  await declines(busy, '1');
  await eventually(() => busy.isRunning());

  const refused = await running();
  refused.carrier.failing.set('add', new CarrierError('refused', 'acs.refused', 'No.'));
  await assert.rejects(ring(refused, '1'), { code: 'acs.refused' });
  assert.equal(await is(refused), 'paused');
  refused.recording.ended('1.pause-0', false, '');
  await eventually(() => refused.isRunning());
  assert.deepEqual([busy.news, refused.news], [[], []]);

  const paused = await running();
  await ring(paused, '1');
  await paused.change('pause', 'p');
  await declines(paused, '1');
  await sleep(20);
  assert.equal(await is(paused), 'paused');
});

test('the recording waits for all who are rung, and nobody is rung where it cannot be paused', async () => {
  const call = await running();
  await ring(call, '1');
  await ring(call, '2');
  await declines(call, '1');
  await sleep(20);
  assert.equal(await is(call), 'paused');
  await answers(call, '2');
  await eventually(() => call.news.length > 0);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
  assert.deepEqual(call.carrier.asked, ['pause recording-1', 'add +15551', 'add +15552', 'resume recording-1']);

  call.carrier.failing.set('pause', new CarrierError('refused', 'acs.refused', 'No.'));
  await assert.rejects(ring(call, '3'), { code: 'acs.refused' });
  assert.equal(call.carrier.asked.at(-1), 'pause recording-1');
  assert.equal((await ledger.get(call.sessionId, '3'))?.state, 'failed');
});

test('a recording of which nobody is told does not pause, and one that begins while somebody is rung does at once', async () => {
  const silent = await running({ fromStart: false, notice: false });
  await ring(silent, '1');
  await answers(silent, '1');
  assert.deepEqual(silent.carrier.asked, ['add +15551']);

  const call = recorded(AGENT, PLAN);
  call.recording.begin('from-start', true);
  await ring(call, '1');
  await call.ask('r');
  call.news.shift()?.onSpoken?.(true);
  await eventually(async () => (await is(call)) === 'paused');
  await answers(call, '1');
  await eventually(() => call.news.length > 0);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
});

test('a human to whom the caller is put through blind is not recorded, as nobody tells him', async () => {
  const call = await running();
  await transferBlind({ carrier: call.carrier, ledger }, of(call, 't'), { target: HUMAN }, { caller: CALLER });
  assert.deepEqual(call.carrier.asked, ['pause recording-1', `transfer ${HUMAN}`]);
  await call.tell('t.pause-0');
  await declines(call, 't');
  await eventually(() => call.isRunning());
});

test('a host that dies while somebody is rung leaves that to the next, which waits for him, tells him and goes on (left 16)', async () => {
  const before = await running();
  await ring(before, '1');
  const after = takenOver(before);
  await sleep(20);
  assert.deepEqual([after.news, await is(after)], [[], 'paused']);
  await answers(before, '1', after);
  await eventually(() => after.news.length > 0);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
  assert.deepEqual([after.news, after.carrier.asked], [[], ['resume recording-1']]);
});

test('a host that dies between the pause and its end has the next tell him, once, or go on where nobody has come (left 16: the recording stayed paused)', async () => {
  const told = await running();
  await ring(told, '1');
  await answers(told, '1');
  // He has heard it, and nobody knows what came of the request to go on.
  const resume = { action: 'resume', recordingId: 'recording-1', askedBy: 'engine' };
  const lost = { sessionId: told.sessionId, operationContext: '1.pause-0.resume-0', kind: 'recording' } as const;
  await ledger.begin({ ...lost, deadlineMs: 60_000, data: resume });
  const teller = takenOver(told);
  await eventually(() => teller.news.length > 0);
  // What the host before has not taken yet comes again.
  teller.recording.joined('1', false);
  teller.news.shift()?.onSpoken?.(true);
  await eventually(() => teller.isRunning());
  assert.deepEqual(teller.news, []);

  const declined = await running();
  await ring(declined, '1');
  await settle(declined, '1', 'failed');
  const after = takenOver(declined);
  await eventually(() => after.isRunning());
  assert.deepEqual(after.news, []);
});

test('the human of a warm transfer whom the next host finds in the call is told aside by it (left 16)', async () => {
  const joined: string[] = [];
  const recording = {
    ...{ start() {}, refuse() {}, told() {} },
    joined: (by: string, aside: boolean) => void joined.push(`${by} ${aside}`),
  };
  const first = await callInProgress();
  first.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    first.carrier.inCall = [CALLER, HUMAN];
    setImmediate(() => first.tell(context, true));
  };
  first.agent.speaks = false;
  first.desk.act(warm());
  await eventually(() => first.news.length > 0);
  await callLedger.settle(first.session.id, { operationContext: 'key-1.add', state: 'succeeded' });
  first.desk.close();
  const second = await callInProgress(first.session, { recording });
  second.carrier.inCall = [CALLER, HUMAN];
  await second.desk.resume();
  assert.deepEqual(joined, ['key-1.add true']);
});
