import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadTest, type Measured, type RecogniserUse } from '../acs/load-test.ts';
import { contentionNote, countedIn, cpuOf, mainThreadCpuOf, stretchesOf, waitedOf } from '../acs/talk-figures.ts';
import { cdfPlot, parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { differenceOf, meanOf, quantileOver, sumOf } from '../statistics.ts';

const FEW_CALLS = 20;
const MANY_CALLS = 100;
const STRETCHES = 5;
const STRETCH_SECONDS = 8;
/** Parts of each stretch, long enough to hold a burst of lateness: what they differ by is the spread. */
const BLOCKS = 4;
const FEW_STRETCHES = 4;
const MEMORY_READINGS = 4;
/** Code is compiled, buffers have grown, and every caller is in the middle of the talk. */
const WARM_MS = 12_000;
/** For sessions to end. */
const SETTLE_MS = 5000;
/** The host has been stalled, and goes on talking for so long before it is again. */
const BETWEEN_COLLECTIONS_MS = 500;
const RECOGNISERS = 50;
const RECOGNISER_SECONDS = 10;
/** About how long the run takes that nobody has told how long to measure. */
const ESTIMATE_SECONDS = 145;

interface HundredCalls {
  /** With few calls, after there were many: what the host needs apart from them, its code being compiled. */
  readonly few: readonly Measured[];
  /** With few calls, before there were many; read again and again. */
  readonly fewRssMb: readonly number[];
  readonly many: readonly Measured[];
  /** What the host's main thread holds after a collection. */
  readonly fewLiveMb: readonly number[];
  readonly manyLiveMb: readonly number[];
  readonly recogniser: { readonly used: RecogniserUse; readonly feeding: RecogniserUse };
}

async function measure({ seed, signal, workFolder, seconds, progress }: RowContext): Promise<HundredCalls> {
  const stretchSeconds = seconds === undefined ? STRETCH_SECONDS : Math.max(4, seconds / STRETCHES);
  progress('starts the stream host, callers and providers');
  const folder = join(workFolder, 'hundred-calls');
  const talk = { hosts: 1, habits: 'lively', mode: 'media', maxSessions: 2 * MANY_CALLS } as const;
  const test = await LoadTest.start({ folder, seed, signal, ...talk });
  const wait = (ms: number) => sleep(ms, undefined, { signal });
  const again = async <Found>(times: number, work: () => Promise<Found>) => {
    const found: Found[] = [];
    while (found.length < times) found.push(await work());
    return found;
  };
  const liveMb = () => again(MEMORY_READINGS, () => wait(BETWEEN_COLLECTIONS_MS).then(() => test.liveMemoryMb()));
  /** Fewer would make figures of fewer calls than they say. */
  const connectAll = async (calls: number) => {
    const missing = calls - (await test.connect(calls));
    const state = missing > 0 ? JSON.stringify(await test.admissions()) : '';
    if (missing > 0)
      throw new Error(`The host refuses ${missing} of ${calls} calls (${state}): the machine is too busy.`);
    await wait(WARM_MS);
  };
  try {
    const feeding = await test.recogniserAlone(RECOGNISERS, RECOGNISER_SECONDS, true);
    const used = await test.recogniserAlone(RECOGNISERS, RECOGNISER_SECONDS, false);
    await connectAll(FEW_CALLS);
    // Memory on the way up, as a process gives little back; CPU on the way down, once all code is compiled.
    const fewRss = await again(MEMORY_READINGS, () => test.measure(stretchSeconds / MEMORY_READINGS));
    const fewLiveMb = await liveMb();
    await connectAll(MANY_CALLS - FEW_CALLS);
    progress(`${MANY_CALLS} calls talk, ${STRETCHES} stretches of ${stretchSeconds} s`);
    const many = await again(STRETCHES, () => test.measure(stretchSeconds, BLOCKS));
    const manyLiveMb = await liveMb();
    await test.hangUp(FEW_CALLS);
    await wait(SETTLE_MS);
    const few = await again(FEW_STRETCHES, () => test.measure(stretchSeconds / 2));
    const fewRssMb = fewRss.map(({ host }) => host.rssMb);
    return { few, fewRssMb, many, fewLiveMb, manyLiveMb, recogniser: { used, feeding } };
  } finally {
    await test.close();
  }
}

/**
 * Rows about the same talk of a hundred calls: they share one run of it, of which each reads another side. A row that
 * runs alone makes the run for itself.
 */
export function hundredCallsRows(): Row[] {
  const runs = new Map<string, Promise<HundredCalls>>();
  const runOf = (context: RowContext) => {
    const key = `${context.seed}/${context.seconds ?? ''}`;
    const known = runs.get(key);
    if (known) context.progress('reads the run with a hundred calls that another row has made');
    const run = known ?? measure(context);
    runs.set(key, run);
    // What was ended by its row, or failed, says nothing to the next one.
    run.catch(() => runs.delete(key));
    return run;
  };
  const row = (
    head: Omit<Row, 'run' | 'estimateSeconds'>,
    read: (calls: HundredCalls) => Omit<RowResult, 'notes'>,
  ): Row => ({
    ...head,
    estimateSeconds: ESTIMATE_SECONDS,
    async run(context) {
      const calls = await runOf(context);
      return { ...read(calls), notes: [contentionNote(calls.many)] };
    },
  });
  return [
    row(VERDICT, verdictOf),
    row(WIRE_STOP, wireStopOf),
    row(PLAYOUT_JITTER, playoutJitterOf),
    row(PHONE_COST, phoneCostOf),
  ];
}

/** What the machine took from the host in these rows. */
const hostLines = (many: readonly Measured[]) => [
  parleyLine(
    'event loop delay of the host, p99 of a stretch',
    'ms',
    meanOf(many.map(({ host }) => host.loopDelayP99Ms)),
  ),
  parleyLine(
    'no core for the host’s main thread when it was ready to run',
    '% of the time',
    meanOf(many.map(waitedOf)),
  ),
];

const VERDICT = {
  name: 'voice-activity-verdict',
  title: `Frame → verdict of voice activity, ${MANY_CALLS} calls in one process`,
  includes:
    'Every frame (32 ms) of every call: from the moment when the host’s transport gets the media socket’s message with its ' +
    'last sample, over decoding, the wait for the frames of other calls, the model in its thread and the way back, to when ' +
    'the engine has the probability in hand.',
  leavesOut:
    'The frame’s own length, the network, and what a message waits in the kernel while the main thread is busy (see the ' +
    'event loop delay).',
};

function verdictOf({ many }: HundredCalls) {
  const verdicts = many.map(({ host }) => host.verdictsMs);
  if (verdicts.flat().length === 0) throw new Error('No frame was judged: nothing was measured.');
  return {
    lines: [
      parleyLine('message → verdict, p50', 'ms', quantileOver(verdicts, 0.5)),
      parleyLine('message → verdict, p95', 'ms', quantileOver(verdicts, 0.95), '≤ 50'),
      parleyLine('message → verdict, p99', 'ms', quantileOver(verdicts, 0.99)),
      parleyLine('message → verdict, most', 'ms', quantileOver(verdicts, 1)),
      ...hostLines(many),
    ],
    plots: [
      cdfPlot('voice-activity-verdict.svg', `Frame → verdict of voice activity, ${MANY_CALLS} calls`, 'frames', [
        ['Parley', verdicts.flat()],
      ]),
    ],
  };
}

const WIRE_STOP = {
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
};

function wireStopOf({ many }: HundredCalls) {
  const stretches = many.flatMap(stretchesOf);
  const decision = stretches.map((stretch) => stretch.decisionToStopMs);
  const onset = stretches.map((stretch) => stretch.onsetToStopMs);
  if (decision.flat().length === 0) throw new Error('No caller cut in: nothing was measured.');
  const inHost = stretches.map((stretch) => stretch.decisionToSendMs);
  return {
    lines: [
      parleyLine('decision → StopAudio received, p50', 'ms', quantileOver(decision, 0.5)),
      parleyLine('decision → StopAudio received, p99', 'ms', quantileOver(decision, 0.99), '≤ 5'),
      parleyLine('of it inside the host, p99', 'ms', quantileOver(inHost, 0.99)),
      parleyLine('onset → StopAudio received, p50', 'ms', quantileOver(onset, 0.5)),
      parleyLine('onset → StopAudio received, p95', 'ms', quantileOver(onset, 0.95), '≤ 200'),
      parleyLine('frames of an old answer after a stop', '', countedIn(stretches, 'oldFrames'), '= 0'),
      parleyLine('answers taken up again after an interruption', '', countedIn(stretches, 'resumptions')),
      parleyLine('interruptions', '', countedIn(stretches, 'interruptions'), undefined, 'higher'),
      parleyLine('interruptions not heeded within 1.5 s', '', countedIn(stretches, 'missedInterruptions'), '= 0'),
      parleyLine('stops that nobody called for', '', countedIn(stretches, 'uncalledStops'), '= 0'),
    ],
    plots: [
      cdfPlot('wire-stop.svg', `StopAudio, ${MANY_CALLS} calls`, 'stops', [
        ['from the decision', decision.flat()],
        ['from the onset', onset.flat()],
      ]),
    ],
  };
}

const PLAYOUT_JITTER = {
  name: 'playout-jitter',
  title: `Playout jitter, ${MANY_CALLS} calls in one process`,
  includes:
    'Every message of the agents’ voices (100 ms each) as another process reads it from the media socket: its delay behind ' +
    'the absolute schedule of its answer, of which the earliest message sets the beginning (packet delay variation, RFC ' +
    '5481); and the far side’s playout, sample for sample: a frame is late when all before it has been played.',
  leavesOut:
    'TLS, the network and Azure. The first 28 frames of each answer, which fill the far side’s buffer ahead of the ' +
    'schedule, are not in the jitter; they are in the gaps.',
};

function playoutJitterOf({ many }: HundredCalls) {
  const stretches = many.flatMap(stretchesOf);
  const jitter = stretches.map(({ jitterMs }) => jitterMs);
  if (jitter.flat().length === 0) throw new Error('No agent spoke: nothing was measured.');
  return {
    lines: [
      parleyLine('delay behind the schedule, p50', 'ms', quantileOver(jitter, 0.5)),
      parleyLine('delay behind the schedule, p99', 'ms', quantileOver(jitter, 0.99), '≤ 3'),
      parleyLine('delay behind the schedule, most', 'ms', quantileOver(jitter, 1)),
      parleyLine('late frames (a gap in the sound)', '', countedIn(stretches, 'lateFrames'), '= 0'),
      parleyLine('silence in these gaps', 'ms', sumOf(stretches.map(({ counts }) => counts.gapMs))),
      parleyLine('lost frames', '', countedIn(stretches, 'lostFrames'), '= 0'),
      parleyLine('repeated frames', '', countedIn(stretches, 'repeatedFrames'), '= 0'),
      ...hostLines(many),
    ],
    plots: [
      cdfPlot(
        'playout-jitter.svg',
        `Delay of the agents’ frames behind their schedule, ${MANY_CALLS} calls`,
        'frames',
        [['Parley', jitter.flat()]],
      ),
    ],
  };
}

const PHONE_COST = {
  name: 'phone-cost',
  title: 'Cost of a talking phone call',
  includes:
    'All threads of the stream host’s process: media socket, voice activity, the Speech SDK’s recogniser and synthesiser, ' +
    'the model’s client, the engine, records in Redis and the log. What a call adds is the difference between ' +
    `${MANY_CALLS} and ${FEW_CALLS} calls in one process; callers talk, listen and cut in every six seconds or so. Memory ` +
    'is read on the way up, CPU on the way down, when all code has been compiled.',
  leavesOut:
    'TLS. The recogniser’s own share is of a process that does nothing but feed the product’s recogniser, less the feeding.',
};

function phoneCostOf({ few, fewRssMb, many, fewLiveMb, manyLiveMb, recogniser }: HundredCalls) {
  const more = MANY_CALLS - FEW_CALLS;
  const core = '% of a core';
  const perCall = (figure: (measured: Measured) => number, base = few.map(figure)) =>
    differenceOf(many.map(figure), base, more);
  const alone = (key: 'cpu' | 'rssMb') =>
    differenceOf(
      recogniser.used.map((part) => part[key]),
      recogniser.feeding.map((part) => part[key]),
    );
  const rssOf = ({ host }: Measured) => host.rssMb;
  const whole = many.map((measured) => cpuOf(measured) / MANY_CALLS);
  return {
    lines: [
      parleyLine('CPU that a call adds', core, perCall(cpuOf), '≤ 0.45'),
      parleyLine('of it on the main thread', core, perCall(mainThreadCpuOf)),
      parleyLine('the recogniser alone', core, alone('cpu')),
      parleyLine(`CPU of the whole host, for each of ${MANY_CALLS}`, core, meanOf(whole)),
      parleyLine('memory that a call adds', 'MB', perCall(rssOf, [...fewRssMb]), '≤ 1.5'),
      parleyLine('of it in use after a collection', 'MB', differenceOf(manyLiveMb, fewLiveMb, more)),
      parleyLine('the recogniser alone, memory', 'MB', alone('rssMb')),
      // Read again and again, but of one process: another one may settle elsewhere.
      parleyLine(`memory of the whole host with ${FEW_CALLS} calls`, 'MB', { ...meanOf(fewRssMb), open: 'both' }),
    ],
    plots: [],
  };
}
