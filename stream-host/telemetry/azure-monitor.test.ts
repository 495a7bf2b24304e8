import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, mock, test } from 'node:test';
import { trace } from '@opentelemetry/api';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { dependencySpan } from '../../shared/telemetry/dependency-span.ts';
import { ATTRIBUTE, METRIC, ROLE, SPAN } from '../../shared/telemetry/names.ts';
import type { Telemetry } from './telemetry.ts';
import { Intake } from './testing/intake.ts';
import { spanOf, startForTest } from './testing/start.ts';

/**
 * `applicationinsights` as the host starts it, against an intake on this machine. What it does by default and must not do
 * here was measured once; each test holds one of these things.
 */

const load = createRequire(import.meta.url);
/** Where it keeps what it could not send, if it keeps anything. */
const folder = mkdtempSync(path.join(tmpdir(), 'parley-telemetry-'));
process.env.TMPDIR = folder;
const listeners = (): number[] =>
  ['uncaughtException', 'unhandledRejection', 'SIGTERM'].map((name) => process.listenerCount(name));
let listenersBefore: number[];

/** Whom this process connects to. */
const connectedTo = new Set<string>();
const connect = Socket.prototype.connect;
mock.method(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]): Socket {
  const [options] = args.flat();
  if (typeof options === 'object' && options !== null && 'port' in options) {
    const host = 'host' in options ? options.host : 'localhost';
    connectedTo.add(`${String(host)}:${String(options.port)}`);
  }
  return Reflect.apply(connect, this, args);
});

let intake: Intake;
let telemetry: Telemetry;

before(async () => {
  intake = await Intake.open();
  listenersBefore = listeners();
  ({ telemetry } = await startForTest({ APPLICATIONINSIGHTS_CONNECTION_STRING: intake.connectionString }));
  await telemetry.warmUp();
});

after(async () => {
  await telemetry.close();
  intake.close();
  rmSync(folder, { recursive: true });
});

test('the first span is sent before the host is ready: it pays for what the first one costs', () => {
  assert.ok(intake.spans().some(({ data }) => data.baseData.name === SPAN.hostStart));
});

test('a span arrives with its trace, its parent, its times, and the role and name of its process', async () => {
  const span = spanOf('a-session', {
    parentSpanId: 'b7ad6b7169203331',
    startMs: 1_700_000_000_000,
    endMs: 1_700_000_000_250,
  });
  telemetry.spans.record({ ...span, attributes: { [ATTRIBUTE.session]: 'a-session', [ATTRIBUTE.turn]: 3 } });
  await telemetry.warmUp();
  const arrived = intake.spans().find(({ data }) => data.baseData.id === span.spanId);
  assert.equal(arrived?.tags['ai.operation.id'], traceIdOf('a-session'));
  assert.equal(arrived?.tags['ai.operation.parentId'], 'b7ad6b7169203331');
  assert.equal(arrived?.tags['ai.cloud.role'], 'parley-stream-host');
  assert.equal(arrived?.tags['ai.cloud.roleInstance'], 'host-1:8080');
  assert.equal(arrived?.tags['ai.session.id'], 'a-session');
  assert.equal(new Date(arrived?.time ?? '').getTime(), 1_700_000_000_000);
  assert.match(arrived?.data.baseData.duration ?? '', /^00:00:00\.25/);
  assert.equal(arrived?.data.baseData.properties?.[ATTRIBUTE.turn], '3');
});

test('what the functions did is told under their own role', async () => {
  const span = spanOf('a-session', { kind: 'server', name: 'POST /api/v1/calls/answer' });
  telemetry.spansOf(ROLE.functions).record(span);
  await telemetry.warmUp();
  const arrived = intake.spans().find(({ data }) => data.baseData.id === span.spanId);
  assert.equal(arrived?.tags['ai.cloud.role'], 'parley-functions');
  assert.equal(arrived?.data.baseType, 'RequestData');
  assert.equal(arrived?.data.baseData.name, 'POST /api/v1/calls/answer');
});

test('a call of a dependency has a target, without which it is not on the map', async () => {
  const call = { traceId: traceIdOf('mapped'), startMs: 1000, endMs: 1250, operation: 'answer' };
  telemetry.spans.record(
    dependencySpan({
      ...call,
      spanId: 'aaaaaaaaaaaaaaaa',
      dependency: 'acs',
      url: 'https://x.communication.azure.com/calling',
      method: 'POST',
    }),
  );
  telemetry.spans.record(
    dependencySpan({ ...call, spanId: 'bbbbbbbbbbbbbbbb', dependency: 'redis', url: 'rediss://cache:10000' }),
  );
  await telemetry.warmUp();
  const [acs, redis] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'].map((id) =>
    intake.spans().find(({ data }) => data.baseData.id === id),
  );
  assert.ok(acs?.data.baseData.target, 'no target');
  assert.equal(acs?.data.baseData.type, 'Http');
  assert.equal(acs?.data.baseData.name, 'POST /calling', 'by method and path: a query for its own name finds nothing');
  assert.equal(redis?.data.baseData.type, 'redis');
  assert.equal(redis?.data.baseData.target, 'cache');
});

test('a hundred calls at once are a hundred whole traces: its sampler would keep five a second and tear them', async () => {
  const sessions = Array.from({ length: 100 }, (_, call) => `call-${call}`);
  for (const id of sessions) {
    for (const role of Object.values(ROLE)) telemetry.spansOf(role).record(spanOf(id));
  }
  await telemetry.warmUp();
  const counts = Map.groupBy(intake.spans(), ({ tags }) => tags['ai.operation.id']);
  assert.deepEqual(
    sessions.filter((id) => counts.get(traceIdOf(id))?.length !== 2),
    [],
  );
});

test('a span that is made by OpenTelemetry’s API records: there is one copy of it, and it was there before any tracer', async () => {
  const span = trace.getTracer('a tool').startSpan('by hand');
  assert.ok(span.isRecording());
  span.end();
  await telemetry.warmUp();
  assert.ok(intake.spans().some(({ data }) => data.baseData.name === 'by hand'));
});

test('applicationinsights has no copy of its own of what there must be one of', () => {
  const theirs = createRequire(load.resolve('applicationinsights'));
  const exporters = createRequire(load.resolve('@azure/monitor-opentelemetry-exporter'));
  for (const name of ['api', 'core', 'resources', 'sdk-metrics', 'sdk-trace-base']) {
    const ours = load.resolve(`@opentelemetry/${name}`);
    assert.equal(theirs.resolve(`@opentelemetry/${name}`), ours);
    assert.equal(exporters.resolve(`@opentelemetry/${name}`), ours);
  }
  const [folder = ''] = load.resolve('@opentelemetry/api').split('/build/');
  assert.equal(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version, '1.9.1');
});

test('metrics arrive by their names, and nothing that nobody asked for', async () => {
  telemetry.metrics.record(METRIC.firstAudio, 900, { [ATTRIBUTE.mode]: 'media' });
  telemetry.metrics.record(METRIC.firstAudio, 1100, { [ATTRIBUTE.mode]: 'media' });
  telemetry.metrics.record(METRIC.silences, 1);
  await telemetry.warmUp();
  const names = intake.envelopes.flatMap(
    ({ data }) => data.baseData.metrics?.map(({ name, value }) => [name, value]) ?? [],
  );
  assert.deepEqual(
    names.filter(([name]) => name === METRIC.firstAudio.name),
    [[METRIC.firstAudio.name, 2000]],
  );
  const own: readonly string[] = Object.values(METRIC).map(({ name }) => name);
  assert.deepEqual(
    names.filter(([name]) => !own.includes(String(name))),
    [],
  );
});

test('it ends the process for nobody, and listens for no crash: we have a way of our own', () => {
  assert.deepEqual(listeners(), listenersBefore);
});

test('nothing is connected to but what the settings name: no metadata, no figures of its own, no live metrics', () => {
  assert.deepEqual([...connectedTo], [new URL(intake.url).host]);
});

test('nobody polls what may be switched on from afar', () => {
  const exporter = load.resolve('@azure/monitor-opentelemetry-exporter');
  const file = path.join(path.dirname(exporter), '_configuration/configurationManager.js');
  assert.equal(Reflect.get(load(file).ConfigurationManager.getInstance(), 'worker'), undefined);
});

test('what an intake does not take lies on no disk', async () => {
  intake.mood = 500;
  for (let count = 0; count < 100; count++) telemetry.spans.record(spanOf('lost'));
  await telemetry.warmUp();
  intake.mood = 'ok';
  assert.deepEqual(readdirSync(folder, { recursive: true }), []);
});
