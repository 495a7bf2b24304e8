import { type MetricSink, noMetrics } from '../../shared/telemetry/metric.ts';
import type { Role } from '../../shared/telemetry/names.ts';
import { noSpans, type SpanSink } from '../../shared/telemetry/span.ts';

/** What leaves this process about what it does. Nobody ever waits for it. */
export interface Telemetry {
  /** Whether anything leaves. Where nothing does, nothing was loaded, and whoever would do work for it need not. */
  readonly isOn: boolean;
  /** This process's own spans. */
  readonly spans: SpanSink;
  readonly metrics: MetricSink;
  /** Spans of another process, which has no exporter of its own. */
  spansOf(role: Role): SpanSink;
  /**
   * Sends one span, and what waits: the first one costs some fifty milliseconds of compiling and connecting, which no call
   * shall hear. Bounded; never rejects.
   */
  warmUp(): Promise<void>;
  /** Sends what is waiting, and ends. Bounded; never rejects. Idempotent. */
  close(): Promise<void>;
}

export const noTelemetry: Telemetry = {
  isOn: false,
  spans: noSpans,
  metrics: noMetrics,
  spansOf: () => noSpans,
  warmUp: async () => {},
  close: async () => {},
};
