import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCallAutomationEvent } from '@azure/communication-call-automation';
import { KNOWN_EVENTS, parseCallbackEvent } from './callback-events.ts';

const wire = (type: string) => ({
  id: 'event-1',
  source: 'calling/callConnections/c',
  type: `Microsoft.Communication.${type}`,
  specversion: '1.0',
  time: '2026-01-01T00:00:00.1234567+00:00',
  data: {
    callConnectionId: 'c',
    serverCallId: 's',
    correlationId: 'x',
    operationContext: 'op',
    resultInformation: { code: 200, subCode: 0, message: '' },
    mediaStreamingUpdate: { contentType: 'Audio', mediaStreamingStatusDetails: 'subscriptionStarted' },
    participant: { rawId: '4:+15550001111', kind: 'phoneNumber', phoneNumber: { value: '+15550001111' } },
    participants: [],
  },
});

for (const type of KNOWN_EVENTS) {
  test(`${type} is read as the SDK reads it`, () => {
    const ours = parseCallbackEvent(wire(type), 0);
    const theirs = parseCallAutomationEvent(wire(type)) as unknown as Record<string, unknown>;
    assert.equal(ours?.type, theirs.kind);
    assert.equal(ours?.callConnectionId, theirs.callConnectionId);
    assert.equal(ours?.serverCallId, theirs.serverCallId);
    assert.equal(ours?.correlationId, theirs.correlationId);
    assert.equal(ours?.operationContext, theirs.operationContext);
    assert.deepEqual(ours?.result, theirs.resultInformation);
  });
}

test('what the SDK throws at is an event like any other here', () => {
  assert.throws(() => parseCallAutomationEvent(wire('BrandNewThing')), TypeError);
  assert.equal(parseCallbackEvent(wire('BrandNewThing'), 0)?.type, 'BrandNewThing');
  const bare = { id: 'e', type: 'Microsoft.Communication.AddParticipantFailed', data: { callConnectionId: 'c' } };
  assert.throws(() => parseCallAutomationEvent(structuredClone(bare)));
  assert.equal(parseCallbackEvent(bare, 7)?.at, 7);
});

test('nulls count as absent, and times have more digits than a Date', () => {
  const event = parseCallbackEvent(
    { ...wire('CallConnected'), data: { callConnectionId: 'c', serverCallId: null, resultInformation: null } },
    0,
  );
  assert.deepEqual([event?.serverCallId, event?.result], [undefined, undefined]);
  assert.equal(event?.at, Date.parse('2026-01-01T00:00:00.123Z'));
});

test('what is no event is told apart', () => {
  for (const given of [
    null,
    1,
    'x',
    {},
    { id: 'e', type: 't', data: {} },
    { id: '', type: 't', data: wire('X').data },
  ]) {
    assert.equal(parseCallbackEvent(given, 0), undefined);
  }
});
