import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCallAutomationEvent } from '@azure/communication-call-automation';
import { connectInbound, dial, eventOf, order, type Stack, startStack } from './testing/stack.ts';

/** All that the service has, as its SDK knows them. */
const KINDS =
  `AddParticipantFailed AddParticipantSucceeded AnswerFailed CallConnected CallDisconnected CallTransferAccepted
  CallTransferFailed CancelAddParticipantFailed CancelAddParticipantSucceeded ConnectFailed
  ContinuousDtmfRecognitionStopped ContinuousDtmfRecognitionToneFailed ContinuousDtmfRecognitionToneReceived
  CreateCallFailed HoldFailed MediaStreamingFailed MediaStreamingStarted MediaStreamingStopped
  MoveParticipantFailed MoveParticipantSucceeded ParticipantsUpdated PlayCanceled PlayCompleted PlayFailed
  PlayStarted RecognizeCanceled RecognizeCompleted RecognizeFailed RecordingStateChanged RemoveParticipantFailed
  RemoveParticipantSucceeded SendDtmfTonesCompleted SendDtmfTonesFailed StartRecordingFailed TranscriptionFailed
  TranscriptionStarted TranscriptionStopped TranscriptionUpdated`.split(/\s+/);

async function connected(stack: Stack) {
  const { call, ...rest } = await connectInbound(stack);
  await eventOf(stack, 'MediaStreamingStarted');
  const { callConnectionId = '' } = await call.getCallConnectionProperties();
  const { entries } = stack.application.callbacks;
  entries.length = 0;
  const events = `calls/${callConnectionId}/events`;
  const idsOf = (count: number) =>
    stack.application.callbacks
      .first('the last event', () => entries.length === count)
      .then(() => entries.map(({ event }) => event.id));
  return { call, events, idsOf, ...rest };
}

test('each of the 38 kinds can be sent to order, as the SDK reads it, and a kind that nobody knows', async (context) => {
  const stack = await startStack(context);
  const { events, idsOf } = await connected(stack);
  assert.equal(KINDS.length, 38);
  const { status, body } = await order(
    stack,
    events,
    [...KINDS, 'SomethingNew'].map((type) => ({ type })),
  );
  assert.equal(status, 202);
  const ids = await idsOf(39);
  assert.deepEqual(
    (body.events as { id: string }[]).map(({ id }) => id),
    ids,
  );
  const { entries } = stack.application.callbacks;
  const read = entries.slice(0, 38).map(({ event }) => parseCallAutomationEvent(structuredClone(event) as never));
  assert.deepEqual(
    read.map(({ kind }) => kind),
    KINDS,
  );
  for (const { event } of entries) assert.ok(event.data.callConnectionId && event.data.serverCallId, event.type);
});

test('an event to order says what it shall, twice, late, and after the call has ended', async (context) => {
  const stack = await startStack(context);
  const { events, idsOf, call } = await connected(stack);
  await order(stack, events, [
    { type: 'CallTransferFailed', id: 'late', delay_ms: 200 },
    { type: 'CallTransferFailed', id: 'twice', times: 2, data: { operationContext: 't1' } },
  ]);
  assert.deepEqual(await idsOf(3), ['twice', 'twice', 'late']);
  assert.equal(stack.application.callbacks.entries[0]?.event.data.operationContext, 't1');
  await call.hangUp(true);
  await eventOf(stack, 'CallDisconnected');
  assert.equal((await order(stack, events, { type: 'CallConnected', id: 'after' })).status, 202);
  await stack.application.callbacks.first('it', ({ event }) => event.id === 'after');
  assert.equal((await order(stack, 'calls/nobodys/events', { type: 'CallConnected' })).status, 404);
  assert.equal((await order(stack, events, { type: 'no kind' })).status, 400);
});

test('events of operations are lost, doubled, late, or change places, to order', async (context) => {
  const stack = await startStack(context);
  const fault = (type: string, how: string) =>
    order(stack, 'faults', { 'acs.event': { times: 1, type, how, ms: 300 } });
  const typesAfter = async (how: string, last: string) => {
    stack.application.callbacks.entries.length = 0;
    await fault('CallConnected', how);
    const { phone } = await connectInbound(stack);
    await eventOf(stack, last);
    phone.send({ type: 'hangup' });
    await eventOf(stack, 'CallDisconnected');
    phone.unplug();
    const types = stack.application.eventTypes.slice(0, 3);
    stack.application.incoming.entries.length = 0;
    stack.application.media.entries.length = 0;
    while (stack.service.status.phones > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return types;
  };
  const rest = ['ParticipantsUpdated', 'MediaStreamingStarted'];
  assert.deepEqual(await typesAfter('drop', 'MediaStreamingStarted'), [...rest, 'MediaStreamingStopped']);
  assert.deepEqual(await typesAfter('double', 'MediaStreamingStarted'), ['CallConnected', 'CallConnected', rest[0]]);
  assert.deepEqual(await typesAfter('swap', 'MediaStreamingStarted'), [rest[0], 'CallConnected', rest[1]]);
  assert.deepEqual(await typesAfter('delay', 'CallConnected'), [...rest, 'CallConnected']);
});

test('an event comes before the answer of its operation, and an operation is refused, to order', async (context) => {
  const stack = await startStack(context);
  const { context: incoming, phone } = await dial(stack);
  await order(stack, 'faults', { 'acs.early': { times: 1, operation: 'answer', ms: 200 } });
  let answered = false;
  const answering = stack.client.answerCall(incoming, stack.application.callbackUri).then((answer) => {
    answered = true;
    return answer;
  });
  await eventOf(stack, 'CallConnected');
  assert.equal(answered, false);
  const { callConnection } = await answering;
  await phone.event('connected');
  const refusal = { times: 1, operation: 'transferToParticipant', status: 409, code: '8519' };
  await order(stack, 'faults', { 'acs.refuse': refusal });
  const transfer = () => callConnection.transferCallToParticipant({ phoneNumber: '+15550190040' });
  await assert.rejects(transfer(), { statusCode: 409, code: '8519' });
  await transfer();
  await eventOf(stack, 'CallTransferFailed');
});
