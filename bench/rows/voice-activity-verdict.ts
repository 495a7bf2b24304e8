import { Histogram } from '../acs/histogram.ts';
import { HUNDRED_CALLS_SECONDS, type HundredCalls, MANY_CALLS } from '../acs/hundred-calls.ts';
import { contentionNote, merged, percentileOf, waitedOf } from '../acs/talk-figures.ts';
import { meanOf } from '../harness/statistics.ts';
import type { Line, Measure, Row, RowContext, RowResult } from '../row.ts';

/** How soon the engine knows whether a frame is speech. */
export const voiceActivityVerdictRow = (calls: HundredCalls): Row => ({
  name: 'voice-activity-verdict',
  title: `Frame → verdict of voice activity, ${MANY_CALLS} calls in one process`,
  includes:
    'Every frame (32 ms) of every call: from the moment when the host’s transport gets the media socket’s message with its ' +
    'last sample, over decoding, the wait for the frames of other calls, the model in its thread and the way back, to when ' +
    'the engine has the probability in hand.',
  leavesOut:
    'The frame’s own length, the network, and what a message waits in the kernel while the main thread is busy (see the ' +
    'event loop delay).',
  estimateSeconds: HUNDRED_CALLS_SECONDS,
  run: (context) => run(calls, context),
});

async function run(calls: HundredCalls, context: RowContext): Promise<RowResult> {
  const { many } = await calls.run(context);
  const verdicts = many.map(({ host }) => Histogram.from(host.verdict));
  const all = merged(verdicts);
  if (all.n === 0) throw new Error('No frame was judged: nothing was measured.');
  const line = (label: string, unit: string, parley: Measure | { readonly none: string }, target?: string): Line => ({
    label,
    unit,
    better: 'lower',
    ...(target !== undefined && { target }),
    results: { parley },
  });
  return {
    lines: [
      line('message → verdict, p50', 'ms', percentileOf(verdicts, 0.5)),
      line('message → verdict, p95', 'ms', percentileOf(verdicts, 0.95), '≤ 50'),
      line('message → verdict, p99', 'ms', percentileOf(verdicts, 0.99)),
      line('message → verdict, most', 'ms', percentileOf(verdicts, 1)),
      line(
        'event loop delay of the host, p99 of a stretch',
        'ms',
        meanOf(many.map(({ host }) => host.loopDelayMs.p99)),
      ),
      line('no core for the host’s main thread when it was ready to run', '% of the time', meanOf(many.map(waitedOf))),
    ],
    plots: [
      {
        file: 'voice-activity-verdict.svg',
        title: `Frame → verdict of voice activity, ${MANY_CALLS} calls`,
        xLabel: 'ms',
        yLabel: 'share of frames',
        kind: 'cdf',
        series: [{ name: 'Parley', points: all.cdf() }],
      },
    ],
    notes: [contentionNote(many)],
  };
}
