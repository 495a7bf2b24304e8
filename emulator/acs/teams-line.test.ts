import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestPhone } from './testing/phone.ts';
import { CALLER, connectInbound, dial, eventOf, type Stack, startStack } from './testing/stack.ts';

const ACCOUNT = '28:orgid:7e1a0000-0000-4000-8000-000000000100';
const HUMAN = '+15550003333';

/** What announced the call, one for each leg. */
async function announced({ application }: Stack) {
  await application.incoming.first(
    'the second leg',
    (delivery) => application.incoming.entries.indexOf(delivery) === 1,
  );
  return application.incoming.entries.map(({ data }) => data as Record<string, unknown>);
}

test('a call to a Teams resource account is announced twice, and answered once', async (context) => {
  const stack = await startStack(context);
  const { phone } = await dial(stack, ACCOUNT);
  const legs = await announced(stack);
  const [phoneLeg, identityLeg] = legs.sort((a) => ('onBehalfOfCallee' in a ? 1 : -1));
  assert.partialDeepStrictEqual(phoneLeg, { to: { kind: 'microsoftTeamsApp', rawId: ACCOUNT } });
  assert.partialDeepStrictEqual(identityLeg, {
    to: { kind: 'communicationUser' },
    onBehalfOfCallee: { rawId: ACCOUNT },
    correlationId: phoneLeg?.correlationId,
  });
  assert.notEqual(phoneLeg?.incomingCallContext, identityLeg?.incomingCallContext);

  const { client, application } = stack;
  const answer = (leg: Record<string, unknown> | undefined) =>
    client.answerCall(String(leg?.incomingCallContext), application.callbackUri);
  await answer(identityLeg);
  await phone.event('connected');
  await assert.rejects(answer(phoneLeg), { statusCode: 404 });
});

test('a call through Teams cannot be redirected', async (context) => {
  const stack = await startStack(context);
  const { context: ticket } = await dial(stack, ACCOUNT);
  const target = { targetParticipant: { phoneNumber: HUMAN } };
  await assert.rejects(stack.client.redirectCall(ticket, target), { statusCode: 400 });
});

test('a call is placed from a Teams resource account, without a number', async (context) => {
  const stack = await startStack(context);
  const phone = await TestPhone.plugIn(stack.ports.plain, CALLER);
  const invite = { targetParticipant: { phoneNumber: CALLER } };
  const teamsAppSource = { teamsAppId: ACCOUNT.slice('28:orgid:'.length) };
  await stack.client.createCall(invite, stack.application.callbackUri, { teamsAppSource });
  assert.equal((await phone.event('ringing')).from, ACCOUNT);
  phone.send({ type: 'answer' });
  await eventOf(stack, 'CallConnected');
  await assert.rejects(stack.client.createCall(invite, stack.application.callbackUri), { statusCode: 400 });
});

test('a transfer through Teams is the last that is told of the call', async (context) => {
  const stack = await startStack(context);
  const { phone, call } = await connectInbound(stack, ACCOUNT);
  const human = await TestPhone.plugIn(stack.ports.plain, HUMAN);
  void human.event('ringing').then(() => human.send({ type: 'answer' }));
  await call.transferCallToParticipant({ phoneNumber: HUMAN }, { operationContext: 't1' });
  await eventOf(stack, 'CallTransferAccepted', 't1');
  await phone.event('applicationLeft');
  await assert.rejects(call.getCallConnectionProperties(), { statusCode: 404 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(!stack.application.eventTypes.includes('CallDisconnected'));
});
