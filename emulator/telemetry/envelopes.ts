import { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';
import type { SpanKind, TraceEvent, TraceSpan } from '../../shared/protocol/traces.ts';
import { sessionIn, type TelemetryItem } from './telemetry-item.ts';

/** Why an item was not taken, as Azure tells it. */
export interface ItemError {
  readonly index: number;
  readonly statusCode: number;
  readonly message: string;
}

const properties = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({});
const measurements = z.record(z.string(), z.number()).default({});
const told = { properties, measurements };

const envelope = z.object({
  name: z.string(),
  time: z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'is no time'),
  iKey: z.string().min(1),
  tags: z.record(z.string(), z.string()).default({}),
  data: z.object({ baseType: z.string(), baseData: z.looseObject({}) }),
});
type Envelope = z.output<typeof envelope>;

/** `hh:mm:ss.fff`, with `d.` before it where it is days. */
const DURATION = /^(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/;
const durationMs = z
  .string()
  .regex(DURATION)
  .transform((text) => {
    const [, days, hours, minutes, seconds] = DURATION.exec(text)?.map((part) => Number(part ?? 0)) ?? [];
    const whole = ((days ?? 0) * 24 + (hours ?? 0)) * 3_600_000 + (minutes ?? 0) * 60_000;
    return whole + Math.round((seconds ?? 0) * 1_000_000) / 1000;
  });

const span = z.object({
  id: z.string(),
  name: z.string().default(''),
  duration: durationMs,
  success: z.boolean().default(true),
  ...told,
});
const request = span.extend({ responseCode: z.coerce.string().optional(), url: z.string().optional() });
const dependency = span.extend({
  resultCode: z.coerce.string().optional(),
  type: z.string().optional(),
  target: z.string().optional(),
  data: z.string().optional(),
});
const message = z.object({ message: z.string(), ...told });
const event = z.object({ name: z.string(), ...told });
const exception = z.object({
  exceptions: z.array(z.object({ typeName: z.string().default('Error'), message: z.string().default('') })).min(1),
  ...told,
});
const metric = z.object({
  metrics: z.array(
    z.object({
      name: z.string(),
      value: z.number(),
      count: z.number().nullish(),
      min: z.number().nullish(),
      max: z.number().nullish(),
    }),
  ),
  ...told,
});

/**
 * Reads the body of `POST /v2.1/track`: a JSON array, one object, or a line each.
 * @returns what was good, and what is wrong with the rest
 */
export function readEnvelopes(body: string): {
  readonly received: number;
  readonly items: readonly { readonly index: number; readonly items: readonly TelemetryItem[] }[];
  readonly errors: readonly ItemError[];
} {
  const given = valuesIn(body);
  const read = given.map((value, index) => ({ index, ...readEnvelope(value) }));
  return {
    received: given.length,
    items: read.flatMap(({ index, items }) => (items === undefined ? [] : [{ index, items }])),
    errors: read.flatMap(({ index, wrong }) =>
      wrong === undefined ? [] : [{ index, statusCode: 400, message: `100: ${wrong}` }],
    ),
  };
}

/** A line that is no JSON stands as undefined. */
function valuesIn(body: string): unknown[] {
  const whole = jsonOf(body);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  return body
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(jsonOf);
}

function readEnvelope(value: unknown): { items?: readonly TelemetryItem[]; wrong?: string } {
  const { success, data: read, error } = envelope.safeParse(value);
  if (!success) return { wrong: wrongWith(error) };
  const { baseType, baseData } = read.data;
  const reader = Object.hasOwn(READERS, baseType) ? READERS[baseType] : undefined;
  if (reader === undefined) return { wrong: `Field 'data.baseType': there is no ${baseType.slice(0, 60)}` };
  try {
    return { items: reader(baseData, read) };
  } catch (failure) {
    if (failure instanceof z.ZodError) return { wrong: wrongWith(failure) };
    throw failure;
  }
}

function wrongWith({ issues: [issue] }: z.ZodError): string {
  return `Field '${issue?.path.join('.') ?? ''}': ${issue?.message}`;
}

/** By the type of the data. @throws {z.ZodError} where the data are not of that type */
const READERS: Readonly<Record<string, (data: unknown, frame: Envelope) => TelemetryItem[]>> = {
  RequestData(data, frame) {
    const read = request.parse(data);
    const { responseCode, url } = read;
    const more = { kind: 'server' as const, ...(responseCode && { resultCode: responseCode }) };
    return [spanOf(frame, read, more, url && { url })];
  },
  RemoteDependencyData(data, frame) {
    const read = dependency.parse(data);
    const { type, target, resultCode } = read;
    const whom = { ...(type && { type }), ...(target && { target }), ...(resultCode && { resultCode }) };
    return [spanOf(frame, read, { kind: kindOf(type), ...whom }, read.data && { data: read.data })];
  },
  MessageData(data, frame) {
    const read = message.parse(data);
    return [eventOf(frame, 'log', read.message, read)];
  },
  EventData(data, frame) {
    const read = event.parse(data);
    return [eventOf(frame, 'event', read.name, read)];
  },
  ExceptionData(data, frame) {
    const read = exception.parse(data);
    const [first] = read.exceptions;
    return [eventOf(frame, 'exception', `${first?.typeName}: ${first?.message}`, read)];
  },
  MetricData(data, frame) {
    const { metrics, properties } = metric.parse(data);
    return metrics.map(({ name, value, count, min, max }) => ({
      is: 'metric',
      metric: {
        ...{ name, role: roleOf(frame), attributes: properties, count: count ?? 1, sum: value },
        ...(typeof min === 'number' && { min }),
        ...(typeof max === 'number' && { max }),
      },
    }));
  },
};

interface Told {
  readonly properties: TraceSpan['attributes'];
  readonly measurements: Readonly<Record<string, number>>;
}

function spanOf(
  frame: Envelope,
  { id, name, duration, success, properties, measurements }: z.output<typeof span>,
  more: Pick<TraceSpan, 'kind' | 'type' | 'target' | 'resultCode'>,
  also: TraceSpan['attributes'] | '' | undefined,
): TelemetryItem {
  const attributes = { ...also, ...properties, ...measurements };
  const parent = frame.tags['ai.operation.parentId'];
  const made: TraceSpan = {
    ...{ spanId: id, name, role: roleOf(frame), ...more },
    ...(parent && { parentSpanId: parent }),
    ...{ startMs: Date.parse(frame.time), durationMs: duration, success, attributes },
  };
  return { is: 'span', ...traceOf(frame, attributes), span: made };
}

function eventOf(frame: Envelope, kind: TraceEvent['kind'], name: string, told: Told): TelemetryItem {
  const attributes = { ...told.properties, ...told.measurements };
  const parent = frame.tags['ai.operation.parentId'];
  const made: TraceEvent = {
    ...{ name, role: roleOf(frame), kind, atMs: Date.parse(frame.time), attributes },
    ...(parent && { spanId: parent }),
  };
  return { is: 'event', ...traceOf(frame, attributes), event: made };
}

const roleOf = ({ tags }: Envelope): string => tags['ai.cloud.role'] ?? '';

function traceOf({ tags }: Envelope, attributes: TraceSpan['attributes']) {
  const sessionId = tags['ai.session.id'] ?? sessionIn(attributes);
  return { traceId: tags['ai.operation.id'] ?? '', ...(sessionId && { sessionId }) };
}

/** What the exporter has made of a span's kind. */
function kindOf(type: string | undefined): SpanKind {
  if (type?.startsWith('InProc')) return 'internal';
  return type?.startsWith('Queue Message') ? 'producer' : 'client';
}
