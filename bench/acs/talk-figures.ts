import type { ReportedLine } from '../report/run-report.ts';
import { parleyLine } from '../row.ts';
import { countOf, meanOf, quantileOf, quantileOver, sumOf } from '../statistics.ts';
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

type Count = keyof PhoneRecord['counts'];
const COUNTS: Readonly<Record<Exclude<Count, 'gapMs'>, readonly [label: string, target?: string]>> = {
  frames: ['frames of the agents’ voices'],
  lateFrames: ['late frames (a gap in the sound)', '= 0'],
  lostFrames: ['lost frames', '= 0'],
  repeatedFrames: ['repeated frames', '= 0'],
  oldFrames: ['frames of an old answer after a stop', '= 0'],
  resumptions: ['answers taken up again after an interruption'],
  interruptions: ['interruptions'],
  missedInterruptions: ['interruptions not heeded within 1.5 s', '= 0'],
  uncalledStops: ['stops that nobody called for', '= 0'],
  unanswered: ['turns without an answer within 10 s', '= 0'],
  closed: ['lines that broke', '= 0'],
};

export const countedIn = (stretches: readonly Stretch[], key: Count) =>
  countOf(stretches.map(({ counts }) => counts[key]));

/** A line for each of these counts. */
export const countLines = (stretches: readonly Stretch[], ...keys: readonly (keyof typeof COUNTS)[]): ReportedLine[] =>
  keys.map((key) => parleyLine(COUNTS[key][0], '', countedIn(stretches, key), COUNTS[key][1]));

export const gapLine = (stretches: readonly Stretch[]): ReportedLine =>
  parleyLine('silence in these gaps', 'ms', sumOf(stretches.map(({ counts }) => counts.gapMs)));

/** What a delay that comes in bursts was in a share of the cases, for each share. */
export const delayLines = (
  label: string,
  stretches: readonly (readonly number[])[],
  targets: Readonly<Record<string, string | undefined>>,
): ReportedLine[] =>
  Object.entries(targets).map(([name, target]) => {
    const share = name === 'most' ? 1 : Number(name.slice(1)) / 100;
    return parleyLine(`${label}, ${name}`, 'ms', quantileOver(stretches, share), target);
  });

/** CPU of the host in % of one core, all threads. */
export const cpuOf = ({ host }: Measured): number => (100 * host.cpuMs) / host.elapsedMs;
export const mainThreadCpuOf = ({ host }: Measured): number => (100 * host.mainThreadCpuMs) / host.elapsedMs;
export const loopDelayLine = (measured: readonly Measured[]): ReportedLine =>
  parleyLine('event loop delay, p99 of a stretch', 'ms', meanOf(measured.map(({ host }) => host.loopDelayP99Ms)));

/** What a reader must know of the machine's own share in the figures. */
export function contentionNote(measured: readonly Measured[]): string {
  const lateMs = measured.flatMap(({ phones }) => phones.ownLatenessMs);
  const [p99Ms, mostMs] = [0.99, 1].map((share) => quantileOf(lateMs, share).toFixed(1));
  return (
    `The load generator itself was late by ${p99Ms} ms at its 99th percentile (${mostMs} ms at most), which is in the ` +
    'figures: hosts, callers and providers share the machine.'
  );
}
