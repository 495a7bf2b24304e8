import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange } from './acs/exchange.ts';
import { ACS_OPERATIONS, operationName } from './acs/operation-names.ts';
import { operationsOf } from './acs/operations.ts';
import { connectInbound, startStack } from './acs/testing/stack.ts';

test('a hang-up is refused as often as was ordered, the call stands meanwhile, and the phone sees its end', async (context) => {
  const stack = await startStack(context);
  const { phone, call } = await connectInbound(stack);
  const address = `http://127.0.0.1:${stack.ports.plain}/emulator/faults`;
  const order = (body: unknown) => fetch(address, { method: 'POST', body: JSON.stringify(body) });
  assert.deepEqual(await (await order({ 'acs.hangup': { refuse: 5 } })).json(), { 'acs.hangup': { refuse: 5 } });

  // The SDK of this test asks twice.
  await assert.rejects(call.hangUp(true), { statusCode: 503 });
  await assert.rejects(call.hangUp(false), { statusCode: 503 });
  assert.deepEqual(await (await fetch(address)).json(), { 'acs.hangup': { refuse: 1 } });
  assert.equal((await call.getCallConnectionProperties()).callConnectionState, 'connected');
  assert.ok(!phone.events.entries.some(({ type }) => type === 'disconnected'));

  await call.hangUp(true);
  assert.match((await phone.event('disconnected')).reason, /by bot/);
  await stack.application.event('CallDisconnected');
  assert.equal(stack.service.status.calls, 0);
});

test('a fault that does not exist is refused by name', async (context) => {
  const { ports } = await startStack(context);
  for (const body of [
    '{"acs.answer":{"refuse":1}}',
    '{"acs.hangup":{"delay":1}}',
    '{"acs.hangup":{"refuse":-1}}',
    'x',
  ]) {
    const response = await fetch(`http://127.0.0.1:${ports.plain}/emulator/faults`, { method: 'POST', body });
    assert.equal(response.status, 400, body);
    assert.match(await response.text(), /refuse/);
  }
});

test('an operation that ACS does not have is refused by its name, with those that it has (stranger16e 2)', async (context) => {
  const stack = await startStack(context);
  const address = `http://127.0.0.1:${stack.ports.plain}/emulator/faults`;
  for (const fault of ['acs.refuse', 'acs.early']) {
    const order = (operation: string) =>
      fetch(address, { method: 'POST', body: JSON.stringify({ [fault]: { operation, times: 1 } }) });
    const wrong = await order('addParticipant');
    const text = await wrong.text();
    assert.equal(wrong.status, 400, fault);
    assert.match(text, /addParticipant/);
    for (const name of ACS_OPERATIONS) assert.match(text, new RegExp(`\\b${name}\\b`));
    assert.equal((await order('add')).status, 200);
  }
  // No more and no less than are emulated.
  const emulated = Object.keys(operationsOf(Object.create(Exchange.prototype))).map((each) => {
    const [method = '', path = ''] = each.split(' ');
    return operationName(method, `/calling/${path}`);
  });
  assert.deepEqual(new Set(ACS_OPERATIONS), new Set(emulated));
});
