import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startFunctions } from '../testing/functions-under-test.ts';

const functions = await startFunctions({ ACS_JWKS_URL: 'http://127.0.0.1:1/calling/keys' });
after(() => functions.close());

test('with the signing keys out of reach a call rings on, then is rejected: it would be answered into silence (H3)', async () => {
  await functions.announce({ sessions: 0, maxSessions: 10 });
  const person = (number: string) => ({ kind: 'phoneNumber', rawId: `4:${number}`, phoneNumber: { value: number } });
  const event = {
    id: 'event-1',
    eventType: 'Microsoft.Communication.IncomingCall',
    eventTime: '2026-01-01T00:00:00Z',
    subject: '/caller/x',
    topic: '/subscriptions/x',
    dataVersion: '1.0',
    metadataVersion: '1',
    data: { to: person('+15550100'), from: person('+15557777'), incomingCallContext: 'context' },
  };
  const deliver = (count: number) =>
    functions.request('POST', 'calls/answer', [event], { 'aeg-delivery-count': String(count) });
  const first = await deliver(0);
  assert.deepEqual([first.status, first.body.error.code], [502, 'auth.keys-unavailable']);
  assert.deepEqual(functions.acs.operations, []);
  assert.equal((await deliver(1)).body.reason, 'auth.keys-unavailable');
  assert.deepEqual(functions.acs.operations, ['reject']);
});
