import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Redis } from 'ioredis';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { entrySpanIdOf, traceParentOf } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../shared/telemetry/span.ts';
import { SpanIntake } from '../../shared/telemetry/span-intake.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
let redis: Redis;
let intake: SpanIntake;
before(async () => {
  const key = 'InstrumentationKey=00000000-0000-0000-0000-000000000001';
  functions = await startFunctions({ APPLICATIONINSIGHTS_CONNECTION_STRING: key });
  redis = patientRedis();
  intake = new SpanIntake(redis);
});
after(async () => {
  redis.disconnect();
  await functions.close();
});
beforeEach(async () => {
  functions.acs.nextTest();
  await functions.announce({ sessions: 0, maxSessions: 100 });
});

const person = (number: string) => ({ kind: 'phoneNumber', rawId: `4:${number}`, phoneNumber: { value: number } });
let rung = 0;
const ringing = () => ({
  id: `event-${++rung}`,
  topic: 't',
  subject: 's',
  eventType: 'Microsoft.Communication.IncomingCall',
  eventTime: '2026-01-01T00:00:00Z',
  metadataVersion: '1',
  dataVersion: '1.0',
  data: {
    ...{ to: person('+15550100'), from: person('+15557777'), serverCallId: 's', callerDisplayName: 'Annabel' },
    ...{ incomingCallContext: `context-${rung}`, correlationId: `correlation-${rung}` },
  },
});
const answer = (...events: object[]) =>
  functions.request('POST', 'calls/answer', events, { 'aeg-delivery-count': '0' });

async function callback(sessionId: string, type: string, data: object = {}) {
  const authorization = await functions.acs.authorization();
  const event = {
    ...{ id: `callback-${++rung}`, type: `Microsoft.Communication.${type}`, time: new Date().toISOString() },
    data: { callConnectionId: (await functions.store.get(sessionId))?.callConnectionId ?? 'c', ...data },
  };
  return functions.request('POST', `calls/callbacks/${sessionId}`, [event], { authorization });
}

/** The spans of a session that were handed over, once so many requests are among them, and these. */
async function spansOf(sessionId: string, requests: number, ...names: string[]): Promise<FinishedSpan[]> {
  const spans: FinishedSpan[] = [];
  const seen = eventually(async () => {
    spans.push(
      ...(await intake.take(500)).spans.filter(({ attributes }) => attributes[ATTRIBUTE.session] === sessionId),
    );
    const hasAll = names.every((name) => spans.some((span) => span.name === name));
    return hasAll && spans.filter(({ kind }) => kind === 'server').length >= requests;
  });
  await seen.catch(() => assert.fail(`only ${spans.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`));
  return spans;
}

const named = (spans: readonly FinishedSpan[], name: string) =>
  spans.find((span) => span.name === name) ?? assert.fail(`no ${name} among ${spans.map((span) => span.name)}`);

function assertOneTrace(sessionId: string, spans: readonly FinishedSpan[]) {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  for (const { traceId, name, parentSpanId } of spans) {
    assert.equal(traceId, traceIdOf(sessionId), name);
    if (parentSpanId !== undefined) assert.ok(ids.has(parentSpanId), `the parent of ${name}`);
  }
  assert.equal(ids.size, spans.length);
  assert.deepEqual(
    spans.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ spanId }) => spanId),
    [entrySpanIdOf(sessionId)],
  );
}

test('a call that comes in begins its trace with its announcement; admission, answer and ringing are below, and so are ACS and Redis', async () => {
  const { body } = await answer(ringing());
  const id: string = body.session_id;
  assert.equal((await functions.store.get(id))?.traceparent, traceParentOf(id));
  await callback(id, 'CallConnected');
  await callback(id, 'CallDisconnected', { resultInformation: { code: 200, subCode: 560000, message: 'ended' } });
  const spans = await spansOf(id, 3, SPAN.followUp);
  assertOneTrace(id, spans);
  const entry = named(spans, 'POST /api/v1/calls/answer');
  assert.equal(entry.spanId, entrySpanIdOf(id));
  assert.equal(entry.attributes[ATTRIBUTE.httpMethod], 'POST');
  const answering = named(spans, SPAN.answering);
  assert.deepEqual(
    [
      named(spans, SPAN.admission).parentSpanId,
      answering.parentSpanId,
      named(spans, 'acs answer_the_call').parentSpanId,
    ],
    [entry.spanId, entry.spanId, answering.spanId],
  );
  const redisOf = (parent: string) =>
    spans.filter(({ name, parentSpanId }) => name === 'redis commands' && parentSpanId === parent).length;
  assert.deepEqual([redisOf(entry.spanId), redisOf(answering.spanId)], [1, 1]);
  const session = await functions.store.get(id);
  const rang = named(spans, SPAN.ringing);
  assert.deepEqual([rang.startMs, rang.endMs], [session?.createdAt, session?.connectedAt]);
  const call = named(spans, SPAN.call);
  assert.equal(call.endMs, session?.endedAt);
  assert.equal(named(spans, SPAN.followUp).attributes[ATTRIBUTE.event], 'over');
  assert.doesNotMatch(JSON.stringify(spans), /5557777|5550100|Annabel|context-/);
});

test('a delivery of two calls begins two traces, and one that comes twice leaves one beginning', async () => {
  const [one, two] = [ringing(), ringing()];
  const { body } = await answer(one, two);
  const ids: string[] = body.results.map((result: { session_id: string }) => result.session_id);
  await answer(one);
  const first = await spansOf(ids[0] ?? '', 2);
  assertOneTrace(ids[0] ?? '', first);
  assert.equal(first.filter(({ name }) => name === 'POST /api/v1/calls/answer').length, 2);
});

test('a call that is placed keeps its own trace, and links to the one of whoever asked for it; an error names the call’s', async () => {
  const theirs = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const place = () =>
    functions.request('POST', 'calls/initiate', { target_number: '+15558888' }, { traceparent: theirs });
  const { body } = await place();
  const spans = await spansOf(body.session_id, 1);
  assertOneTrace(body.session_id, spans);
  const entry = named(spans, 'POST /api/v1/calls/initiate');
  assert.deepEqual(entry.links, [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }]);
  assert.equal(spans.filter(({ name }) => name === SPAN.admission).length, 2);
  assert.equal(named(spans, 'acs place_the_call').parentSpanId, named(spans, SPAN.dialling).spanId);

  functions.acs.failing = { path: '/calling/callConnections', failure: { status: 503, code: 'busy' } };
  const failed = await place();
  assert.equal(failed.status, 503);
  const [session] = (await functions.store.list({ limit: 1 })).sessions;
  assert.equal(failed.body.error.traceId, traceIdOf(session?.id ?? ''));
  const failure = named(await spansOf(session?.id ?? '', 1), 'acs place_the_call');
  assert.deepEqual([failure.error, failure.attributes[ATTRIBUTE.httpStatus]], ['acs.unavailable', 503]);
});

test('what is done with a call stands in its trace, with how the carrier said that it ended; a request that finds none leaves nothing', async () => {
  const { body } = await answer(ringing());
  const id: string = body.session_id;
  await callback(id, 'CallConnected');
  const added = await functions.request('POST', `calls/${id}/participants`, { target: '+15559999' });
  const operationContext = added.body.operation_id;
  await callback(id, 'AddParticipantSucceeded', { operationContext, participant: person('+15559999') });
  await functions.request('POST', `calls/${id}/hangup`);
  await functions.request('POST', 'calls/no-such-call/hangup');
  const spans = await spansOf(id, 5, SPAN.operationEnded);
  assertOneTrace(id, spans);
  const adding = named(spans, 'parley.call.add_participant');
  assert.equal(named(spans, 'acs add_a_participant').parentSpanId, adding.spanId);
  assert.equal(named(spans, SPAN.operationEnded).attributes[ATTRIBUTE.operation], 'add-participant');
  assert.equal(named(spans, 'acs hang_up').parentSpanId, named(spans, SPAN.hangUp).spanId);
});

test('the media that is lost is asked for again in the call’s trace', async () => {
  const { body } = await answer(ringing());
  const id: string = body.session_id;
  await callback(id, 'CallConnected');
  // With a stream host alive the request leaves it what takes it longer than 200 ms, and here is none that would do it.
  await functions.announce();
  await callback(id, 'MediaStreamingFailed', {
    mediaStreamingUpdate: {
      mediaStreamingStatus: 'mediaStreamingFailed',
      mediaStreamingStatusDetails: 'streamConnectionInterrupted',
    },
  });
  await eventually(async () => functions.acs.operations.includes('startMediaStreaming'));
  const spans = await spansOf(id, 3, 'acs start_media_streaming');
  const asked = named(spans, 'acs start_media_streaming');
  const recovery = spans.find(({ spanId }) => spanId === asked.parentSpanId);
  assert.equal(recovery?.name, SPAN.recovery);
});
