import { type Measured, withLoadTest } from '../acs/load-test.ts';
import {
  contentionNote,
  countLines,
  cpuOf,
  delayLines,
  gapLine,
  loopDelayLine,
  mainThreadCpuOf,
  stretchesOf,
} from '../acs/talk-figures.ts';
import { parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { differenceOf, meanOf } from '../statistics.ts';

const FEW_CALLS = 20;
const CALLS = 100;
const STRETCHES = 5;
const STRETCH_SECONDS = 8;
/** Parts of each stretch, long enough to hold a burst of lateness: what they differ by is the spread. */
const BLOCKS = 4;
const FEW_STRETCHES = 4;
const MEMORY_READINGS = 4;
/** For sessions to end. */
const SETTLE_MS = 5000;

/** The stop on the wire, the jitter of what is heard, the verdict of voice activity and the cost, of one talk. */
export const hundredCallsRow: Row = {
  name: 'hundred-calls',
  title: `${CALLS} phone calls in one process: stop, playout, voice activity, cost`,
  includes:
    'The whole stream host as main.ts starts it, with Redis, media sockets with signed tokens, voice activity, speech ' +
    'and a chat model over their own wires. Verdict: of every frame (32 ms) of every call, from the media socket’s message ' +
    'with its last sample to when the engine has the probability. Stop: the decision is dated to when the speech lane’s ' +
    'judgement reaches the main thread, ahead of the engine’s own work, and the stop to when the other process has read ' +
    'StopAudio from its socket. Jitter: each message of a voice (100 ms) as another process reads it, behind the absolute ' +
    'schedule of its answer, of which the earliest message sets the beginning (packet delay variation, RFC 5481); a frame ' +
    `is late when all before it has been played. CPU is of all threads; what a call adds is the difference between ${CALLS} and ` +
    `${FEW_CALLS} calls, memory read on the way up, CPU on the way down. Callers cut in every six seconds or so.`,
  leavesOut:
    'TLS, the network, and Azure itself: recogniser, synthesiser and model are scripted, with set delays. The onset is the ' +
    'sending of the first 20 ms frame with speech, by synthetic voices on a quiet line; other voices and noises are the ' +
    'barge-in row’s. The first 28 frames of each answer, which fill the far side’s buffer, are not in the jitter.',
  estimateSeconds: 120,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const { seconds, progress } = context;
  const stretchSeconds = seconds === undefined ? STRETCH_SECONDS : Math.max(4, seconds / STRETCHES);
  const talk = { hosts: 1, habits: 'lively', mode: 'media', maxSessions: 2 * CALLS } as const;
  return withLoadTest({ name: 'hundred-calls', ...talk }, context, async (test) => {
    await test.connect(FEW_CALLS);
    // Memory on the way up, as a process gives little back; CPU on the way down, once all code is compiled.
    const fewRss = await test.measure(MEMORY_READINGS, stretchSeconds / MEMORY_READINGS);
    await test.connect(CALLS - FEW_CALLS);
    progress(`${CALLS} calls talk, ${STRETCHES} stretches of ${stretchSeconds} s`);
    const many = await test.measure(STRETCHES, stretchSeconds, BLOCKS);
    await test.hangUp(FEW_CALLS);
    await test.wait(SETTLE_MS);
    const few = await test.measure(FEW_STRETCHES, stretchSeconds / 2);
    return resultOf(many, few, fewRss);
  });
}

type Runs = readonly Measured[];
function resultOf(many: Runs, few: Runs, fewRss: Runs): RowResult {
  const stretches = many.flatMap(stretchesOf);
  const verdicts = many.map(({ host }) => host.verdictsMs);
  const decision = stretches.map((stretch) => stretch.decisionToStopMs);
  const onset = stretches.map((stretch) => stretch.onsetToStopMs);
  const jitter = stretches.map(({ jitterMs }) => jitterMs);
  for (const samples of [verdicts, decision, jitter]) {
    if (samples.flat().length === 0) throw new Error('Nobody spoke, or nobody cut in: nothing was measured.');
  }
  const inHost = stretches.map((stretch) => stretch.decisionToSendMs);
  const core = '% of a core';
  const rssOf = ({ host }: Measured) => host.rssMb;
  const added = (figure: (measured: Measured) => number, base = few) =>
    differenceOf(many.map(figure), base.map(figure), CALLS - FEW_CALLS);
  const whole = many.map((measured) => cpuOf(measured) / CALLS);
  // Read again and again, but of one process: another one may settle elsewhere.
  const fewMb = { ...meanOf(fewRss.map(rssOf)), open: 'both' } as const;
  return {
    lines: [
      ...delayLines('frame → verdict of voice activity', verdicts, { p50: undefined, p95: '≤ 50', p99: undefined }),
      ...delayLines('decision → StopAudio received', decision, { p50: undefined, p99: '≤ 5' }),
      ...delayLines('of it inside the host', inHost, { p99: undefined }),
      ...delayLines('onset → StopAudio received', onset, { p50: undefined, p95: '≤ 200' }),
      ...countLines(stretches, 'oldFrames', 'resumptions', 'interruptions', 'missedInterruptions', 'uncalledStops'),
      ...delayLines('delay behind the schedule', jitter, { p50: undefined, p99: '≤ 3', most: undefined }),
      ...countLines(stretches, 'lateFrames'),
      gapLine(stretches),
      ...countLines(stretches, 'lostFrames', 'repeatedFrames'),
      parleyLine('CPU that a call adds', core, added(cpuOf), '≤ 0.45'),
      parleyLine('of it on the main thread', core, added(mainThreadCpuOf)),
      parleyLine(`CPU of the whole host, for each of ${CALLS}`, core, meanOf(whole)),
      parleyLine('memory that a call adds', 'MB', added(rssOf, fewRss), '≤ 1.5'),
      parleyLine(`memory of the whole host with ${FEW_CALLS} calls`, 'MB', fewMb),
      loopDelayLine(many),
    ],
    notes: [contentionNote(many)],
  };
}
