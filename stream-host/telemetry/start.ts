import type { TokenCredential } from '@azure/identity';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { StreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import { randomSpanIds, traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { METRIC, ROLE, SPAN } from '../../shared/telemetry/names.ts';
import { within } from '../../shared/within.ts';
import type { Pipeline, PipelineOptions } from './pipeline.ts';
import { noTelemetry, type Telemetry } from './telemetry.ts';

export interface TelemetryOptions {
  readonly config: Pick<
    StreamHostSettings,
    | 'APPLICATIONINSIGHTS_CONNECTION_STRING'
    | 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
    | 'OTEL_EXPORTER_OTLP_ENDPOINT'
    | 'OTEL_METRIC_EXPORT_INTERVAL'
    | 'TELEMETRY_SAMPLE_RATIO'
    | 'LOG_TRANSCRIPTS'
  >;
  /** The identity of the process. */
  readonly credential: TokenCredential;
  /** Which one of several stream hosts this is. */
  readonly place: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long the start waits for its first span to be taken, and the end for the last ones. */
const WARM_UP_MS = 2000;
const CLOSE_MS = 1500;

/**
 * Starts telemetry where the settings name somebody who takes it: first of all, before anybody takes a tracer. Where they
 * name nobody nothing is loaded. What fails here is told in the log: calls are worth more than what is known of them.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { config, log } = options;
  if (!config.APPLICATIONINSIGHTS_CONNECTION_STRING && !config.OTEL_EXPORTER_OTLP_ENDPOINT) return noTelemetry;
  try {
    return await start(options);
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'telemetry could not be started; the host works without it');
    return noTelemetry;
  }
}

async function start({ config, credential, place, version, clock, log }: TelemetryOptions): Promise<Telemetry> {
  const startedMs = clock.wallMs();
  const sampleRatio = config.TELEMETRY_SAMPLE_RATIO;
  const pipeline = await open(config, credential, {
    sampleRatio,
    otlpUrl: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    metricsEveryMs: config.OTEL_METRIC_EXPORT_INTERVAL,
    role: ROLE.streamHost,
    instance: place,
    version,
  });
  const [{ SpanExporter }, { meterBoard }, { tellOwnTrouble }] = await Promise.all([
    import('./span-exporter.ts'),
    import('./meter-board.ts'),
    import('./own-trouble.ts'),
  ]);
  const metrics = meterBoard(version);
  tellOwnTrouble(clock, log, (spans) => metrics.record(METRIC.spansDropped, spans));
  const exporter = new SpanExporter({
    processor: pipeline.processor,
    metrics,
    sampleRatio,
    content: config.LOG_TRANSCRIPTS,
    version,
    // Which function's it was nobody knows here, and it was not this host.
    instanceOf: (role) => (role === ROLE.streamHost ? place : role),
  });
  const spans = exporter.sinkFor(ROLE.streamHost);
  const bounded = async (ms: number, work: Promise<void>): Promise<void> => {
    const settled = work.catch((error: unknown) => {
      log.warn({ reason: messageOf(error) }, 'telemetry could not be sent');
    });
    await within(clock, ms, settled, () => undefined);
  };
  let closing: Promise<void> | undefined;
  return {
    isOn: true,
    spans,
    metrics,
    spansOf: (role) => exporter.sinkFor(role),
    async warmUp() {
      const endMs = clock.wallMs();
      const span = { traceId: traceIdOf(`${place} ${startedMs}`), spanId: randomSpanIds(), startMs: startedMs, endMs };
      spans.record({ ...span, name: SPAN.hostStart, kind: 'internal', attributes: {} });
      await bounded(WARM_UP_MS, pipeline.flush());
    },
    close() {
      closing ??= bounded(CLOSE_MS, pipeline.shutdown());
      return closing;
    },
  };
}

async function open(
  config: TelemetryOptions['config'],
  credential: TokenCredential,
  options: PipelineOptions,
): Promise<Pipeline> {
  const connectionString = config.APPLICATIONINSIGHTS_CONNECTION_STRING;
  if (connectionString === undefined) {
    const { startOtlp } = await import('./otlp.ts');
    return startOtlp(config.OTEL_EXPORTER_OTLP_ENDPOINT ?? '', options);
  }
  const { startAzureMonitor } = await import('./azure-monitor.ts');
  const byIdentity = config.APPLICATIONINSIGHTS_AUTHENTICATION_STRING !== undefined;
  return startAzureMonitor({ ...options, connectionString, credential: byIdentity ? credential : undefined });
}
