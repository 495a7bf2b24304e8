import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { OperationLedger, type OperationState } from '../../shared/calls/operation-ledger.ts';
import { leftovers, NOTHING_LEFT } from '../../shared/calls/testing/worked-off.ts';
import { ACS_EVENTS, readAcsEvent } from '../../shared/carrier/acs/acs-events.ts';
import type { CallOperation } from '../../shared/carrier/call-events.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import type { Session, SessionStatus } from '../../shared/sessions/session.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/**
 * Each kind of event that ACS has, signed, through the functions as they run: before, in and after the state that it belongs
 * to. What is looked at is what it changed: session, ledger, index, and what ACS was asked to do.
 */

let functions: FunctionsUnderTest;
let redis: ReturnType<typeof connectRedis>;
let ledger: OperationLedger;
before(async () => {
  functions = await startFunctions();
  redis = connectRedis(process.env.REDIS_URL ?? '', pino({ level: 'silent' }));
  ledger = new OperationLedger(redis, { ttlMs: 600_000, wallMs: Date.now });
});
after(async () => {
  redis.disconnect();
  await functions.close();
});
beforeEach(() => functions.acs.reset());

type Phase = 'before' | 'in' | 'after';
const PHASES: Readonly<Record<Phase, SessionStatus>> = { before: 'ringing', in: 'connected', after: 'disconnected' };
const STATUSES: readonly SessionStatus[] = ['initiating', 'ringing', 'connected', 'disconnected', 'failed'];

/** The status after an event, where it is another than before. */
const MOVES: Readonly<Record<string, (phase: Phase) => SessionStatus>> = {
  CallConnected: (phase) => (phase === 'after' ? 'disconnected' : 'connected'),
  MediaStreamingStarted: (phase) => (phase === 'after' ? 'disconnected' : 'connected'),
  CallDisconnected: () => 'disconnected',
  CreateCallFailed: () => 'failed',
  AnswerFailed: () => 'failed',
  ConnectFailed: () => 'failed',
};

/** What becomes of the operation that an event names. */
const SETTLES: Readonly<Record<string, OperationState>> = {
  CallTransferAccepted: 'succeeded',
  CallTransferFailed: 'failed',
  AddParticipantSucceeded: 'succeeded',
  AddParticipantFailed: 'failed',
  RemoveParticipantSucceeded: 'succeeded',
  RemoveParticipantFailed: 'failed',
  MoveParticipantSucceeded: 'succeeded',
  MoveParticipantFailed: 'failed',
  CancelAddParticipantSucceeded: 'succeeded',
  CancelAddParticipantFailed: 'failed',
  HoldFailed: 'failed',
  PlayCompleted: 'succeeded',
  PlayFailed: 'failed',
  PlayCanceled: 'failed',
  RecognizeCompleted: 'succeeded',
  RecognizeFailed: 'failed',
  RecognizeCanceled: 'failed',
  ContinuousDtmfRecognitionToneFailed: 'failed',
  ContinuousDtmfRecognitionStopped: 'failed',
  SendDtmfTonesCompleted: 'succeeded',
  SendDtmfTonesFailed: 'failed',
  RecordingStateChanged: 'succeeded',
  StartRecordingFailed: 'failed',
  // The call is over: nothing more is told of it.
  CallDisconnected: 'unknown',
  CreateCallFailed: 'unknown',
  AnswerFailed: 'unknown',
  ConnectFailed: 'unknown',
};

/** What ACS is asked to do, while the call is not over. */
const ASKED: Readonly<Record<string, string>> = {
  MediaStreamingStopped: 'startMediaStreaming',
  MediaStreamingFailed: 'startMediaStreaming',
  TranscriptionStopped: 'startTranscription',
  TranscriptionFailed: 'startTranscription',
};

test('ACS has 38 kinds of events', () => assert.equal(ACS_EVENTS.length, 38));

for (const [phase, status] of Object.entries(PHASES) as [Phase, SessionStatus][]) {
  describe(`${phase} a call`, () => {
    for (const type of ACS_EVENTS) {
      test(`${type} ${phase} a call changes what it should, once, and nothing else`, async () => {
        const callConnectionId = `connection-${randomUUID()}`;
        const session = await functions.store.create({
          id: randomUUID(),
          channel: 'phone',
          direction: 'inbound',
          mode: 'media',
          agent: 'orders',
          status,
          ...(phase !== 'before' && { callConnectionId, connectedAt: 1 }),
          ...(phase === 'after' && { endedAt: 2, endReason: 'goodbye' }),
        });
        const body = [wire(type, callConnectionId)];
        const [event] = body.map((each) => readAcsEvent(each, 0));
        const kind: CallOperation = event && 'operation' in event ? event.operation : 'play';
        await ledger.begin({ sessionId: session.id, operationContext: 'op', kind, deadlineMs: 60_000 });
        await ledger.accepted(session.id, 'op');

        const authorization = await functions.acs.authorization();
        const deliver = () => functions.request('POST', `calls/callbacks/${session.id}`, body, { authorization });
        assert.equal((await deliver()).body.processed_events, 1);
        assert.equal((await deliver()).body.duplicate_events, 1);

        const expected = MOVES[type]?.(phase) ?? status;
        const now = await functions.store.get(session.id);
        assert.equal(now?.status, expected);
        assert.equal(now?.callConnectionId, callConnectionId);
        assert.equal((await functions.store.findByCall(callConnectionId))?.id, session.id);
        assert.equal(now?.endReason, reasonAfter(type, phase));
        for (const each of STATUSES) {
          const { sessions } = await functions.store.list({ limit: 100, status: each });
          assert.equal(
            sessions.some(({ id }) => id === session.id),
            each === expected,
            `listed as ${each}`,
          );
        }
        assert.equal((await ledger.get(session.id, 'op'))?.state, SETTLES[type] ?? 'accepted');
        const timeline = await functions.store.events(session.id);
        assert.deepEqual(
          timeline.map((each) => each.type),
          [`acs.${type}`],
        );
        const asked = phase === 'after' ? undefined : ASKED[type];
        assert.deepEqual(functions.acs.operations, asked === undefined ? [] : [asked]);
        // What is left to do is to ask after the operation, where it goes on.
        const left = await leftovers(redis, session.id);
        if (SETTLES[type] === 'unknown') assert.deepEqual(left, NOTHING_LEFT);
        else assert.deepEqual(Object.keys(left.todo ?? {}), ['reconcile:op']);
      });
    }
  });
}

function reasonAfter(type: string, phase: Phase): Session['endReason'] {
  if (phase === 'after') return 'goodbye';
  if (type === 'CallTransferAccepted') return 'transferred';
  return ['CallDisconnected', 'CreateCallFailed', 'AnswerFailed', 'ConnectFailed'].includes(type)
    ? `${type} 200/0 said`
    : undefined;
}

const someone = { rawId: '4:+15550001111', kind: 'phoneNumber', phoneNumber: { value: '+15550001111' } };

const wire = (type: string, callConnectionId: string) => ({
  id: randomUUID(),
  source: `calling/callConnections/${callConnectionId}`,
  type: `Microsoft.Communication.${type}`,
  specversion: '1.0',
  time: '2026-01-01T00:00:00Z',
  data: {
    callConnectionId,
    serverCallId: 's',
    correlationId: 'c',
    operationContext: 'op',
    resultInformation: { code: 200, subCode: 0, message: 'said' },
    participant: someone,
    participants: [{ identifier: someone, isMuted: false, isOnHold: false }],
    sequenceNumber: 1,
    tone: 'five',
    sequenceId: 1,
    recordingId: 'recording',
    state: 'active',
  },
});
