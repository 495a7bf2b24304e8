import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginWarmTransfer, transferBlind } from '../../shared/calls/operations/transfer.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { blind, CALLER, type CallAtDesk, callInProgress, HUMAN, ledger, warm } from './testing/call-at-desk.ts';

/** A call whose waits are the test's: what comes soon, comes soon, and what is long takes none of our time. */
async function callOnItsOwnClock() {
  const clock = new VirtualClock();
  const call = await callInProgress(undefined, { clock });
  const soon = (holds: () => boolean) =>
    eventually(async () => {
      await clock.advance(1);
      return holds();
    });
  return { call, clock, soon };
}

/** Somebody else asks for a hold of the caller, or for its end, and the carrier has done so. */
async function heldByApi(call: CallAtDesk, on: boolean, context: string) {
  const data = { participant: CALLER, askedBy: 'api', on };
  const held = { sessionId: call.session.id, operationContext: context } as const;
  await ledger.begin({ ...held, kind: 'hold', deadlineMs: 30_000, data });
  await ledger.settle(held.sessionId, { operationContext: context, state: 'succeeded' });
  call.tell(context, true);
}

test('a warm transfer that fails leaves a hold that the application had asked for before as it is (breaker 3)', async () => {
  const call = await callInProgress();
  await heldByApi(call, true, 'api-hold');
  await eventually(() => call.heard.includes('nobody'));
  call.desk.act(warm({ timeoutS: 0.05 }));
  await eventually(() => call.results().includes('failed'));
  assert.deepEqual(call.carrier.asked, [`add ${HUMAN}`, `remove ${HUMAN}`], 'neither held again nor taken off');
  assert.equal(call.heard.at(-1), 'nobody');
  await heldByApi(call, false, 'api-unhold');
  await eventually(() => call.heard.at(-1) === 'caller');
  assert.ok(call.results().includes('caller_is_back'));
});

test('so does one that another host had begun', async () => {
  const first = await callInProgress();
  await heldByApi(first, true, 'api-hold');
  await eventually(() => first.heard.includes('nobody'));
  first.desk.act(warm({ timeoutS: 5 }));
  await eventually(() => first.carrier.asked.includes(`add ${HUMAN}`));
  first.desk.close();
  await ledger.settle(first.session.id, { operationContext: 'key-1.add', state: 'failed' });
  const second = await callInProgress(first.session);
  await second.desk.resume();
  assert.ok(!second.carrier.asked.some((what) => what.startsWith('unhold')));
  assert.equal(second.heard.at(-1), 'nobody');
});

test('the hold of an agent gives way to one that the application asks for, and ends with that', async () => {
  const { call, clock, soon } = await callOnItsOwnClock();
  const wish = { kind: 'hold', forS: 60 } as const;
  call.desk.act({ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish });
  await soon(() => call.heard.includes('nobody'));
  await heldByApi(call, true, 'api-hold');
  await soon(() => call.heard.length === 2);
  await clock.advance(120_000);
  assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`], 'its time is not up any more');
  await heldByApi(call, false, 'api-unhold');
  await soon(() => call.results().includes('caller_is_back'));
  assert.deepEqual(call.heard, ['nobody', 'nobody', 'caller']);
  assert.equal(call.news.at(-1)?.speech, 'own-words', 'it had asked him to wait');
});

test('an unhold of the application ends the hold of an agent at once, and it is not ended twice', async () => {
  const { call, clock, soon } = await callOnItsOwnClock();
  const wish = { kind: 'hold', forS: 60 } as const;
  call.desk.act({ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish });
  await soon(() => call.heard.includes('nobody'));
  await heldByApi(call, false, 'api-unhold');
  await soon(() => call.results().includes('caller_is_back'));
  await clock.advance(120_000);
  assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`]);
  assert.equal(call.results().filter((status) => status === 'caller_is_back').length, 1);
});

test('a second hold that fails leaves the agent’s own as it is, which ends when its time is up (closer 9)', async () => {
  for (const wasTaken of [true, false]) {
    const { call, clock, soon } = await callOnItsOwnClock();
    const wish = { kind: 'hold', forS: 60 } as const;
    call.desk.act({ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish });
    await soon(() => call.heard.includes('nobody'));
    if (wasTaken) {
      await heldByApi(call, true, 'api-hold');
      await soon(() => call.heard.length === 2);
      call.tell('api-hold', false, '500');
    } else {
      const second = {
        sessionId: call.session.id,
        operationContext: 'api-hold',
        kind: 'hold',
        deadlineMs: 30_000,
      } as const;
      await ledger.begin({ ...second, data: { participant: CALLER, askedBy: 'api', on: true } });
      call.tell('api-hold', false, '500');
    }
    await clock.advance(50_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`]);
    assert.ok(!call.heard.includes('caller'), 'he is on hold still');
    await clock.advance(61_000);
    await soon(() => call.results().includes('caller_is_back'));
    assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`, `unhold ${CALLER}`]);
  }
});

test('a hold of which the carrier tells later that it failed does not keep the agent silent', async () => {
  const call = await callInProgress();
  await heldByApi(call, true, 'api-hold');
  await eventually(() => call.heard.at(-1) === 'nobody');
  call.tell('api-hold', false, '500');
  await eventually(() => call.heard.at(-1) === 'caller');
});

test('a caller of whom nobody knows whether he is on hold is taken off', async () => {
  const call = await callInProgress();
  call.carrier.failing.set('hold', new CarrierError('unavailable', 'acs.unavailable', 'Later.'));
  const wish = { kind: 'hold', forS: 5 } as const;
  call.desk.act({ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish });
  await eventually(() => call.carrier.asked.includes(`unhold ${CALLER}`));
  assert.equal(call.heard.at(-1), 'caller');
});

test('what the API asks for while something else is being done with the call is on record as failed at once', async () => {
  const call = await callInProgress();
  call.desk.act(blind());
  await eventually(() => call.carrier.asked.length > 0);
  const sessionId = call.session.id;
  // The functions of another release do not look.
  await ledger.begin({ sessionId, operationContext: 'api-1', kind: 'transfer', deadlineMs: 200_000 });
  call.desk.take({ type: 'wish', operationContext: 'api-1', wish: warm().wish });
  await eventually(async () => (await call.state('api-1')) === 'failed');
});

test('a second transfer cannot be entered while one is open, whoever asks for it', async () => {
  const call = await callInProgress();
  const of = { sessionId: call.session.id, callId: 'connection', operationContext: 'api-1', askedBy: 'api' } as const;
  const wish = { kind: 'transfer', target: HUMAN, how: 'warm', timeoutS: 5 } as const;
  await beginWarmTransfer({ carrier: call.carrier, ledger }, of, wish);
  call.desk.act(blind());
  await eventually(() => call.results().includes('failed'));
  assert.match(JSON.stringify(call.news[0]?.item?.result), /calls\.transfer-running/);
  assert.deepEqual(call.carrier.asked, []);
});

test('a wish for a warm transfer that comes again when it is over is not carried out again', async () => {
  const call = await callInProgress();
  call.desk.act(warm({ timeoutS: 0.05 }));
  await eventually(() => call.results().includes('failed'));
  const asked = call.carrier.asked.length;
  call.desk.act(warm({ timeoutS: 0.05 }));
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.equal(call.carrier.asked.length, asked);
});

test('where nobody speaks, nobody is put through untold: a warm transfer fails by name (stranger 6)', async () => {
  const call = await callInProgress(undefined, { hasVoice: false });
  const sessionId = call.session.id;
  const operationContext = 'api-1';
  await ledger.begin({ sessionId, operationContext, kind: 'transfer', deadlineMs: 200_000 });
  call.desk.take({ type: 'wish', operationContext, wish: warm().wish });
  await eventually(async () => (await call.state(operationContext)) === 'failed');
  assert.deepEqual((await ledger.get(sessionId, operationContext))?.result, { message: 'calls.no-voice' });
  assert.deepEqual(call.carrier.asked, []);
});

test('why the caller can be told and asked nothing is known by name', async () => {
  const call = await callInProgress();
  assert.equal(call.desk.whyNotAsked, undefined);
  await heldByApi(call, true, 'api-hold');
  await eventually(() => call.desk.whyNotAsked === 'calls.on-hold');
  await heldByApi(call, false, 'api-unhold');
  await eventually(() => call.desk.whyNotAsked === undefined);
  call.desk.act(blind());
  await eventually(() => call.desk.whyNotAsked === 'calls.transfer-running');
});

test('while the API puts the caller through, he is not asked whether he is there, and nothing else is done with him (sister of breaker 7)', async () => {
  const call = await callInProgress();
  const sessionId = call.session.id;
  const operationContext = 'api-blind';
  const of = { sessionId, callId: 'connection', operationContext, askedBy: 'api' } as const;
  await transferBlind({ carrier: call.carrier, ledger }, of, { target: HUMAN }, { caller: CALLER });
  const { wish } = blind();
  call.desk.take({ type: 'wish', operationContext, wish });
  await eventually(() => call.heard.includes('waiting'));
  assert.equal(call.desk.whyNotAsked, 'calls.transfer-running');
  await ledger.settle(sessionId, { operationContext, state: 'failed' });
  call.tell(operationContext, false, '486');
  await eventually(() => call.results().includes('failed'));
  // What comes again, or late, changes nothing.
  call.desk.take({ type: 'wish', operationContext, wish });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([call.heard, call.results()], [['waiting', 'caller'], ['failed']]);
  assert.deepEqual(call.carrier.asked, [`transfer ${HUMAN}`], 'it is asked for once');
});
