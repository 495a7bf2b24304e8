import type { Measure } from '../row.ts';
import { Histogram } from './histogram.ts';
import type { Measured } from './load-test.ts';
import type { PhoneCounts, SentStop } from './messages.ts';

/** One figure from repeats: the value over all of them, the spread over each alone. */
export function spread(value: number, repeats: readonly number[], n: number): Measure {
  const known = repeats.filter((repeat) => Number.isFinite(repeat));
  return { value, low: Math.min(value, ...known), high: Math.max(value, ...known), n };
}

/** A percentile of all samples, spread over the stretches in which they were taken. */
export function percentileOf(stretches: readonly Histogram[], share: number): Measure {
  const all = merged(stretches);
  return spread(
    all.percentile(share),
    stretches.map((stretch) => stretch.percentile(share)),
    all.n,
  );
}

export function merged(stretches: readonly Histogram[]): Histogram {
  const all = new Histogram();
  for (const stretch of stretches) all.merge(stretch);
  return all;
}

/** What was counted in all stretches, spread over each. */
export function countOf(stretches: readonly StretchFigures[], key: keyof PhoneCounts): Measure {
  const counts = stretches.map((stretch) => stretch.counts[key]);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return { value: total, low: total, high: total, n: total };
}

/** Of one stretch of a measurement. */
export interface StretchFigures {
  readonly counts: PhoneCounts;
  readonly jitter: Histogram;
  /** From the caller's first frame of speech to StopAudio at the far side. */
  readonly onsetToStop: Histogram;
  /** From the deciding judgement in the host's main thread to StopAudio at the far side. */
  readonly decisionToStop: Histogram;
  /** The part of it inside the host, up to the socket. */
  readonly decisionToSend: Histogram;
}

/** A StopAudio cannot be on its way for longer: then the other side's record is of another one. */
const ON_THE_WAY_MS = 2000;

export function stretchesOf({ phones, host }: Measured): StretchFigures[] {
  const sent = Map.groupBy(host.stops, (stop) => stop.port);
  return phones.blocks.map((block) => {
    const figures: StretchFigures = {
      counts: block.counts,
      jitter: Histogram.from(block.jitter),
      onsetToStop: new Histogram(),
      decisionToStop: new Histogram(),
      decisionToSend: new Histogram(),
    };
    for (const { port, receivedMs, onsetMs } of block.stops) {
      if (onsetMs !== undefined) figures.onsetToStop.add(receivedMs - onsetMs);
      const stop = lastBefore(sent.get(port) ?? [], receivedMs);
      if (!stop) continue;
      figures.decisionToStop.add(receivedMs - stop.decidedMs);
      figures.decisionToSend.add(stop.sentMs - stop.decidedMs);
    }
    return figures;
  });
}

const lastBefore = (stops: readonly SentStop[], atMs: number): SentStop | undefined =>
  stops.findLast(({ sentMs }) => sentMs <= atMs && sentMs > atMs - ON_THE_WAY_MS);

const share = (partMs: number, wholeMs: number): number => (100 * partMs) / wholeMs;

/** CPU of the host in % of one core, all threads. */
export const cpuOf = ({ host }: Measured): number => share(host.cpuMs, host.elapsedMs);
export const mainThreadCpuOf = ({ host }: Measured): number => share(host.mainThreadCpuMs, host.elapsedMs);

/** What a reader must know of the machine's own share in the figures. */
export function contentionNote(measured: readonly Measured[]): string {
  const waited = Math.max(...measured.map(({ host }) => share(host.waitedForCpuMs, host.elapsedMs)));
  const late = merged(measured.map(({ phones }) => Histogram.from(phones.ownLateness)));
  const own =
    `The load generator itself was late by ${late.percentile(0.99).toFixed(1)} ms at its 99th percentile ` +
    `(${late.max.toFixed(1)} ms at most), which is in the figures.`;
  if (Number.isNaN(waited)) return own;
  return (
    `${own} The host's main thread was ready to run and had no core for up to ${waited.toFixed(1)} % of the time: ` +
    'hosts, callers and providers share the machine.'
  );
}

export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};
