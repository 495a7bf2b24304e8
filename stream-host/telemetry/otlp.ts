import { metrics, trace } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { EXPORT_MS, type Pipeline, type PipelineOptions } from './pipeline.ts';

/** Starts OpenTelemetry's own SDK with OTLP over HTTP, and nothing of Azure's. To be imported where it is wanted. */
export function startOtlp(otlpUrl: string, options: PipelineOptions): Pipeline {
  const { role, instance, version, sampleRatio, metricsEveryMs } = options;
  const resource = resourceFromAttributes({
    'service.name': role,
    'service.instance.id': instance,
    'service.version': version,
  });
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces`, timeoutMillis: EXPORT_MS });
  const processor = new BatchSpanProcessor(exporter, { exportTimeoutMillis: EXPORT_MS });
  const sampler = new TraceIdRatioBasedSampler(sampleRatio);
  trace.setGlobalTracerProvider(new BasicTracerProvider({ resource, sampler, spanProcessors: [processor] }));
  const meters = new MeterProvider({ resource, readers: [otlpMetricReader(otlpUrl, metricsEveryMs)] });
  metrics.setGlobalMeterProvider(meters);
  return {
    processor,
    flush: async () => void (await Promise.all([processor.forceFlush(), meters.forceFlush()])),
    shutdown: async () => void (await Promise.all([processor.shutdown(), meters.shutdown()])),
  };
}

export function otlpMetricReader(otlpUrl: string, metricsEveryMs: number): MetricReader {
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${otlpUrl}/v1/metrics`, timeoutMillis: EXPORT_MS }),
    exportIntervalMillis: metricsEveryMs,
    // One that takes longer than the next one waits is refused.
    exportTimeoutMillis: Math.min(EXPORT_MS, metricsEveryMs),
  });
}
