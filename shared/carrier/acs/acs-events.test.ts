import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCallAutomationEvent } from '@azure/communication-call-automation';
import { ACS_EVENTS, readAcsEvent } from './acs-events.ts';

const wire = (type: string, more: Record<string, unknown> = {}) => ({
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
    ...more,
  },
});

test('all kinds of events that the SDK knows are known, and none besides', () => {
  assert.equal(ACS_EVENTS.length, 38);
});

for (const type of ACS_EVENTS) {
  test(`${type} is read as the SDK reads it`, () => {
    const ours = readAcsEvent(wire(type, { tone: 'five' }), 0);
    const theirs = parseCallAutomationEvent(wire(type)) as unknown as Record<string, unknown>;
    assert.equal(ours?.name, `acs.${theirs.kind}`);
    assert.notEqual(ours?.kind, 'other');
    assert.equal(ours?.callId, theirs.callConnectionId);
    assert.equal(ours?.serverCallId, theirs.serverCallId);
    assert.equal(ours?.correlationId, theirs.correlationId);
    assert.equal(ours?.operationContext, theirs.operationContext);
    assert.deepEqual(ours?.result, theirs.resultInformation);
  });
}

test('what an event tells besides is told in words that are no carrier’s', () => {
  const read = (type: string, more: Record<string, unknown> = {}) => readAcsEvent(wire(type, more), 0);
  const person = { rawId: '8:orgid:anna', microsoftTeamsUser: { userId: 'anna' } };
  assert.partialDeepStrictEqual(read('AddParticipantFailed'), {
    kind: 'operation-failed',
    operation: 'add-participant',
    participant: '+15550001111',
  });
  assert.partialDeepStrictEqual(read('CallTransferAccepted', { participant: undefined, transferTarget: person }), {
    kind: 'operation-succeeded',
    operation: 'transfer',
    participant: '8:orgid:anna',
  });
  const participants = [{ identifier: person, isMuted: true, isOnHold: false }, { identifier: null }, 'nonsense'];
  assert.partialDeepStrictEqual(read('ParticipantsUpdated', { sequenceNumber: 7, participants }), {
    kind: 'participants',
    sequence: 7,
    participants: [{ id: '8:orgid:anna', muted: true, onHold: false }],
  });
  assert.partialDeepStrictEqual(read('ContinuousDtmfRecognitionToneReceived', { tone: 'pound', sequenceId: 3 }), {
    kind: 'key',
    key: '#',
    sequence: 3,
  });
  assert.partialDeepStrictEqual(read('RecordingStateChanged', { recordingId: 'r', state: 'active' }), {
    kind: 'recording-state',
    recordingId: 'r',
    state: 'active',
  });
  const stopped = { mediaStreamingUpdate: { mediaStreamingStatusDetails: 'subscriptionStopped' } };
  assert.partialDeepStrictEqual(read('MediaStreamingStopped', stopped), {
    kind: 'media-stopped',
    details: 'subscriptionStopped',
    onPurpose: true,
  });
});

test('what the SDK throws at is an event like any other here', () => {
  assert.throws(() => parseCallAutomationEvent(wire('BrandNewThing')), TypeError);
  assert.partialDeepStrictEqual(readAcsEvent(wire('BrandNewThing'), 0), { kind: 'other', name: 'acs.BrandNewThing' });
  assert.equal(readAcsEvent(wire('constructor'), 0)?.kind, 'other');
  const bare = { id: 'e', type: 'Microsoft.Communication.AddParticipantFailed', data: { callConnectionId: 'c' } };
  assert.throws(() => parseCallAutomationEvent(structuredClone(bare)));
  assert.equal(readAcsEvent(bare, 7)?.at, 7);
});

test('nulls count as absent, and times have more digits than a Date', () => {
  const event = readAcsEvent(
    { ...wire('CallConnected'), data: { callConnectionId: 'c', serverCallId: null, resultInformation: null } },
    Date.parse('2026-01-01T00:00:05Z'),
  );
  assert.deepEqual([event?.serverCallId, event?.result], [undefined, undefined]);
  assert.equal(event?.at, Date.parse('2026-01-01T00:00:00.123Z'));
});

test('a time that no clock gives is not believed: written down it made a session that nobody could read (fuzz)', () => {
  const receivedAtMs = Date.parse('2026-01-01T00:00:05Z');
  for (const time of [
    '1926-01-01T00:00:00Z',
    '-000001-01-01T00:00:00Z',
    '2026-01-02T00:00:00Z',
    '9999-12-31T00:00:00Z',
    'x',
  ]) {
    assert.equal(readAcsEvent({ ...wire('CallConnected'), time }, receivedAtMs)?.at, receivedAtMs, time);
  }
  const late = { ...wire('CallConnected'), time: '2025-12-31T00:00:00Z' };
  assert.equal(readAcsEvent(late, receivedAtMs)?.at, Date.parse(late.time));
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
    assert.equal(readAcsEvent(given, 0), undefined);
  }
});
