import type { Cancel, Clock } from '../../shared/clock.ts';
import type { MetricSink } from '../../shared/telemetry/metric.ts';
import { DIMENSION, METRIC, type MetricName } from '../../shared/telemetry/names.ts';

/** How the host is, and what it has counted since its start. */
export interface HostReading {
  readonly sessions: number;
  readonly placesFree: number;
  /** Of the last seconds. */
  readonly loopDelayMs: number;
  readonly speechLaneMs: number;
  readonly cpu: number;
  /** The latest round of the agents' voices since the last reading. */
  readonly playoutLateMs: number;
  readonly playoutDrops: number;
  readonly callerDrops: number;
  readonly laneDrops: number;
  readonly laneRestarts: number;
  readonly relayDrops: number;
  readonly recordLinesLost: number;
  readonly recordAudioLostMs: number;
  /** Sockets that were not let in, by reason. */
  readonly refusals: Readonly<Record<string, number>>;
}

export interface HostMetricsOptions {
  readonly metrics: MetricSink;
  readonly read: () => HostReading;
  readonly clock: Clock;
  readonly everyMs?: number;
}

const EVERY_MS = 5000;

/** Takes down how the host is, every few seconds. */
export class HostMetrics {
  readonly #options: HostMetricsOptions;
  readonly #told = new Map<string, number>();
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: HostMetricsOptions) {
    this.#options = options;
    this.#wait();
  }

  /** Takes down what has been counted since the last time. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    this.#take();
  }

  #wait(): void {
    const { clock, everyMs = EVERY_MS } = this.#options;
    this.#cancel = clock.after(everyMs, () => {
      this.#wait();
      this.#take();
    });
  }

  #take(): void {
    const { metrics, read } = this.#options;
    const reading = read();
    metrics.record(METRIC.sessionsActive, reading.sessions);
    metrics.record(METRIC.placesFree, reading.placesFree);
    metrics.record(METRIC.cpu, reading.cpu);
    metrics.record(METRIC.loopDelay, reading.loopDelayMs);
    metrics.record(METRIC.speechLane, reading.speechLaneMs);
    metrics.record(METRIC.playoutDelay, reading.playoutLateMs);
    this.#more(METRIC.playoutDrops, reading.playoutDrops);
    this.#more(METRIC.callerDrops, reading.callerDrops);
    this.#more(METRIC.laneDrops, reading.laneDrops);
    this.#more(METRIC.laneRestarts, reading.laneRestarts);
    this.#more(METRIC.relayDrops, reading.relayDrops);
    this.#more(METRIC.recordLinesLost, reading.recordLinesLost);
    this.#more(METRIC.recordAudioLost, reading.recordAudioLostMs);
    for (const [reason, count] of Object.entries(reading.refusals)) this.#more(METRIC.refusals, count, reason);
  }

  /** A counter of the host's own is a sum since its start; a metric takes what is new of it. */
  #more(metric: MetricName, count: number, reason?: string): void {
    const key = `${metric.name} ${reason ?? ''}`;
    const more = count - (this.#told.get(key) ?? 0);
    if (more <= 0) return;
    this.#told.set(key, count);
    this.#options.metrics.record(metric, more, reason === undefined ? undefined : { [DIMENSION.reason]: reason });
  }
}
