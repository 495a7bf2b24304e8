import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { MetricSink } from '../../shared/telemetry/metric.ts';
import { ATTRIBUTE, CONTENT, DEPENDENCIES, type Role } from '../../shared/telemetry/names.ts';
import type { Attributes, FinishedSpan, SpanSink } from '../../shared/telemetry/span.ts';
import { countCall } from './dependency-metrics.ts';
import { isKept } from './sampling.ts';

export interface SpanExporterOptions {
  readonly processor: Pick<SpanProcessor, 'onEnd'>;
  readonly metrics: MetricSink;
  /** Which one of several processes of a role it was. */
  readonly instanceOf: (role: Role) => string;
  /** Share of traces that are kept. */
  readonly sampleRatio: number;
  /** Lets what was said leave, too. */
  readonly content: boolean;
  readonly version: string;
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
} as const satisfies Record<FinishedSpan['kind'], SpanKind>;

/** By it the portal counts for how many calls one that was kept stands. */
const SAMPLE_RATE = 'microsoft.sample_rate';
const SAMPLED = 1;

/**
 * Makes of finished spans what OpenTelemetry's processors take, each under the role of its own process. Calls of
 * dependencies are counted on the way, also those of traces that are not kept.
 */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #allowed: ReadonlySet<string>;
  readonly #scope: { readonly name: string; readonly version: string };

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#allowed = new Set([...Object.values(ATTRIBUTE), ...(options.content ? Object.values(CONTENT) : [])]);
    this.#scope = { name: 'parley', version: options.version };
  }

  sinkFor(role: Role): SpanSink {
    const { instanceOf, version } = this.#options;
    const resource = resourceFromAttributes({
      'service.name': role,
      'service.instance.id': instanceOf(role),
      'service.version': version,
    });
    return { record: (span) => this.#record(span, resource) };
  }

  #record(span: FinishedSpan, resource: Resource): void {
    this.#count(span);
    const { processor, sampleRatio } = this.#options;
    if (isKept(span.traceId, sampleRatio)) processor.onEnd(this.#readable(span, resource));
  }

  #count({ attributes, startMs, endMs, error }: FinishedSpan): void {
    const dependency = DEPENDENCIES.find((name) => name === attributes[ATTRIBUTE.dependency]);
    if (dependency === undefined) return;
    countCall(this.#options.metrics, { dependency, error, tookMs: endMs - startMs });
  }

  #readable(span: FinishedSpan, resource: Resource): ReadableSpan {
    const { traceId, spanId, parentSpanId, name, kind, error, links = [] } = span;
    const context = { traceId, spanId, traceFlags: SAMPLED };
    const endMs = Math.max(span.startMs, span.endMs);
    return {
      name,
      kind: KINDS[kind],
      spanContext: () => context,
      ...(parentSpanId !== undefined && {
        parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: SAMPLED, isRemote: true },
      }),
      startTime: hrTime(span.startMs),
      endTime: hrTime(endMs),
      duration: hrTime(endMs - span.startMs),
      status: error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
      attributes: this.#permitted(span),
      links: links.map((link) => ({ context: { ...link, traceFlags: SAMPLED } })),
      events: [],
      ended: true,
      resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }

  /** Whatever was put into a span, only what has a name in the table leaves. */
  #permitted({ attributes, error }: FinishedSpan): Attributes {
    const kept = Object.entries(attributes).filter(([name]) => this.#allowed.has(name));
    const { sampleRatio } = this.#options;
    return {
      // Azure's exporter leaves out the convention's own name.
      ...(error !== undefined && { [ATTRIBUTE.errorType]: error, [ATTRIBUTE.fault]: error }),
      ...Object.fromEntries(kept),
      ...(sampleRatio < 1 && { [SAMPLE_RATE]: sampleRatio * 100 }),
    };
  }
}

/** Whole seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1000];
}
