import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAgain } from '../../shared/calls/operations/enter-again.ts';
import { addParticipant } from '../../shared/calls/operations/participants.ts';
import { transferBlind } from '../../shared/calls/operations/transfer.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { CALLER, callInProgress, ledger as callLedger, HUMAN, lose, warm } from './testing/call-at-desk.ts';
import { AGENT, ledger, PLAN, recorded, running, settled } from './testing/recording-rig.ts';

type Call = ReturnType<typeof recorded>;

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
  await settled();
  assert.equal(await is(paused), 'paused');
});

test('the recording waits for all who are rung, and nobody is rung where it cannot be paused', async () => {
  const call = await running();
  await ring(call, '1');
  await ring(call, '2');
  await declines(call, '1');
  await settled();
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
  const silent = await running({ agent: { fromStart: false, notice: false } });
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
  await settled();
  assert.deepEqual([after.news, await is(after)], [[], 'paused']);
  await answers(before, '1', after);
  await eventually(() => after.news.length > 0);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
  assert.deepEqual([after.news, after.carrier.asked], [[], ['resume recording-1']]);
});

test('a host that dies between the pause and its end has the next tell him, once, or go on where he was told, or nobody has come (left 16: the recording stayed paused)', async () => {
  const untold = await running();
  await ring(untold, '1');
  await answers(untold, '1');
  const teller = takenOver(untold);
  await eventually(() => teller.news.length > 0);
  // What the host before has not taken yet comes again.
  teller.recording.joined('1', false);
  teller.news.shift()?.onSpoken?.(true);
  await eventually(() => teller.isRunning());
  assert.deepEqual(teller.news, []);

  const told = await running();
  await ring(told, '1');
  await settle(told, '1', 'succeeded');
  // A host of a release before this one has asked for it to go on, as he had heard it, and died before the answer.
  const resume = { action: 'resume', recordingId: 'recording-1', askedBy: 'engine' };
  const lost = { sessionId: told.sessionId, operationContext: '1.pause-0.resume-0', kind: 'recording' } as const;
  await ledger.begin({ ...lost, deadlineMs: 60_000, data: resume });
  const goingOn = takenOver(told);
  await eventually(() => goingOn.isRunning());
  assert.deepEqual(goingOn.news, []);

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

/** A recording of which a test only asks who is told to have come. */
function listening() {
  const joined: string[] = [];
  const heard: string[] = [];
  const recording = {
    ...{ start() {}, refuse() {} },
    told: ({ operationContext }: { operationContext: string }) => void heard.push(operationContext),
    joined: (by: string, aside: boolean) => void joined.push(`${by} ${aside}`),
  };
  return { joined, heard, recording };
}

test('the human of a warm transfer who answers before the next host has taken that up is told aside by it, once (breaker16d n3: he was told nothing, and the recording stayed paused)', async () => {
  const { joined, recording } = listening();
  const first = await callInProgress();
  first.desk.act(warm());
  await eventually(async () => (await first.state('key-1.add')) === 'accepted');
  first.desk.close();
  await callLedger.settle(first.session.id, { operationContext: 'key-1.add', state: 'succeeded' });
  const second = await callInProgress(first.session, { recording });
  second.carrier.inCall = [CALLER, HUMAN];
  // What the host before has not taken is there first.
  second.tell('key-1.add', true);
  await settled();
  assert.deepEqual(joined, []);
  await second.desk.resume();
  assert.deepEqual(joined, ['key-1.add true']);

  const before = await running();
  const data = { how: 'warm', target: HUMAN, timeoutS: 5, askedBy: 'api' };
  const transfer = { sessionId: before.sessionId, operationContext: 't', kind: 'transfer', data } as const;
  await ledger.begin({ ...transfer, deadlineMs: 60_000 });
  await ring(before, 't.add');
  await settle(before, 't.add', 'succeeded');
  const after = takenOver(before);
  await settled();
  after.recording.ended('t.add', true, '');
  await settled();
  assert.deepEqual([await is(after), after.news], ['paused', []]);
  after.recording.joined('t.add', true);
  await eventually(() => after.news.length > 0);
  assert.equal(after.news[0]?.aside, true);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
});

test('an application that has a recording go on while no host is there does not have somebody recorded who was not told: the next pauses it, tells him and goes on (breaker16d n4)', async () => {
  const before = await running();
  await ring(before, '1');
  await answers(before, '1');
  await eventually(() => before.news.length > 0);
  before.recording.close(false);
  await before.change('resume', 'api-resume');
  const after = takenOver(before);
  await eventually(() => after.news.length > 0);
  assert.deepEqual([await is(after), after.carrier.asked], ['paused', ['pause recording-1']]);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
  // Whoever takes it over then has nobody to tell.
  const last = takenOver(after);
  await settled();
  assert.deepEqual([last.news, await is(last)], [[], 'running']);

  const paused = await running();
  await ring(paused, '1');
  await paused.change('pause', 'api-pause');
  await answers(paused, '1');
  const teller = takenOver(paused);
  await eventually(() => teller.news.length > 0);
  teller.news.shift()?.onSpoken?.(true);
  await settled();
  assert.equal(await is(teller), 'paused');
});

test('a Redis that comes back empty while somebody is rung leaves it known who has paused the recording, and for whom (breaker16d n1: it stayed paused for good)', async () => {
  for (const comes of [true, false]) {
    const call = await running();
    await ring(call, '1');
    const rung = (await ledger.get(call.sessionId, '1')) ?? assert.fail();
    await call.lose();
    await call.recording.noteAgain();
    await enterAgain(ledger, call.sessionId, [rung]);
    // Something else of the call has ended, and he is still rung.
    call.recording.ended('keys', false, '');
    await settled();
    assert.equal(await is(call), 'paused');
    if (comes) {
      await answers(call, '1');
      await eventually(() => call.news.length > 0);
      call.news.shift()?.onSpoken?.(true);
    } else await declines(call, '1');
    await eventually(() => call.isRunning());
  }

  const paused = await running();
  await ring(paused, '1');
  await paused.change('pause', 'p');
  await paused.tell('p');
  await paused.lose();
  await paused.recording.noteAgain();
  await declines(paused, '1');
  await settled();
  assert.equal(await is(paused), 'paused');
});

test('who is being rung is entered again where Redis has lost it, and one of whom it knows nothing has come all the same (breaker16d n1)', async () => {
  const { joined, heard, recording } = listening();
  const call = await callInProgress(undefined, { recording });
  const { id: sessionId } = call.session;
  const adds = { sessionId, operationContext: 'a', kind: 'add-participant', deadlineMs: 60_000 } as const;
  await callLedger.begin({ ...adds, data: { target: HUMAN, askedBy: 'api' } });
  const pause = { ...adds, operationContext: 'a.pause-0', kind: 'recording', data: { action: 'pause' } } as const;
  await callLedger.begin(pause);
  call.tell('a.pause-0', true);
  await eventually(() => heard.length > 0);
  const known = () => call.desk.operations.map(({ operationContext, state }) => `${operationContext} ${state}`);
  assert.deepEqual(known(), ['a asked']);
  await lose(sessionId);
  call.tell('b', true);
  await eventually(() => joined.length > 0);
  assert.deepEqual(joined, ['b false']);
  await callLedger.begin({ ...adds, data: { target: HUMAN, askedBy: 'api' } });
  await callLedger.settle(sessionId, { operationContext: 'a', state: 'failed' });
  call.tell('a', false);
  await eventually(() => known().length === 0);
});

test('a recording that waits for nobody any more goes on whenever something of the call has ended, though somebody was there before this host (breaker16d, last resort)', async () => {
  const before = recorded(AGENT, PLAN);
  before.recording.begin('from-start', true);
  await ring(before, '0');
  await answers(before, '0');
  const call = takenOver(before);
  await call.ask('r');
  await eventually(() => call.news.length > 0);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
  await ring(call, '1');
  // Nobody has told this host that he does not come.
  await settle(call, '1', 'failed');
  call.recording.ended('keys', true, '');
  await eventually(() => call.isRunning());
  assert.deepEqual(call.news, []);
});

test('a recording does not wait for one of whom the host has heard, though Redis has lost that and has him again as one who is rung (breaker16c 5: it stayed paused)', async () => {
  const lostAt = async () => {
    const call = await running();
    await ring(call, '1');
    const rung = (await ledger.get(call.sessionId, '1')) ?? assert.fail();
    await call.lose();
    await call.recording.noteAgain();
    await enterAgain(ledger, call.sessionId, [rung]);
    return call;
  };
  const declined = await lostAt();
  declined.recording.ended('1', false, 'unknown Nobody said how this ended.');
  await settled();
  assert.equal(await is(declined), 'paused');
  declined.recording.ended('1', false, '486');
  await eventually(() => declined.isRunning());

  const come = await lostAt();
  come.recording.joined('1', false);
  await eventually(() => come.news.length > 0);
  come.news.shift()?.onSpoken?.(true);
  await eventually(() => come.isRunning());
});

test('what came of somebody’s being rung is known to the host, and in the ledger, though Redis loses it just then (breaker16c 5)', async () => {
  const { recording } = listening();
  const call = await callInProgress(undefined, { recording });
  const { id: sessionId } = call.session;
  const data = { target: HUMAN, askedBy: 'api' };
  const rung = { sessionId, operationContext: 'a', kind: 'add-participant', deadlineMs: 60_000, data } as const;
  await callLedger.begin(rung);
  call.tell('other', true);
  const known = () => call.desk.operations.map(({ operationContext, state }) => `${operationContext} ${state}`).join();
  await eventually(() => known() === 'a asked');
  await lose(sessionId);
  call.tell('a', true);
  await eventually(() => known() === 'a succeeded');

  const next = await callInProgress(undefined, { recording });
  const again = { ...rung, sessionId: next.session.id };
  await callLedger.begin(again);
  next.tell('a', false, '486');
  await eventually(async () => (await callLedger.get(again.sessionId, 'a'))?.state === 'failed');
  assert.deepEqual(next.desk.operations, []);
});
