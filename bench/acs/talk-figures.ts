import type { Measure } from '../report/run-report.ts';
import { countOf, quantileAt } from '../statistics.ts';
import type { Measured } from './load-test.ts';
import type { PhoneRecord } from './phone-call.ts';

/** A StopAudio cannot be on its way for longer: then the other side's record is of another one. */
const ON_THE_WAY_MS = 2000;

/** Of one stretch of a measurement. */
export interface Stretch extends Pick<PhoneRecord, 'counts' | 'jitterMs'> {
  /** From the caller's first frame of speech to StopAudio at the far side. */
  readonly onsetToStopMs: readonly number[];
  /** From the deciding judgement in the host's main thread to StopAudio at the far side; the part inside the host. */
  readonly decisionToStopMs: readonly number[];
  readonly decisionToSendMs: readonly number[];
}

/** A run's stretches follow each other without a pause: a stop that was sent in one may be seen in the next. */
export function stretchesOf({ phones, host }: Measured): Stretch[] {
  const sent = Map.groupBy(host.stops, (stop) => stop.port);
  return phones.blocks.map(({ counts, jitterMs, stops }) => {
    const answered = stops.flatMap(({ port, receivedMs }) => {
      const isOf = ({ sentMs }: { sentMs: number }) => sentMs <= receivedMs && sentMs > receivedMs - ON_THE_WAY_MS;
      const stop = sent.get(port)?.findLast(isOf);
      return stop ? [{ ...stop, receivedMs }] : [];
    });
    return {
      ...{ counts, jitterMs },
      onsetToStopMs: stops.flatMap(({ receivedMs, onsetMs }) => (onsetMs === undefined ? [] : [receivedMs - onsetMs])),
      decisionToStopMs: answered.map(({ receivedMs, decidedMs }) => receivedMs - decidedMs),
      decisionToSendMs: answered.map(({ sentMs, decidedMs }) => sentMs - decidedMs),
    };
  });
}

export const countedIn = (stretches: readonly Stretch[], key: keyof PhoneRecord['counts']): Measure =>
  countOf(stretches.map(({ counts }) => counts[key]));

/** CPU of the host in % of one core, all threads. */
export const cpuOf = ({ host }: Measured): number => (100 * host.cpuMs) / host.elapsedMs;
export const mainThreadCpuOf = ({ host }: Measured): number => (100 * host.mainThreadCpuMs) / host.elapsedMs;

/** How much of the time the host's main thread was ready to run and no core was free. NaN where the system does not tell. */
export const waitedOf = ({ host }: Measured): number => (100 * host.waitedForCpuMs) / host.elapsedMs;

/** What a reader must know of the machine's own share in the figures. */
export function contentionNote(measured: readonly Measured[]): string {
  const waited = Math.max(...measured.map(waitedOf));
  const lateMs = measured.flatMap(({ phones }) => phones.ownLatenessMs);
  const own =
    `The load generator itself was late by ${quantileAt(0.99)(lateMs).toFixed(1)} ms at its 99th percentile ` +
    `(${quantileAt(1)(lateMs).toFixed(1)} ms at most), which is in the figures.`;
  if (Number.isNaN(waited)) return own;
  return (
    `${own} The host's main thread was ready to run and had no core for up to ${waited.toFixed(1)} % of the time: ` +
    'hosts, callers and providers share the machine.'
  );
}
