import { HUNDRED_CALLS_SECONDS, type HundredCalls, MANY_CALLS } from '../acs/hundred-calls.ts';
import { contentionNote, countOf, merged, percentileOf, stretchesOf } from '../acs/talk-figures.ts';
import type { Row, RowContext, RowResult } from '../row.ts';

/** How fast StopAudio is on the wire when a caller cuts in. */
export const wireStopRow = (calls: HundredCalls): Row => ({
  name: 'wire-stop',
  title: `Stop on the wire, ${MANY_CALLS} calls in one process`,
  includes:
    'The whole stream host as main.ts starts it, with Redis, media sockets with signed tokens, voice activity, the Speech ' +
    'SDK and a chat model over their own wires. The decision is dated to when the speech lane’s judgement reaches the main ' +
    'thread, ahead of the engine’s own work; the stop, to when the other process has read StopAudio from its socket.',
  leavesOut:
    'TLS, the network, and Azure itself: recogniser, synthesiser and model are scripted, with set delays. The onset is the ' +
    'sending of the first 20 ms frame with speech; what the phone network takes before that is not counted. Callers have ' +
    'synthetic voices on a quiet line; other voices and noises are the barge-in row’s.',
  estimateSeconds: HUNDRED_CALLS_SECONDS,
  run: (context) => run(calls, context),
});

async function run(calls: HundredCalls, context: RowContext): Promise<RowResult> {
  const { many } = await calls.run(context);
  // A run's stretches follow each other without a pause: a stop that was sent in one may be seen in the next.
  const stretches = many.flatMap(stretchesOf);
  const decision = stretches.map((stretch) => stretch.decisionToStop);
  const onset = stretches.map((stretch) => stretch.onsetToStop);
  const inHost = stretches.map((stretch) => stretch.decisionToSend);
  if (merged(decision).n === 0) throw new Error('No caller cut in: nothing was measured.');
  return {
    lines: [
      line('decision → StopAudio received, p50', 'ms', percentileOf(decision, 0.5)),
      line('decision → StopAudio received, p99', 'ms', percentileOf(decision, 0.99), '≤ 5'),
      line('of it inside the host, p99', 'ms', percentileOf(inHost, 0.99)),
      line('onset → StopAudio received, p50', 'ms', percentileOf(onset, 0.5)),
      line('onset → StopAudio received, p95', 'ms', percentileOf(onset, 0.95), '≤ 200'),
      line('frames of an old answer after a stop', '', countOf(stretches, 'oldFrames'), '= 0'),
      line('answers taken up again after an interruption', '', countOf(stretches, 'resumptions')),
      line('interruptions', '', countOf(stretches, 'interruptions')),
      line('interruptions not heeded within 1.5 s', '', countOf(stretches, 'missedInterruptions'), '= 0'),
      line('stops that nobody called for', '', countOf(stretches, 'uncalledStops'), '= 0'),
    ],
    plots: [
      {
        file: 'wire-stop.svg',
        title: `StopAudio, ${MANY_CALLS} calls`,
        xLabel: 'ms',
        yLabel: 'share of stops',
        kind: 'cdf',
        series: [
          { name: 'from the decision', points: merged(decision).cdf() },
          { name: 'from the onset', points: merged(onset).cdf() },
        ],
      },
    ],
    notes: [contentionNote(many)],
  };
}

function line(label: string, unit: string, parley: RowResult['lines'][number]['results']['parley'], target?: string) {
  return {
    label,
    unit,
    better: label === 'interruptions' ? ('higher' as const) : ('lower' as const),
    ...(target !== undefined && { target }),
    results: parley === undefined ? {} : { parley },
  };
}
