import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TestPhone } from './testing/phone.ts';
import {
  AGENT,
  CALLER,
  codesOf,
  connectInbound,
  eventOf,
  framesOf,
  levelOf,
  type Stack,
  startStack,
} from './testing/stack.ts';

const HUMAN = '+15550003333';
const THIRD = '+15550004444';

async function connected(context: TestContext, ringTimeoutMs = 10_000) {
  const stack = await startStack(context, { ringTimeoutMs });
  return { stack, ...(await connectInbound(stack)) };
}

async function answering(stack: Stack, number: string): Promise<TestPhone> {
  const phone = await TestPhone.plugIn(stack.ports.plain, number);
  void phone.event('ringing').then(() => phone.send({ type: 'answer' }));
  return phone;
}

test('a call that is transferred goes on between the two, and our leg of it ends', async (context) => {
  const { stack, phone, call } = await connected(context);
  const human = await answering(stack, HUMAN);
  const { operationContext } = await call.transferCallToParticipant(
    { phoneNumber: HUMAN },
    { operationContext: 't1', sourceCallIdNumber: { phoneNumber: AGENT } },
  );
  assert.equal(operationContext, 't1');
  assert.equal((await human.event('ringing')).from, AGENT);
  const accepted = await eventOf(stack, 'CallTransferAccepted', 't1');
  assert.partialDeepStrictEqual(accepted, {
    transferTarget: { kind: 'phoneNumber', rawId: `4:${HUMAN}` },
    transferee: { rawId: `4:${CALLER}` },
  });
  assert.deepEqual(codesOf(await eventOf(stack, 'CallDisconnected')), [200, 7015]);
  await phone.event('applicationLeft');
  assert.deepEqual(await phone.event('party'), { type: 'party', number: HUMAN, state: 'joined' });
  await assert.rejects(call.getCallConnectionProperties(), { statusCode: 404, code: '8522' });
  for (let frame = 0; frame < 10; frame += 1) {
    phone.speak(framesOf(1000));
    human.speak(framesOf(3000));
  }
  await human.heard.first('the caller', (frame) => levelOf(frame) === 1000);
  await phone.heard.first('the human', (frame) => levelOf(frame) === 3000);
  human.send({ type: 'hangup' });
  assert.equal((await phone.event('disconnected')).code, 200);
});

for (const [what, codes, prepare] of [
  ['is not there', [404, 560_404], async () => {}],
  [
    'is busy',
    [486, 560_486],
    async (stack: Stack) => {
      const busy = await TestPhone.plugIn(stack.ports.plain, HUMAN);
      busy.send({ type: 'dial', to: '+15550100' });
      await busy.event('dialling');
    },
  ],
  ['does not answer', [480, 560_480], (stack: Stack) => TestPhone.plugIn(stack.ports.plain, HUMAN)],
  [
    'declines',
    [603, 560_603],
    async (stack: Stack) => {
      const human = await TestPhone.plugIn(stack.ports.plain, HUMAN);
      void human.event('ringing').then(() => human.send({ type: 'decline' }));
    },
  ],
] as const) {
  test(`a transfer to somebody who ${what} fails, and the call stands as it was`, async (context) => {
    const { stack, call, media, phone } = await connected(context, 400);
    await prepare(stack);
    await call.transferCallToParticipant({ phoneNumber: HUMAN }, { operationContext: 't1' });
    assert.deepEqual(codesOf(await eventOf(stack, 'CallTransferFailed', 't1')), codes);
    assert.equal((await call.getCallConnectionProperties()).callConnectionState, 'connected');
    media.frames.entries.length = 0;
    phone.speak(framesOf(1000, 5));
    await media.frames.first('the caller', (frame) => frame.kind === 'audio' && levelOf(frame.pcm) === 1000);
    await call.transferCallToParticipant({ phoneNumber: THIRD }, { operationContext: 'another' });
    await eventOf(stack, 'CallTransferFailed', 'another');
  });
}

test('one transfer at a time, and of several participants the one that is named', async (context) => {
  const { stack, call, phone } = await connected(context);
  const second = await answering(stack, HUMAN);
  const invite = { targetParticipant: { phoneNumber: HUMAN }, sourceCallIdNumber: { phoneNumber: AGENT } };
  await call.addParticipant(invite);
  await second.event('connected');
  const to = { phoneNumber: THIRD };
  await assert.rejects(call.transferCallToParticipant(to), { statusCode: 400, code: '8505' });
  const unknown = { transferee: { phoneNumber: '+15550009999' } };
  await assert.rejects(call.transferCallToParticipant(to, unknown), { statusCode: 404, code: '8522' });
  const third = await TestPhone.plugIn(stack.ports.plain, THIRD);
  const transferee = { phoneNumber: CALLER };
  await call.transferCallToParticipant(to, { transferee, operationContext: 't1' });
  await third.event('ringing');
  assert.equal((await call.getCallConnectionProperties()).callConnectionState, 'transferring');
  await assert.rejects(call.transferCallToParticipant(to, { transferee }), { statusCode: 409, code: '8607' });
  third.send({ type: 'answer' });
  await eventOf(stack, 'CallTransferAccepted', 't1');
  await phone.event('applicationLeft');
  const { values = [] } = await call.listParticipants();
  assert.deepEqual(
    values.flatMap(({ identifier }) => (identifier && 'phoneNumber' in identifier ? [identifier.phoneNumber] : [])),
    [HUMAN],
  );
});

test('a transfer under way ends with the call that it is of', async (context) => {
  const { stack, call, phone } = await connected(context);
  const human = await TestPhone.plugIn(stack.ports.plain, HUMAN);
  await call.transferCallToParticipant({ phoneNumber: HUMAN }, { operationContext: 't1' });
  await human.event('ringing');
  phone.send({ type: 'hangup' });
  await eventOf(stack, 'CallDisconnected');
  await human.event('disconnected');
  assert.ok(
    stack.application.eventTypes.indexOf('CallTransferFailed') <
      stack.application.eventTypes.indexOf('CallDisconnected'),
  );
});

test('two who talk without the application are told when the emulator stops, whoever they are', async (context) => {
  const { stack, phone, call } = await connected(context);
  await call.transferCallToParticipant({ phoneNumber: '+15550190000' });
  await phone.event('applicationLeft');
  await stack.service.close();
  assert.equal((await phone.event('disconnected')).code, 503);
});

test('an incoming call that is redirected is none of the application’s', async (context) => {
  const stack = await startStack(context, { ringTimeoutMs: 400 });
  const human = await TestPhone.plugIn(stack.ports.plain, HUMAN);
  const caller = await TestPhone.plugIn(stack.ports.plain, CALLER);
  caller.send({ type: 'dial', to: AGENT });
  const { data } = await stack.application.incoming.first('IncomingCall');
  await stack.client.redirectCall(data.incomingCallContext ?? '', { targetParticipant: { phoneNumber: HUMAN } });
  assert.equal((await human.event('ringing')).from, CALLER);
  human.send({ type: 'answer' });
  await caller.event('connected');
  human.speak(framesOf(3000, 5));
  await caller.heard.first('the human', (frame) => levelOf(frame) === 3000);
  assert.deepEqual(stack.application.eventTypes, []);
  await assert.rejects(stack.client.answerCall(data.incomingCallContext ?? '', stack.application.callbackUri), {
    statusCode: 404,
  });
  caller.send({ type: 'hangup' });
  await human.event('disconnected');
});
