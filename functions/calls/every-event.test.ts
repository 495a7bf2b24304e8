import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { CallbackQueue } from '../../emulator/acs/callback-queue.ts';
import { eventData } from '../../emulator/acs/event-data.ts';
import { Faults } from '../../emulator/faults.ts';
import type { EndReason } from '../../shared/calls/end-reasons.ts';
import { OperationLedger, type OperationState } from '../../shared/calls/operation-ledger.ts';
import { leftovers, NOTHING_LEFT } from '../../shared/calls/testing/worked-off.ts';
import { ACS_EVENTS, readAcsEvent } from '../../shared/carrier/acs/acs-events.ts';
import type { CallEventResult, CallOperation } from '../../shared/carrier/call-events.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Session, SessionStatus } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/**
 * Each kind of event that ACS has, as the emulator says and delivers it, each twice, through the functions as they run: before,
 * in and after the state that it belongs to. What is looked at is what it changed: session, ledger, index, and what ACS was asked
 * to do.
 */

const log = pino({ level: 'silent' });
let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
let ledger: OperationLedger;
before(async () => {
  functions = await startFunctions();
  redis = patientRedis();
  ledger = new OperationLedger(redis, { ttlMs: 600_000, wallMs: Date.now });
});
after(async () => {
  redis.disconnect();
  await functions.close();
});
beforeEach(() => functions.acs.nextTest());

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

/** What ACS is asked to do, while the call is not over. What it stopped itself was stopped on purpose. */
const ASKED: Readonly<Record<string, string>> = {
  MediaStreamingFailed: 'startMediaStreaming',
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
        const said = { ...eventData(type), operationContext: 'op' };
        const wire = { id: 'e', type: `Microsoft.Communication.${type}`, data: { callConnectionId, ...said } };
        const event = readAcsEvent(wire, 0);
        const kind: CallOperation = event && 'operation' in event ? event.operation : 'play';
        await ledger.begin({ sessionId: session.id, operationContext: 'op', kind, deadlineMs: 60_000 });
        await ledger.accepted(session.id, 'op');

        const queue = new CallbackQueue({
          callbackUri: `${functions.baseUrl}/calls/callbacks/${session.id}`,
          ids: { callConnectionId, serverCallId: 's', correlationId: 'c' },
          ...{ tokens: functions.acs.tokens, faults: new Faults(log), clock: systemClock, log, giveUpAfterMs: 10_000 },
        });
        queue.send(type, said, { times: 2 });
        await queue.drained();

        const expected = MOVES[type]?.(phase) ?? status;
        const now = await functions.store.get(session.id);
        assert.equal(now?.status, expected);
        assert.equal(now?.callConnectionId, callConnectionId);
        assert.equal((await functions.store.findByCall(callConnectionId))?.id, session.id);
        assert.equal(now?.endReason, reasonAfter(type, phase));
        assert.equal(now?.endDetail, detailAfter(type, event?.result));
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
          // Of an operation whose end nobody tells any more that stands there instead.
          [`acs.${type}`, ...(SETTLES[type] === 'unknown' ? ['operation.ended'] : [])],
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

/** Of how it ended, one word of ours; the carrier's own words stand beside it. */
const REASONS: Readonly<Record<string, EndReason>> = {
  CallDisconnected: 'caller-ended',
  CreateCallFailed: 'unanswered',
  AnswerFailed: 'caller-ended',
  ConnectFailed: 'unanswered',
};

function reasonAfter(type: string, phase: Phase): Session['endReason'] {
  if (phase === 'after') return 'goodbye';
  return type === 'CallTransferAccepted' ? 'transferred' : REASONS[type];
}

function detailAfter(type: string, { code, subCode, message }: CallEventResult = {}): Session['endDetail'] {
  return REASONS[type] && `${type} ${code}/${subCode} ${message}`.trim();
}
