import { createRequire } from 'node:module';
import path from 'node:path';
import type { TokenCredential } from '@azure/identity';
import { trace } from '@opentelemetry/api';
import { azureVmDetector } from '@opentelemetry/resource-detector-azure';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { flushAzureMonitor, shutdownAzureMonitor, useAzureMonitor } from 'applicationinsights';
import { otlpMetricReader } from './otlp.ts';
import { EXPORT_MS, type Pipeline, type PipelineOptions, REQUEST_MS } from './pipeline.ts';

export interface AzureMonitorOptions extends PipelineOptions {
  readonly connectionString: string;
  /** The identity of the process, where Application Insights takes no keys. */
  readonly credential: TokenCredential | undefined;
}

const OFF = { enabled: false };

/**
 * Starts `applicationinsights`, before anybody takes a tracer: one that was taken earlier records nothing, and nobody says
 * so. What it does by default and must not be done here is turned off, each by its own name; what is measured of each is
 * in the tests beside this file.
 *
 * To be imported where it is wanted and not before: it loads all of the SDK.
 */
export function startAzureMonitor(options: AzureMonitorOptions): Pipeline {
  const { connectionString, credential, sampleRatio, otlpUrl, metricsEveryMs } = options;
  setVariables(options);
  leaveOthersAlone();
  const insecureHost = insecureHostOf(connectionString);
  useAzureMonitor({
    azureMonitorExporterOptions: {
      connectionString,
      // It rewrites http to https, and takes an address as it is by this name only.
      ...(insecureHost !== undefined && { host: insecureHost, allowInsecureConnection: true }),
      // Over plain http no token is sent.
      ...(credential && insecureHost === undefined && { credential }),
      // What it keeps there is plain text of calls, and in a container it goes with the process.
      disableOfflineStorage: true,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [
        {
          position: 'perCall',
          policy: {
            name: 'parleyRequestLimit',
            sendRequest: async (request, next) => {
              request.timeout = REQUEST_MS;
              try {
                return await next(request);
              } catch (error) {
                if (!wasClosed(error)) throw error;
                return next(request);
              }
            },
          },
        },
      ],
    },
    // By default five traces a second are kept and the others torn; with 0 the ratio counts, which alone is ignored.
    tracesPerSecond: 0,
    samplingRatio: sampleRatio,
    enableLiveMetrics: false,
    enableStandardMetrics: false,
    enablePerformanceCounters: false,
    enableAutoCollectPerformance: false,
    // Its listeners would end the process by themselves, and report whatever was thrown.
    enableAutoCollectExceptions: false,
    // The spans are ours. Patching Node's http costs three to four times the processor time of a request.
    instrumentationOptions: {
      ...{ http: OFF, azureSdk: OFF, mongoDb: OFF, mySql: OFF, postgreSql: OFF, redis: OFF, redis4: OFF },
      ...{ bunyan: OFF, winston: OFF, console: OFF },
    },
    ...(otlpUrl !== undefined && {
      otlpTraceExporterConfig: { enabled: true, url: `${otlpUrl}/v1/traces`, timeoutMillis: EXPORT_MS },
      metricReaders: [otlpMetricReader(otlpUrl, metricsEveryMs)],
    }),
  });
  return { processor: activeProcessor(), flush: flushAzureMonitor, shutdown: shutdownAzureMonitor };
}

/** What there is no option for, and what each library reads for itself. What somebody has set stays. */
function setVariables({ role, instance, version }: PipelineOptions): void {
  const wanted = {
    OTEL_SERVICE_NAME: role,
    OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${encodeURIComponent(instance)},service.version=${version}`,
    // Else a resource has the machine's id and the process's arguments.
    OTEL_NODE_RESOURCE_DETECTORS: 'env',
    OTEL_BSP_EXPORT_TIMEOUT: String(EXPORT_MS),
    APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED: 'true',
    // Figures of the exporter's own, to an address of Microsoft's.
    APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
    APPLICATIONINSIGHTS_SDKSTATS_DISABLED: 'true',
    // It turns the log of all Azure libraries on.
    AZURE_LOG_LEVEL: 'error',
  };
  for (const [name, value] of Object.entries(wanted)) process.env[name] ||= value;
}

/**
 * Two requests for which there is neither an option nor a variable: to the metadata of an Azure VM, and each hour to an
 * address of Microsoft's, which may switch things on and off from afar. The build takes the second one out (`build/`).
 */
function leaveOthersAlone(): void {
  azureVmDetector.detect = () => ({ attributes: {} });
  // Built, there is nothing left of it.
  if (!import.meta.url.endsWith('.ts')) return;
  // The copy that `applicationinsights` loads; what `import` would give is another one.
  const load = createRequire(import.meta.url);
  const folder = path.dirname(load.resolve('@azure/monitor-opentelemetry-exporter'));
  const controlPlane: { ConfigurationManager: { getInstance(): { initialize: () => void } } } = load(
    path.join(folder, '_configuration/configurationManager.js'),
  );
  controlPlane.ConfigurationManager.getInstance().initialize = () => {};
}

/**
 * The far side had closed the connection, as each does with one that it has not heard on for a while: with that a whole
 * batch would be lost, of each call that it is about.
 */
const wasClosed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');

/** An address of this machine that speaks plain http: the emulator's. */
function insecureHostOf(connectionString: string): string | undefined {
  const endpoint = /(?:^|;)IngestionEndpoint=(http:\/\/[^;]+)/i.exec(connectionString)?.[1];
  return endpoint?.replace(/\/+$/, '');
}

/**
 * What the spans of the global provider go through. Finished spans are put into it, of which the API knows nothing: there
 * a span is opened first, gets an id that nobody chose, and has the process's own role.
 */
function activeProcessor(): SpanProcessor {
  const provider: object = trace.getTracerProvider();
  const delegate: object =
    'getDelegate' in provider && typeof provider.getDelegate === 'function' ? provider.getDelegate() : provider;
  const processor: SpanProcessor | undefined = Reflect.get(delegate, '_activeSpanProcessor');
  if (typeof processor?.onEnd !== 'function') {
    throw new Error('The SDK of OpenTelemetry has changed: no span processor was found in its provider.');
  }
  return processor;
}
