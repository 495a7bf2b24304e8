import type { MetricSink } from '../../../shared/telemetry/metric.ts';
import type { Attributes, FinishedSpan, SpanSink } from '../../../shared/telemetry/span.ts';

/** Keeps spans. */
export class KeptSpans implements SpanSink {
  readonly all: FinishedSpan[] = [];

  record(span: FinishedSpan): void {
    this.all.push(span);
  }

  named(name: string): FinishedSpan[] {
    return this.all.filter((span) => span.name === name);
  }

  one(name: string): FinishedSpan {
    const [span, more] = this.named(name);
    if (!span || more)
      throw new Error(`${this.named(name).length} spans are called ${name}, of ${this.names.join(', ')}.`);
    return span;
  }

  get names(): string[] {
    return this.all.map(({ name }) => name);
  }
}

interface KeptMetric {
  readonly name: string;
  readonly value: number;
  readonly dimensions: Attributes | undefined;
}

/** Keeps measurements. */
export class KeptMetrics implements MetricSink {
  readonly all: KeptMetric[] = [];

  record({ name }: { readonly name: string }, value: number, dimensions?: Attributes): void {
    this.all.push({ name, value, dimensions });
  }

  values({ name }: { readonly name: string }): number[] {
    return this.all.filter((metric) => metric.name === name).map(({ value }) => value);
  }
}
