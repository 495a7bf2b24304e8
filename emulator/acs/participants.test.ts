import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listening } from '../../shared/testing/listening.ts';
import { TestPhone } from './testing/phone.ts';
import {
  AGENT,
  CALLER,
  codesOf,
  connectInbound,
  eventOf,
  framesOf,
  levelOf,
  RESOURCE_ID,
  startStack,
} from './testing/stack.ts';

const HUMAN = '+15550003333';
const human = { phoneNumber: HUMAN };
const invite = { targetParticipant: human, sourceCallIdNumber: { phoneNumber: AGENT } };
const APPLICATION = `8:acs:${RESOURCE_ID}_parley`;

async function connected(context: TestContext) {
  const stack = await startStack(context, { ringTimeoutMs: 10_000 });
  return { stack, ...(await connectInbound(stack)) };
}

/** Somebody who was added by the application. */
async function withHuman(context: TestContext) {
  const { stack, call, ...rest } = await connected(context);
  const second = await TestPhone.plugIn(stack.ports.plain, HUMAN);
  void second.event('ringing').then(() => second.send({ type: 'answer' }));
  const added = await call.addParticipant(invite, { operationContext: 'a1' });
  await second.event('connected');
  return { stack, call, second, added, ...rest };
}

const audible = (phone: TestPhone, level: number) => phone.heard.first(`${level}`, (frame) => levelOf(frame) === level);

/** Some beats in which everybody speaks. */
async function talk(phone: TestPhone, second: TestPhone): Promise<void> {
  phone.heard.entries.length = 0;
  second.heard.entries.length = 0;
  phone.speak(framesOf(1000, 20));
  second.speak(framesOf(3000, 20));
}

test('somebody who is added is rung, joins, and hears the others as they hear him', async (context) => {
  const { stack, phone, second, added, call } = await withHuman(context);
  assert.equal((await second.event('ringing')).from, AGENT);
  assert.deepEqual(added.participant?.identifier, { phoneNumber: HUMAN, rawId: `4:${HUMAN}` });
  assert.match(added.invitationId ?? '', /^[0-9a-f-]{36}$/);
  const { participant } = await eventOf(stack, 'AddParticipantSucceeded', 'a1');
  assert.partialDeepStrictEqual(participant, { rawId: `4:${HUMAN}` });
  await talk(phone, second);
  await Promise.all([audible(phone, 3000), audible(second, 1000)]);
  await assert.rejects(call.addParticipant(invite), { statusCode: 400, code: '8523' });
});

test('of who is added and declines or does not answer one is told why', async (context) => {
  const { stack, call } = await connected(context);
  await call.addParticipant(
    { ...invite, targetParticipant: { phoneNumber: '+15550190042' } },
    { operationContext: 'no' },
  );
  assert.deepEqual(codesOf(await eventOf(stack, 'AddParticipantFailed', 'no')), [603, 560_603]);
  const silent = { ...invite, targetParticipant: { phoneNumber: '+15550190041' } };
  await call.addParticipant(silent, { operationContext: 'never', invitationTimeoutInSeconds: 1 });
  assert.deepEqual(codesOf(await eventOf(stack, 'AddParticipantFailed', 'never')), [480, 560_480]);
  const noNumber = { targetParticipant: human } as typeof invite;
  await assert.rejects(call.addParticipant(noNumber), {
    statusCode: 400,
    code: '8523',
    message: /number that it shows/,
  });
});

test('who is in the call is told page by page, and one by one', async (context) => {
  const { stack, call } = await withHuman(context);
  const { values = [] } = await call.listParticipants();
  const pages = stack.log.filter(({ msg }) => String(msg).startsWith('get: HMAC'));
  assert.equal(pages.length, 2, 'one page must not be all');
  assert.deepEqual(
    values.map(({ identifier }) => identifier),
    [
      { communicationUserId: APPLICATION },
      { phoneNumber: CALLER, rawId: `4:${CALLER}` },
      { phoneNumber: HUMAN, rawId: `4:${HUMAN}` },
    ],
  );
  assert.equal(values[2]?.isOnHold, false);
});

test('somebody who is removed hears nothing any more, and the last one takes the call with him', async (context) => {
  const { stack, call, second } = await withHuman(context);
  await call.removeParticipant(human, { operationContext: 'r1' });
  await eventOf(stack, 'RemoveParticipantSucceeded', 'r1');
  await second.event('disconnected');
  await call.removeParticipant(human, { operationContext: 'r2' });
  assert.deepEqual(codesOf(await eventOf(stack, 'RemoveParticipantFailed', 'r2')), [404, 8522]);
  await call.removeParticipant({ phoneNumber: CALLER }, { operationContext: 'r3' });
  await eventOf(stack, 'RemoveParticipantSucceeded', 'r3');
  assert.deepEqual(codesOf(await eventOf(stack, 'CallDisconnected')), [200, 5010]);
});

test('only a user of the service can be muted, not a phone', async (context) => {
  const { stack, call } = await connected(context);
  await assert.rejects(call.muteParticipant({ phoneNumber: CALLER }), { statusCode: 400, code: '8523' });
  const application = { communicationUserId: APPLICATION };
  assert.deepEqual(await call.muteParticipant(application, { operationContext: 'm1' }), { operationContext: 'm1' });
  assert.equal((await call.listParticipants()).values?.[0]?.isMuted, true);
  await stack.application.callbacks.first('that it is muted', ({ event }) => event.data.sequenceNumber === 2);
});

test('somebody on hold neither hears nor is heard, and comes back', async (context) => {
  const { call, phone, second } = await withHuman(context);
  const media = call.getCallMedia();
  await media.hold(human);
  assert.deepEqual(await second.event('hold'), { type: 'hold', state: 'on' });
  assert.equal((await call.listParticipants()).values?.[2]?.isOnHold, true);
  await talk(phone, second);
  await second.heard.first('what is said behind it', () => second.heard.entries.length > 40);
  assert.ok(!second.heard.entries.some((frame) => levelOf(frame) === 1000));
  assert.ok(!phone.heard.entries.some((frame) => levelOf(frame) === 3000));
  await media.unhold(human);
  await second.events.first('that it is back', (event) => event.type === 'hold' && event.state === 'off');
  await talk(phone, second);
  await Promise.all([audible(phone, 3000), audible(second, 1000)]);
  await assert.rejects(media.hold({ phoneNumber: '+15550009999' }), { statusCode: 404, code: '8522' });
});

test('an application that leaves a call of three leaves the others in it; one that terminates it does not', async (context) => {
  const { stack, call, phone, second } = await withHuman(context);
  await call.hangUp(false);
  assert.deepEqual(codesOf(await eventOf(stack, 'CallDisconnected')), [200, 7000]);
  await phone.event('applicationLeft');
  await talk(phone, second);
  await Promise.all([audible(phone, 3000), audible(second, 1000)]);
  second.send({ type: 'hangup' });
  await phone.event('disconnected');

  const again = await withHuman(context);
  await again.call.hangUp(true);
  await Promise.all([again.phone.event('disconnected'), again.second.event('disconnected')]);
});

test('what is asked for a callback of its own is told there', async (context) => {
  const { stack, call } = await connected(context);
  const told: string[] = [];
  const server = createServer(async (request, response) => {
    const [event] = JSON.parse((await request.toArray()).join(''));
    told.push(event.type);
    response.end();
  });
  const operationCallbackUrl = `http://127.0.0.1:${await listening(server)}/elsewhere`;
  context.after(() => server.close());
  await call.removeParticipant(human, { operationContext: 'r1', operationCallbackUrl });
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(told, ['Microsoft.Communication.RemoveParticipantFailed']);
  assert.ok(!stack.application.eventTypes.includes('RemoveParticipantFailed'));
});

test('what is asked of a call that is not connected is refused', async (context) => {
  const stack = await startStack(context);
  const second = await TestPhone.plugIn(stack.ports.plain, HUMAN);
  const { callConnection } = await stack.client.createCall(invite, stack.application.callbackUri);
  await second.event('ringing');
  const notYet = { statusCode: 400, code: '8501' };
  await assert.rejects(callConnection.addParticipant(invite), notYet);
  await assert.rejects(callConnection.transferCallToParticipant(human), notYet);
  await assert.rejects(callConnection.getCallMedia().hold(human), notYet);
  await callConnection.hangUp(false);
  await second.event('disconnected');
});
