import {
  bootstrapInterval,
  countInterval,
  type Interval,
  quantileInterval,
  quantileRanks,
  widerOf,
} from '../harness/intervals.ts';
import { meanOf, NO_SAMPLES } from '../harness/statistics.ts';
import type { Measure } from '../row.ts';
import { Histogram } from './histogram.ts';
import type { Measured } from './load-test.ts';
import type { PhoneCounts, SentStop } from './messages.ts';

/**
 * A percentile of all samples. What is late comes in bursts, so that the samples of a moment say the same thing many
 * times: the spread is the wider of what the ranks of single samples give, and what drawing whole stretches gives.
 */
export function percentileOf(stretches: readonly Histogram[], share: number): Measure | { readonly none: string } {
  const all = merged(stretches);
  const { n } = all;
  if (n === 0) return { none: NO_SAMPLES };
  const value = all.percentile(share);
  const known = stretches.filter((stretch) => stretch.n > 0);
  const most = known.map(({ max }) => max);
  if (share === 1) return { value, ...quantileInterval(most, 1), n };
  const ranks = quantileRanks(n, share);
  const at = (rank: number) => all.percentile(Math.min(n, Math.max(1, rank)) / n);
  const open = ranks.low < 1 ? 'both' : ranks.high > n ? 'above' : undefined;
  const single: Interval = { low: at(ranks.low), high: at(ranks.high), ...(open && { open }) };
  return { value, ...widerOf(single, overStretches(known, share)), n };
}

function overStretches(stretches: readonly Histogram[], share: number): Interval {
  const counted = stretches.map((stretch) => new Map(stretch.toJson().counts));
  const binMs = stretches[0]?.toJson().binMs ?? 1;
  const bins = [...new Set(counted.flatMap((counts) => [...counts.keys()]))].toSorted((a, b) => a - b);
  // Of each stretch, how many samples there are up to each bin: so that a draw need not go through all bins.
  const upTo = counted.map((counts) => {
    let seen = 0;
    return Float64Array.from(bins, (bin) => (seen += counts.get(bin) ?? 0));
  });
  return bootstrapInterval(stretches.length, (times) => {
    const seen = (index: number) => upTo.reduce((sum, column, at) => sum + (column[index] ?? 0) * (times[at] ?? 0), 0);
    const rank = Math.ceil(share * seen(bins.length - 1));
    let [low, high] = [0, bins.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seen(middle) >= rank) high = middle;
      else low = middle + 1;
    }
    return ((bins[low] ?? Number.NaN) + 0.5) * binMs;
  });
}

export function merged(stretches: readonly Histogram[]): Histogram {
  const all = new Histogram();
  for (const stretch of stretches) all.merge(stretch);
  return all;
}

/**
 * What was counted in all stretches. The spread is the wider of what single events by themselves would have, and of what
 * the stretches differ by, as events may come in bursts.
 */
export function countOf(stretches: readonly StretchFigures[], key: keyof PhoneCounts): Measure {
  const counts = stretches.map((stretch) => stretch.counts[key]);
  const sum = sumOf(counts);
  return { ...sum, ...widerOf(countInterval(sum.value), sum), n: sum.value };
}

/** What all stretches make together, of something that is no number of events. */
export function sumOf(stretches: readonly number[]): Measure {
  const value = stretches.reduce((sum, one) => sum + one, 0);
  const { low, high } = meanOf(stretches);
  return { value, low: low * stretches.length, high: high * stretches.length, n: stretches.length };
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

/** How much of the time the host's main thread was ready to run and no core was free. NaN where the system does not tell. */
export const waitedOf = ({ host }: Measured): number => share(host.waitedForCpuMs, host.elapsedMs);

/** What a reader must know of the machine's own share in the figures. */
export function contentionNote(measured: readonly Measured[]): string {
  const waited = Math.max(...measured.map(waitedOf));
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
