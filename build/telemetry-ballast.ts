import type { Plugin } from 'esbuild';

/**
 * What `applicationinsights` loads and this product never uses: gRPC, protobuf, Zipkin, Prometheus, configuration by YAML, and
 * instrumentations of what is not here. All of them are off where telemetry is started (`stream-host/telemetry/`).
 */
const BALLAST = new RegExp(
  `^(?:${[
    '@grpc/.*',
    '@microsoft/applicationinsights-web-snippet',
    '@opentelemetry/configuration',
    '@opentelemetry/exporter-[a-z]+-otlp-(?:grpc|proto)',
    '@opentelemetry/exporter-(?:prometheus|zipkin)',
    '@opentelemetry/instrumentation-(?:bunyan|console|http|mongodb|mysql|pg|redis|winston)',
    '@opentelemetry/otlp-grpc-exporter-base',
    '@opentelemetry/propagator-(?:b3|jaeger)',
    '@opentelemetry/winston-transport',
  ].join('|')})$`,
);

/** Whoever only names something of it gets something; whoever uses it is told why that cannot be. */
const standIn = (name: string): string => `
const use = () => { throw new Error(${JSON.stringify(`${name} is left out of this build: see build/telemetry-ballast.ts.`)}); };
const nothing = new Proxy(function () {}, { get: (_, key) => key === '__esModule' || nothing, apply: use, construct: use });
module.exports = nothing;
`;

/** It asks an address of Microsoft's each hour what to switch on or off, and there is no setting against it. */
const CONTROL_PLANE =
  /monitor-opentelemetry-exporter[/\\]dist[/\\]commonjs[/\\]_configuration[/\\]configurationWorker\.js$/;

export const withoutBallast: Plugin = {
  name: 'without ballast',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: BALLAST }, ({ path }) => ({ path, namespace: 'ballast' }));
    onLoad({ filter: /.*/, namespace: 'ballast' }, ({ path }) => ({ contents: standIn(path), loader: 'js' }));
    onLoad({ filter: CONTROL_PLANE }, () => ({
      contents: 'exports.ConfigurationWorker = class { shutdown() {} };',
      loader: 'js',
    }));
  },
};
