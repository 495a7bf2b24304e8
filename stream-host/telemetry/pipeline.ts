import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** What finished spans are put into, and how what waits in it is sent. */
export interface Pipeline {
  readonly processor: Pick<SpanProcessor, 'onEnd'>;
  /** May reject, and may take as long as the far side likes: whoever calls it bounds it. */
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface PipelineOptions {
  /** Share of traces that are kept. */
  readonly sampleRatio: number;
  /** The address below which OTLP is taken, if it is wanted. */
  readonly otlpUrl: string | undefined;
  /** Azure's side reads its variable, `OTEL_METRIC_EXPORT_INTERVAL`, by itself. */
  readonly metricsEveryMs: number;
  /** What this process is called, and which one of several it is. */
  readonly role: string;
  readonly instance: string;
  readonly version: string;
}

/** A batch that was not taken by then is given up: nothing of ours waits longer, least of all the end of the process. */
export const EXPORT_MS = 3000;
/** A request that nobody answers holds its memory for so long at most. */
export const REQUEST_MS = 10_000;
