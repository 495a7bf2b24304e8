import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answering, CallStack } from './testing/call-stack.ts';

/** Transfers of which an event is lost, or that the caller does not wait for, each through all of it: see {@link CallStack}. */

let stack: CallStack;
before(async () => {
  stack = await CallStack.start();
});
after(() => stack.close());

const outcomes = async (id: string) =>
  (await stack.operationsOf(id)).map(({ kind, state, result }) => [kind, state, result?.message ?? '']);

test('a caller who is back from a transfer of whose failure no event tells hears the agent within seconds (breaker16b L)', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  stack.faults.order({ 'acs.event': { how: 'drop', type: 'CallTransferFailed', times: 1, ms: 1_000 } });
  const asked = await stack.functions.request('POST', `calls/${caller.id}/transfer`, { target: human.number });
  await human.phone.event('ringing');
  await sleep(1_500);
  human.phone.send({ type: 'decline' });
  // It is waited for 20 s there, and was 65 s.
  assert.equal((await stack.said(caller.id, 2)).at(-1), 'So it is failed, and I am with you.');
  assert.equal((await stack.settled(caller.id, asked.body.operation_id)).state, 'failed');
  const again = await stack.functions.request('POST', `calls/${caller.id}/hold`);
  assert.equal(again.status, 202, 'nothing is blocked any more');
});

test('a call whose acceptance by a human no event tells was transferred, by its end (breaker16b L)', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  answering(human.phone);
  stack.faults.order({ 'acs.event': { how: 'drop', type: 'CallTransferAccepted', times: 1, ms: 1_000 } });
  const asked = await stack.functions.request('POST', `calls/${caller.id}/transfer`, { target: human.number });
  await human.phone.event('connected');
  const { endReason, endDetail } = await stack.sessionThat(
    caller.callConnectionId,
    ({ status }) => status === 'disconnected',
  );
  assert.equal(endReason, 'transferred');
  assert.match(endDetail ?? '', /^CallDisconnected 200\/7015 /);
  assert.equal((await stack.settled(caller.id, asked.body.operation_id)).state, 'succeeded');
});

test('a caller who hangs up while a human is rung for him, or told of him, has left: one state, one reason (breaker16b J)', async (context) => {
  for (const answers of [false, true]) {
    const caller = await stack.inCall(context);
    const human = await stack.plugIn(context);
    if (answers) answering(human.phone);
    const body = { target: human.number, kind: 'warm', context: 'I have a caller for you, about a bill. '.repeat(5) };
    const asked = await stack.functions.request('POST', `calls/${caller.id}/transfer`, body);
    await human.phone.event(answers ? 'connected' : 'ringing');
    await sleep(300);
    caller.phone.send({ type: 'hangup' });
    const { state, result } = await stack.settled(caller.id, asked.body.operation_id);
    assert.deepEqual([state, result?.message], ['failed', 'caller-left'], answers ? 'told' : 'rung');
  }
});

test('a warm transfer that nobody answers has failed once, and nobody is removed who never came (breaker16b I)', async (context) => {
  const caller = await stack.inCall(context);
  const human = await stack.plugIn(context);
  void human.phone.event('ringing').then(() => human.phone.send({ type: 'decline' }));
  const body = { target: human.number, kind: 'warm' };
  const asked = await stack.functions.request('POST', `calls/${caller.id}/transfer`, body);
  await stack.settled(caller.id, asked.body.operation_id);
  await stack.said(caller.id, 2);
  const kinds = (await outcomes(caller.id)).map(([kind, state]) => `${kind} ${state}`);
  assert.deepEqual(kinds, ['transfer failed', 'hold succeeded', 'add-participant failed', 'hold succeeded']);
});
