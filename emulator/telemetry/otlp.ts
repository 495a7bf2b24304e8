import { z } from 'zod';
import type { SpanKind, TraceEvent, TraceSpan } from '../../shared/protocol/traces.ts';
import { type MetricSample, sessionIn, type TelemetryItem } from './telemetry-item.ts';

/** OTLP over HTTP as JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hex, 64-bit numbers as texts. */

const KINDS: readonly SpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const ERROR = 2;
const DELTA = 1;

const long = z.union([z.string().regex(/^-?\d+$/), z.number().int()]);
const attributes = z
  .array(z.object({ key: z.string(), value: z.looseObject({}).default({}) }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, plainValue(value)])));
const resource = z.object({ attributes }).default({ attributes: {} });
const optional = <Kind extends z.ZodType>(kind: Kind) => z.array(kind).default([]);

const span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/i),
  spanId: z.string().regex(/^[0-9a-f]{16}$/i),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number().int().min(0).max(5).default(0),
  startTimeUnixNano: long,
  endTimeUnixNano: long,
  attributes,
  events: optional(z.object({ timeUnixNano: long, name: z.string(), attributes })),
  status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
});
const traces = z.object({
  resourceSpans: optional(z.object({ resource, scopeSpans: optional(z.object({ spans: optional(span) })) })),
});

const point = z.object({
  attributes,
  asDouble: z.number().optional(),
  asInt: long.optional(),
  count: long.optional(),
  sum: z.number().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
});
const points = z.object({ dataPoints: optional(point), aggregationTemporality: z.number().default(0) }).optional();
const metrics = z.object({
  resourceMetrics: optional(
    z.object({
      resource,
      scopeMetrics: optional(
        z.object({
          metrics: optional(
            z.object({ name: z.string(), sum: points, gauge: points, histogram: points, exponentialHistogram: points }),
          ),
        }),
      ),
    }),
  ),
});

/** @throws {z.ZodError} where it is not what OTLP says */
export function readOtlpTraces(body: unknown): TelemetryItem[] {
  return traces.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const role = roleOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans.flatMap((each) => itemsOf(role, each)));
  });
}

/** @throws {z.ZodError} where it is not what OTLP says */
export function readOtlpMetrics(body: unknown): TelemetryItem[] {
  return metrics.parse(body).resourceMetrics.flatMap(({ resource, scopeMetrics }) => {
    const role = roleOf(resource.attributes);
    return scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ name, sum, gauge, histogram, exponentialHistogram }) =>
        [sum, gauge, histogram, exponentialHistogram].flatMap((kind) =>
          (kind?.dataPoints ?? []).map((each) => ({
            is: 'metric' as const,
            metric: sampleOf(name, role, each, kind?.aggregationTemporality !== DELTA),
          })),
        ),
      );
  });
}

const roleOf = (resource: TraceSpan['attributes']): string => String(resource['service.name'] ?? '');

function itemsOf(role: string, given: z.output<typeof span>): TelemetryItem[] {
  const { attributes, spanId, parentSpanId, name, status, events } = given;
  const kind = KINDS[given.kind] ?? 'internal';
  const sessionId = sessionIn(attributes);
  const trace = { traceId: given.traceId.toLowerCase(), ...(sessionId !== undefined && { sessionId }) };
  const startMs = millis(given.startTimeUnixNano);
  const code = attributes['http.response.status_code'];
  const made: TraceSpan = {
    spanId,
    ...(parentSpanId && { parentSpanId }),
    ...{ name, role, kind },
    ...(kind === 'client' && dependencyOf(attributes)),
    startMs,
    durationMs: Math.max(0, millis(given.endTimeUnixNano) - startMs),
    success: status.code !== ERROR,
    ...(code !== undefined && { resultCode: String(code) }),
    attributes,
  };
  return [
    { is: 'span', ...trace, span: made },
    ...events.map((told): TelemetryItem => {
      const event: TraceEvent = {
        ...{ name: told.name, role, spanId, attributes: told.attributes, atMs: millis(told.timeUnixNano) },
        kind: told.name === 'exception' ? 'exception' : 'event',
      };
      return { is: 'event', ...trace, event };
    }),
  ];
}

/** As Azure's exporter names a dependency: without these attributes one is not on the map. */
function dependencyOf(attributes: TraceSpan['attributes']): Pick<TraceSpan, 'type' | 'target'> {
  const text = (name: string) => (attributes[name] === undefined ? undefined : String(attributes[name]));
  const db = text('db.system.name');
  if (db !== undefined) return { type: db, target: text('peer.service') ?? text('server.address') ?? db };
  if (text('http.request.method') === undefined) return {};
  const url = text('url.full');
  const target = text('peer.service') ?? (url !== undefined && URL.canParse(url) ? new URL(url).host : undefined);
  return { type: 'Http', ...(target !== undefined && { target }) };
}

function sampleOf(name: string, role: string, given: z.output<typeof point>, cumulative: boolean): MetricSample {
  const { attributes, asDouble, asInt, count, sum, min, max } = given;
  return {
    ...{ name, role, attributes, cumulative },
    count: Number(count ?? 1),
    sum: sum ?? asDouble ?? Number(asInt ?? 0),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}

/** To the microsecond, which is all that a number of milliseconds since 1970 can hold. */
const millis = (nanos: string | number): number => Number(BigInt(nanos) / 1000n) / 1000;

function plainValue(value: Readonly<Record<string, unknown>>): string | number | boolean {
  const { stringValue, intValue, doubleValue, boolValue } = value;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof doubleValue === 'number') return doubleValue;
  if (typeof intValue === 'string' || typeof intValue === 'number') return Number(intValue);
  return JSON.stringify(value.arrayValue ?? value.kvlistValue ?? null);
}
