import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AcsServiceOptions } from './acs-service.ts';
import { TestPhone } from './testing/phone.ts';
import { AGENT, CALLER, type Stack, startStack } from './testing/stack.ts';

async function placeCall(context: TestContext, options: Partial<AcsServiceOptions> = {}, plugIn = true) {
  const stack = await startStack(context, options);
  const phone = plugIn ? await TestPhone.plugIn(stack.ports.plain, CALLER) : undefined;
  return { ...stack, phone, placed: await place(stack) };
}

const place = ({ client, application }: Stack) =>
  client.createCall(
    { targetParticipant: { phoneNumber: CALLER }, sourceCallIdNumber: { phoneNumber: AGENT } },
    application.callbackUri,
    { operationContext: 'reminder', mediaStreamingOptions: application.mediaStreamingOptions },
  );

async function failure({ application }: Pick<Stack, 'application'>) {
  const { data } = await application.event('CreateCallFailed');
  const { code, subCode } = data.resultInformation as { code: number; subCode: number };
  return { code, subCode, context: data.operationContext };
}

test('a phone rings, is answered, hears the application and hangs up', async (context) => {
  const { phone, placed, application } = await placeCall(context);
  assert.ok(phone);
  const { callConnectionId } = placed.callConnectionProperties;
  assert.deepEqual(await phone.event('ringing'), { type: 'ringing', from: AGENT, callConnectionId });
  assert.equal((await placed.callConnection.getCallConnectionProperties()).callConnectionState, 'connecting');
  phone.send({ type: 'answer' });
  assert.equal((await application.event('CallConnected')).data.operationContext, 'reminder');
  const media = await application.media.first('the media socket');
  assert.equal(media.headers['x-ms-call-connection-id'], callConnectionId);
  assert.equal((await placed.callConnection.getCallConnectionProperties()).callConnectionState, 'connected');

  phone.send({ type: 'hangup' });
  const { data } = await application.event('CallDisconnected');
  assert.deepEqual(data.resultInformation, {
    code: 200,
    subCode: 560_000,
    message: 'The conversation has ended. DiagCode: 0#560000.@',
  });
  assert.equal(await media.closed, 1000);
  assert.equal((await phone.event('disconnected')).code, 200);
});

test('a number that nobody has fails as not found', async (context) => {
  const stack = await placeCall(context, {}, false);
  assert.deepEqual(await failure(stack), { code: 404, subCode: 560_404, context: 'reminder' });
});

test('a declined call fails as declined', async (context) => {
  const stack = await placeCall(context);
  await stack.phone?.event('ringing');
  stack.phone?.send({ type: 'decline' });
  assert.deepEqual(await failure(stack), { code: 603, subCode: 560_603, context: 'reminder' });
});

test('a phone that is not picked up stops ringing in time', async (context) => {
  const stack = await placeCall(context, { ringTimeoutMs: 150 });
  assert.deepEqual(await failure(stack), { code: 480, subCode: 560_480, context: 'reminder' });
  assert.equal((await stack.phone?.event('disconnected'))?.code, 480);
});

test('a second call to a phone that rings already finds it busy', async (context) => {
  const stack = await placeCall(context);
  await stack.phone?.event('ringing');
  await place(stack);
  assert.deepEqual(await failure(stack), { code: 486, subCode: 560_486, context: 'reminder' });
});

test('the application can take back a call that still rings', async (context) => {
  const { phone, placed, application } = await placeCall(context);
  await phone?.event('ringing');
  await placed.callConnection.hangUp(true);
  await application.event('CallDisconnected');
  assert.equal((await phone?.event('disconnected'))?.code, 200);
});

test('keys that the phone dials reach the application on the media socket', async (context) => {
  const { phone, application } = await placeCall(context);
  await phone?.event('ringing');
  phone?.send({ type: 'answer' });
  const media = await application.media.first('the media socket');
  await media.frames.first('audio');
  phone?.send({ type: 'dtmf', tone: '#' });
  const frame = await media.frames.first('the tone', ({ kind }) => kind === 'dtmf');
  assert.deepEqual(frame, { kind: 'dtmf', tone: '#' });
});
