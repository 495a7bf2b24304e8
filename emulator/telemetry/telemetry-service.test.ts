import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import type { DependencyMap, Trace, TraceList } from '../../shared/protocol/traces.ts';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { listening } from '../../shared/testing/listening.ts';
import { Faults } from '../faults.ts';
import { AccessTokens } from '../identity/access-tokens.ts';
import { Outages } from '../outages.ts';
import { TelemetryService, type TelemetryServiceOptions } from './telemetry-service.ts';

const log = pino({ level: 'silent' });
const START = Date.parse('2026-11-29T12:00:00.000Z');
const SESSION = 'a-session';
const TRACE = traceIdOf(SESSION);

async function start(context: TestContext, options: Partial<TelemetryServiceOptions> = {}) {
  const faults = new Faults(log);
  const service = new TelemetryService({ faults, clock: systemClock, log, ...options });
  const outages = new Outages([service], log);
  const server = createServer((request, response) => {
    if (!outages.handle(request, response)) response.writeHead(404).end();
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const post = async (
    path: string,
    body: NonNullable<RequestInit['body']>,
    headers: Record<string, string> = {},
    waitMs = 5_000,
  ) => {
    const signal = AbortSignal.timeout(waitMs);
    const type = { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method: 'POST', body, headers: { ...type, ...headers }, signal });
    return { status: response.status, body: (await response.json()) as Taken };
  };
  const track = (items: unknown, headers?: Record<string, string>) =>
    post('/v2.1/track', JSON.stringify(items), headers);
  const show = async <Answer>(path: string) => (await (await fetch(`${url}/telemetry/${path}`)).json()) as Answer;
  return { service, faults, outages, url, post, track, show };
}

/** What the intake answers, as far as it says it. */
interface Taken {
  readonly itemsReceived: number;
  readonly itemsAccepted: number;
  readonly errors: readonly { readonly index: number; readonly statusCode: number; readonly message: string }[];
}

interface Given {
  readonly id: string;
  readonly parent?: string;
  readonly afterMs?: number;
  readonly trace?: string;
  readonly role?: string;
  readonly data?: Record<string, unknown>;
}

function envelope(
  baseType: string,
  { id, parent, afterMs = 0, trace = TRACE, role = 'parley-stream-host', data }: Given,
) {
  return {
    ver: 1,
    name: `Microsoft.ApplicationInsights.${baseType}`,
    time: new Date(START + afterMs).toISOString(),
    sampleRate: 100,
    iKey: '00000000-0000-0000-0000-000000000001',
    tags: {
      'ai.operation.id': trace,
      ...(parent !== undefined && { 'ai.operation.parentId': parent }),
      'ai.cloud.role': role,
    },
    data: { baseType, baseData: { id, name: id, duration: '00:00:00.100', success: true, properties: {}, ...data } },
  };
}
const request = (given: Given) => envelope('RequestData', given);
const dependency = (target: string | undefined, given: Given) =>
  envelope('RemoteDependencyData', { ...given, data: { type: 'Http', target, resultCode: '200', ...given.data } });

const CALL = [
  request({ id: 'entry', role: 'parley-functions', data: { properties: { 'session.id': SESSION } } }),
  dependency('acs', { id: 'answer', parent: 'entry', afterMs: 10, role: 'parley-functions' }),
  dependency('openai', { id: 'chat', parent: 'turn', afterMs: 2_000, data: { success: false, resultCode: '429' } }),
  dependency('openai', { id: 'chat-2', parent: 'turn', afterMs: 2_200, data: { duration: '1.01:02:03.250' } }),
  envelope('RemoteDependencyData', { id: 'turn', parent: 'entry', afterMs: 1_900, data: { type: 'InProc' } }),
];

test('what Application Insights is sent is found by the session, and read as a trace of both halves', async (context) => {
  const { track, show } = await start(context);
  const answer = await track(CALL);
  assert.deepEqual(answer, { status: 200, body: { itemsReceived: 5, itemsAccepted: 5, errors: [] } });
  const { traces } = await show<TraceList>(`traces?session=${SESSION}`);
  assert.equal(traces.length, 1);
  assert.deepEqual(traces[0]?.roles, ['parley-functions', 'parley-stream-host']);
  assert.deepEqual(
    [traces[0]?.traceId, traces[0]?.sessionId, traces[0]?.name, traces[0]?.spans, traces[0]?.failures],
    [TRACE, SESSION, 'entry', 5, 1],
  );
  const trace = await show<Trace>(`traces/${TRACE}`);
  const chat = trace.items.find(({ spanId }) => spanId === 'chat');
  assert.deepEqual(
    { ...chat, attributes: {} },
    {
      ...{ spanId: 'chat', parentSpanId: 'turn', name: 'chat', role: 'parley-stream-host', kind: 'client' },
      ...{ type: 'Http', target: 'openai', startMs: START + 2_000, durationMs: 100 },
      ...{ success: false, resultCode: '429', attributes: {} },
    },
  );
  assert.equal(trace.items.find(({ spanId }) => spanId === 'turn')?.kind, 'internal');
  assert.equal(trace.items.find(({ spanId }) => spanId === 'chat-2')?.durationMs, 90_123_250, 'with days before it');
  assert.deepEqual((await show<TraceList>('traces?session=another')).traces, []);
});

test('a session that no span names is found by the trace id that follows from it', async (context) => {
  const { track, show } = await start(context);
  await track([dependency('redis', { id: 'one', trace: traceIdOf('quiet') })]);
  assert.equal((await show<TraceList>('traces?session=quiet')).traces.length, 1);
});

test('the map has each half’s calls of each target, with failures and the slowest of twenty', async (context) => {
  const { track, show } = await start(context);
  const calls = Array.from({ length: 40 }, (_, index) =>
    dependency('speech', {
      id: `s${index}`,
      trace: `${index}`,
      data: { duration: `00:00:00.${String(index + 1).padStart(3, '0')}`, success: index !== 7 },
    }),
  );
  await track([...CALL, ...calls, dependency(undefined, { id: 'nowhere' })]);
  const { edges } = await show<DependencyMap>('map');
  assert.deepEqual(
    edges.map(({ role, target, calls, failures, p95Ms }) => [role, target, calls, failures, p95Ms]),
    [
      ['parley-functions', 'acs', 1, 0, 100],
      ['parley-stream-host', 'speech', 40, 1, 38],
      ['parley-stream-host', 'openai', 2, 1, 90_123_250],
    ],
  );
  const ofCall = await show<DependencyMap>(`map?session=${SESSION}`);
  assert.deepEqual(ofCall.edges.map(({ target }) => target).sort(), ['acs', 'openai']);
});

test('items come as an array, as lines and zipped; what is wrong with one is told by its place', async (context) => {
  const { post, service } = await start(context);
  const [first, second] = CALL;
  const lines = `${JSON.stringify(first)}\n{"name":\n${JSON.stringify({ ...second, data: { baseType: 'OddData', baseData: {} } })}\n`;
  const { status, body } = await post('/v2.1/track', gzipSync(lines), { 'content-encoding': 'gzip' });
  assert.deepEqual([status, body.itemsReceived, body.itemsAccepted], [206, 3, 1]);
  assert.deepEqual(
    body.errors.map(({ index, statusCode }: { index: number; statusCode: number }) => [index, statusCode]),
    [
      [1, 400],
      [2, 400],
    ],
  );
  assert.match(body.errors[1]?.message ?? '', /OddData/);
  assert.equal((await post('/v2.1/track', 'what?')).status, 400);
  assert.equal((await post('/v2.1/track', 'no gzip', { 'content-encoding': 'gzip' })).status, 400);
  const wrongDuration = request({ id: 'x', data: { duration: 'long' } });
  assert.equal((await post('/v2.1/track', JSON.stringify([wrongDuration]))).status, 400);
  const { wireBytes, bytes } = service.status;
  assert.ok(wireBytes < bytes, `${wireBytes} bytes on the wire, ${bytes} unzipped`);
});

test('it refuses, takes half and stalls to order, with answers as Azure has them', async (context) => {
  const { faults, outages, post, track, show } = await start(context);
  for (const status of [429, 402, 500]) {
    faults.order({ 'telemetry.refuse': { times: 1, status } });
    const { status: given, body } = await track(CALL);
    assert.deepEqual([given, body.itemsAccepted, body.errors[0]?.statusCode], [status, 0, status]);
  }
  faults.order({ 'telemetry.partial': { times: 1, status: 429 } });
  const { status, body } = await track(CALL);
  assert.deepEqual([status, body.itemsReceived, body.itemsAccepted], [206, 5, 3]);
  assert.deepEqual(
    body.errors.map(({ index }: { index: number }) => index),
    [1, 3],
  );
  faults.order({ 'telemetry.stall': { times: 1, ms: 60_000 } });
  await assert.rejects(post('/v2.1/track', JSON.stringify([CALL[1]]), {}, 200), { name: 'TimeoutError' });
  assert.equal((await show<TraceList>('traces')).traces[0]?.spans, 4, 'what stalls is kept all the same');
  outages.order({ telemetry: 'down' });
  await assert.rejects(track(CALL));
  assert.equal((await show<TraceList>('traces')).traces.length, 1, 'who reads is not in the dark meanwhile');
});

test('with identities only a token for Azure Monitor opens it', async (context) => {
  const tokens = await AccessTokens.open(systemClock);
  const { track } = await start(context, { tokens });
  const bearer = (audience: string) => ({
    authorization: `Bearer ${tokens.issue(audience, 'local-stream-host', 60).token}`,
  });
  assert.equal((await track(CALL)).status, 401);
  assert.equal((await track(CALL, bearer('https://storage.azure.com'))).status, 401);
  assert.equal((await track(CALL, bearer('https://monitor.azure.com'))).status, 200);
});

test('OTLP as JSON gives the same trace, with its targets', async (context) => {
  const { post, show } = await start(context);
  const nanos = (afterMs: number) => `${BigInt(START + afterMs) * 1_000_000n}`;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const span = (spanId: string, kind: number, attributes: unknown[], more = {}) => ({
    ...{ traceId: TRACE, spanId: spanId.padEnd(16, '0'), name: spanId, kind, attributes },
    ...{ startTimeUnixNano: nanos(0), endTimeUnixNano: nanos(12), ...more },
  });
  const peer = [text('http.request.method', 'GET'), text('peer.service', 'speech'), text('session.id', SESSION)];
  const spans = [
    span('a1', 2, []),
    span('b2', 3, peer, { parentSpanId: 'a1'.padEnd(16, '0'), status: { code: 2 } }),
    span('c3', 3, [text('db.system.name', 'redis'), text('server.address', 'cache')]),
    span('d4', 3, [text('server.address', 'nobody')]),
  ];
  const resource = { attributes: [text('service.name', 'parley-stream-host')] };
  const answer = await post('/v1/traces', JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }));
  assert.deepEqual(answer, { status: 200, body: {} });
  const { items } = await show<Trace>(`traces/${TRACE}`);
  assert.deepEqual(
    items.map(({ kind, type, target, success, durationMs }) => [kind, type, target, success, durationMs]),
    [
      ['server', undefined, undefined, true, 12],
      ['client', 'Http', 'speech', false, 12],
      ['client', 'redis', 'cache', true, 12],
      ['client', undefined, undefined, true, 12],
    ],
  );
  assert.equal((await post('/v1/traces', 'x', { 'content-type': 'application/x-protobuf' })).status, 415);
  assert.equal((await post('/v1/traces', '{"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}')).status, 400);
});

test('metrics of either way are summed up', async (context) => {
  const { post, track, show } = await start(context);
  const metrics = (value: number, count: number, max: number) =>
    envelope('MetricData', { id: '', data: { metrics: [{ name: 'parley.silence', value, count, min: 1, max }] } });
  await track([metrics(10, 2, 9), metrics(5, 1, 5)]);
  const dataPoints = [{ attributes: [], asInt: '3' }];
  const sum = { name: 'parley.silences', sum: { dataPoints, aggregationTemporality: 2 } };
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [sum] }] }] });
  await post('/v1/metrics', body);
  await post('/v1/metrics', body);
  const { metrics: series } = await show<{ metrics: { name: string; count: number; sum: number; max?: number }[] }>(
    'metrics',
  );
  assert.deepEqual(
    series.map(({ name, count, sum, max }) => [name, count, sum, max]),
    [
      ['parley.silence', 3, 15, 9],
      ['parley.silences', 1, 3, undefined],
    ],
  );
});

test('the oldest traces go where there is no room, and are counted', async (context) => {
  const { track, show, url } = await start(context, { limits: { traces: 3, spans: 8 } });
  for (let index = 0; index < 5; index++) {
    await track([0, 1].map((part) => request({ id: `${index}-${part}`, trace: `t${index}`, afterMs: index })));
  }
  const { traces, dropped } = await show<TraceList>('traces');
  assert.deepEqual(
    traces.map(({ traceId }) => traceId),
    ['t4', 't3', 't2'],
  );
  assert.deepEqual(dropped, { traces: 2, spans: 4 });
  await track(Array.from({ length: 12 }, (_, index) => request({ id: `${index}`, trace: 'long' })));
  assert.deepEqual(
    (await show<TraceList>('traces')).traces.map(({ spans }) => spans),
    [8],
    'one alone is cut',
  );
  assert.equal((await fetch(`${url}/telemetry/traces/t4`)).status, 404);
  assert.equal((await fetch(`${url}/telemetry/traces?limit=0`)).status, 400);
});
