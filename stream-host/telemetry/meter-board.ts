import { type Counter, type Gauge, type Histogram, metrics } from '@opentelemetry/api';
import type { MetricSink } from '../../shared/telemetry/metric.ts';
import type { MetricName } from '../../shared/telemetry/names.ts';
import type { Attributes } from '../../shared/telemetry/span.ts';

type Instrument = (value: number, dimensions: Attributes | undefined) => void;

/**
 * Measurements, as the global meter takes them. To be made once that is there: a meter that was taken before records
 * nothing.
 */
export function meterBoard(version: string): MetricSink {
  const meter = metrics.getMeter('parley', version);
  const instruments = new Map<MetricName, Instrument>();
  const make = ({ name, kind, unit, about }: MetricName): Instrument => {
    const options = { unit, description: about };
    if (kind === 'gauge') return recording(meter.createGauge(name, options));
    if (kind === 'histogram') return recording(meter.createHistogram(name, options));
    const counter: Counter = meter.createCounter(name, options);
    return (value, dimensions) => counter.add(value, dimensions);
  };
  return {
    record(metric, value, dimensions) {
      let instrument = instruments.get(metric);
      if (!instrument) {
        instrument = make(metric);
        instruments.set(metric, instrument);
      }
      instrument(value, dimensions);
    },
  };
}

const recording =
  (instrument: Histogram | Gauge): Instrument =>
  (value, dimensions) =>
    instrument.record(value, dimensions);
