import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestPhone } from './testing/phone.ts';
import { AGENT, CALLER, dial, startStack } from './testing/stack.ts';

test('a rejected call tells the phone why', async (context) => {
  const stack = await startStack(context);
  const { phone, context: incoming } = await dial(stack);
  const seen = new Set<string | undefined>([incoming]);
  await stack.client.rejectCall(incoming, { callRejectReason: 'busy' });
  const { code, reason } = await phone.event('disconnected');
  assert.deepEqual({ code, reason }, { code: 486, reason: 'The application is busy.' });
  for (const [callRejectReason, because] of [
    ['none', 603],
    ['forbidden', 403],
  ] as const) {
    phone.send({ type: 'dial', to: AGENT });
    const delivery = await stack.application.incoming.first(
      'the next call',
      ({ data }) => !seen.has(data.incomingCallContext),
    );
    seen.add(delivery.data.incomingCallContext);
    await stack.client.rejectCall(delivery.data.incomingCallContext ?? '', { callRejectReason });
    await phone.events.first(callRejectReason, (event) => event.type === 'disconnected' && event.code === because);
  }
  const gone = { statusCode: 404, code: '8522' };
  await assert.rejects(stack.client.answerCall(incoming, stack.application.callbackUri), gone);
});

test('a caller who hangs up first leaves nothing to answer', async (context) => {
  const stack = await startStack(context);
  const { phone, context: incoming } = await dial(stack);
  phone.send({ type: 'hangup' });
  assert.equal((await phone.event('disconnected')).code, 487);
  await assert.rejects(stack.client.answerCall(incoming, stack.application.callbackUri), { statusCode: 404 });
});

test('a phone that is unplugged while it rings leaves nothing to answer, and its number is free again', {
  timeout: 10_000,
}, async (context) => {
  const stack = await startStack(context);
  const { phone, context: incoming } = await dial(stack);
  phone.unplug();
  await assert.rejects(
    async () => {
      while (stack.service.status.offered > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await stack.client.answerCall(incoming, stack.application.callbackUri);
    },
    { statusCode: 404 },
  );
  const again = await TestPhone.plugIn(stack.ports.plain, CALLER);
  assert.equal((await again.event('registered')).number, CALLER);
});

test('a call that the application takes no notice of stops ringing in time', async (context) => {
  const stack = await startStack(context, { ringTimeoutMs: 100 });
  const { phone } = await dial(stack);
  const { code, reason } = await phone.event('disconnected');
  assert.deepEqual({ code, reason }, { code: 480, reason: 'The application did not answer in time.' });
  phone.send({ type: 'dial', to: AGENT });
  await phone.events.first('a second call', ({ type }) => type === 'dialling');
});

test('a webhook that refuses the event ends the call at once, with the reason', async (context) => {
  const stack = await startStack(context);
  stack.application.webhookFaults.push(401);
  const { phone } = await dial(stack);
  assert.match((await phone.event('disconnected')).reason, /^The functions refused the call: HTTP 401/);
});

test('a line is good for one call, and only for numbers without a phone of their own', async (context) => {
  const stack = await startStack(context);
  const { phone } = await dial(stack);
  phone.send({ type: 'dial', to: AGENT });
  assert.equal((await phone.event('refused')).code, 'phone.busy');
  const neighbour = await TestPhone.plugIn(stack.ports.plain, '+15550003333');
  neighbour.send({ type: 'dial', to: CALLER });
  assert.equal((await neighbour.event('refused')).code, 'phone.not_the_application');
});
