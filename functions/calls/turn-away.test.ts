import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

const ELSEWHERE = '+15559999';
let functions: FunctionsUnderTest;
let calls = 0;

before(async () => {
  functions = await startFunctions({ INCOMING_WHEN_FULL: ELSEWHERE });
  await functions.announce({ sessions: 1, maxSessions: 1 });
});
after(() => functions.close());
beforeEach(() => functions.acs.nextTest());

/** A call rings while every place is taken. */
const ring = (call = ++calls) =>
  functions.request('POST', 'calls/answer', [
    {
      id: `event-${call}`,
      topic: 'acs',
      subject: 'caller',
      eventType: 'Microsoft.Communication.IncomingCall',
      eventTime: new Date().toISOString(),
      metadataVersion: '1',
      dataVersion: '1.0',
      data: {
        from: { kind: 'phoneNumber', rawId: '4:+15550001', phoneNumber: { value: '+15550001' } },
        to: { kind: 'phoneNumber', rawId: '4:+15550100', phoneNumber: { value: '+15550100' } },
        incomingCallContext: `context-${call}`,
        correlationId: `correlation-${call}`,
        serverCallId: `server-${call}`,
      },
    },
  ]);

test('where every place is taken a call is redirected to whom the setting names, and the record says why', async () => {
  const { body } = await ring();
  assert.deepEqual([body.status, body.reason], ['call redirected', 'capacity.full']);
  assert.deepEqual(functions.acs.operations, ['redirect']);
  assert.partialDeepStrictEqual(functions.acs.requests[0]?.body, {
    incomingCallContext: `context-${calls}`,
    target: { phoneNumber: { value: ELSEWHERE } },
  });
  assert.equal((await functions.store.get(body.session_id))?.endReason, 'capacity.full');
});

test('a call that cannot be redirected, as one of Teams Phone, is busy', async () => {
  functions.acs.failing = { path: ':redirect', failure: { status: 400, code: '8501' } };
  const { body } = await ring();
  assert.equal(body.status, 'call rejected');
  assert.deepEqual(functions.acs.operations, ['redirect', 'reject']);
});

test('a call that could not be turned away is turned away when it is announced again, and not answered in a session that is over, though there is a place by then (left 16-9)', async () => {
  functions.acs.failing = { path: ':re', failure: { status: 503, code: '5030' } };
  const { status } = await ring();
  assert.equal(status, 502);
  functions.acs.reset();
  await functions.announce({ sessions: 0, maxSessions: 9 });
  const { body } = await ring(calls);
  await functions.announce({ sessions: 1, maxSessions: 1 });
  assert.deepEqual([body.status, body.reason], ['call redirected', 'capacity.full']);
  assert.deepEqual(functions.acs.operations, ['redirect']);
});
