import { HUNDRED_CALLS_SECONDS, type HundredCalls, MANY_CALLS } from '../acs/hundred-calls.ts';
import { contentionNote, countOf, merged, percentileOf, stretchesOf, sumOf, waitedOf } from '../acs/talk-figures.ts';
import { meanOf } from '../harness/statistics.ts';
import type { Row, RowContext, RowResult } from '../row.ts';

/** How evenly the agents' voices reach the far side. */
export const playoutJitterRow = (calls: HundredCalls): Row => ({
  name: 'playout-jitter',
  title: `Playout jitter, ${MANY_CALLS} calls in one process`,
  includes:
    'Every message of the agents’ voices (100 ms each) as another process reads it from the media socket: its delay behind ' +
    'the absolute schedule of its answer, of which the earliest message sets the beginning (packet delay variation, RFC ' +
    '5481); and the far side’s playout, sample for sample: a frame is late when all before it has been played.',
  leavesOut:
    'TLS, the network and Azure. The first 28 frames of each answer, which fill the far side’s buffer ahead of the ' +
    'schedule, are not in the jitter; they are in the gaps.',
  estimateSeconds: HUNDRED_CALLS_SECONDS,
  run: (context) => run(calls, context),
});

async function run(calls: HundredCalls, context: RowContext): Promise<RowResult> {
  const { many } = await calls.run(context);
  const stretches = many.flatMap(stretchesOf);
  const jitter = stretches.map((stretch) => stretch.jitter);
  const all = merged(jitter);
  if (all.n === 0) throw new Error('No agent spoke: nothing was measured.');
  const loopDelays = many.map(({ host }) => host.loopDelayMs.p99);
  const lower = 'lower' as const;
  return {
    lines: [
      {
        label: 'delay behind the schedule, p50',
        unit: 'ms',
        better: lower,
        results: { parley: percentileOf(jitter, 0.5) },
      },
      {
        label: 'delay behind the schedule, p99',
        unit: 'ms',
        target: '≤ 3',
        better: lower,
        results: { parley: percentileOf(jitter, 0.99) },
      },
      {
        label: 'delay behind the schedule, most',
        unit: 'ms',
        better: lower,
        results: { parley: percentileOf(jitter, 1) },
      },
      {
        label: 'late frames (a gap in the sound)',
        unit: '',
        target: '= 0',
        better: lower,
        results: { parley: countOf(stretches, 'lateFrames') },
      },
      {
        label: 'silence in these gaps',
        unit: 'ms',
        better: lower,
        results: { parley: sumOf(stretches.map(({ counts }) => counts.gapMs)) },
      },
      {
        label: 'lost frames',
        unit: '',
        target: '= 0',
        better: lower,
        results: { parley: countOf(stretches, 'lostFrames') },
      },
      {
        label: 'repeated frames',
        unit: '',
        target: '= 0',
        better: lower,
        results: { parley: countOf(stretches, 'repeatedFrames') },
      },
      {
        label: 'event loop delay of the host, p99 of a stretch',
        unit: 'ms',
        better: lower,
        results: { parley: meanOf(loopDelays) },
      },
      {
        label: 'no core for the host’s main thread when it was ready to run',
        unit: '% of the time',
        better: lower,
        results: { parley: meanOf(many.map(waitedOf)) },
      },
    ],
    plots: [
      {
        file: 'playout-jitter.svg',
        title: `Delay of the agents’ frames behind their schedule, ${MANY_CALLS} calls`,
        xLabel: 'ms',
        yLabel: 'share of frames',
        kind: 'cdf',
        series: [{ name: 'Parley', points: all.cdf() }],
      },
    ],
    notes: [contentionNote(many)],
  };
}
