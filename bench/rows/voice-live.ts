import { withLoadTest } from '../acs/load-test.ts';
import { realtimeStretchOf } from '../acs/realtime-figures.ts';
import { startProviders } from '../acs/start-providers.ts';
import { contentionNote, countLines, cpuOf, delayLines, mainThreadCpuOf, stretchesOf } from '../acs/talk-figures.ts';
import { sharpUtterance } from '../harness/spoken.ts';
import type { ReportedLine } from '../report/run-report.ts';
import { parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { differenceOf, meanOf, sumOf } from '../statistics.ts';
import { Field } from '../subjects/field.ts';
import { costOf, marginal } from './cost.ts';

const CALLS = 50;
const FEW_CALLS = 10;
const STRETCHES = 5;
const DEFAULT_SECONDS = 60;
/** Parts of each stretch: what they differ by is the spread. */
const BLOCKS = 5;
const FEW_STRETCHES = 4;
const FEW_SECONDS = 4;
const SETTLE_MS = 4000;

/** The same far side, callers and clips as in the rows over the ACS socket, with a speech-to-speech service behind. */
export const voiceLiveRow: Row = {
  name: 'voice-live',
  title: `Speech to speech (VOICE_LIVE), ${CALLS} calls in one process`,
  includes:
    'The whole stream host as main.ts starts it, with Redis, media sockets and voice activity, on Voice Live’s wire to the ' +
    'emulator’s service with scripted ears and voices, in another process. It makes answers twice as fast as speech, goes on ' +
    'for two deltas with one that is cancelled, and marks the audio of each, so that the far side knows what it hears. Of ' +
    'the interruptions it says speech_started to half at once, and to half 600 ms after it has got the onset: those are our ' +
    'own detector’s alone. CPU: all threads.',
  leavesOut:
    'TLS, the network, and the service itself. The onset is the sending of the first 20 ms frame with speech, by synthetic ' +
    'voices on a quiet line. Messages that pacing holds back are not in the way of a delta.',
  estimateSeconds: 115,
  run,
};

async function run(context: RowContext): Promise<RowResult> {
  const { seconds = DEFAULT_SECONDS, progress } = context;
  const talk = { hosts: 1, habits: 'lively', mode: 'voice_live', maxSessions: 2 * CALLS } as const;
  const { many, few, service } = await withLoadTest({ name: 'voice-live', ...talk }, context, async (test) => {
    await test.connect(CALLS);
    // What the warm-up has left is no figure. Answers that have begun in it are not told from their deltas.
    await test.realtimeReport();
    progress(`${CALLS} calls talk for ${seconds} s`);
    const many = await test.measure(STRETCHES, seconds / STRETCHES, BLOCKS);
    const service = await test.realtimeReport();
    await test.hangUp(FEW_CALLS);
    await test.wait(SETTLE_MS);
    return { many, few: await test.measure(FEW_STRETCHES, FEW_SECONDS), service };
  });
  const stretches = many.flatMap(({ phones }) => phones.blocks).map((block) => realtimeStretchOf(block, service));
  const told = many.flatMap(stretchesOf);
  const of = (key: keyof (typeof stretches)[number]) => stretches.map((stretch) => stretch[key]);
  const [delta, started, own] = [of('deltaToWireMs'), of('startedToStopMs'), of('ownOnsetToStopMs')];
  if (delta.flat().length === 0 || started.flat().length === 0) {
    throw new Error('Nobody was answered, or nobody cut in: nothing was measured.');
  }
  const peer = await besideLiveKit(context);
  const core = '% of a core';
  const added = (figure: typeof cpuOf) => differenceOf(many.map(figure), few.map(figure), CALLS - FEW_CALLS);
  const whole = many.map((measured) => cpuOf(measured) / CALLS);
  const late = sumOf([service.latePieces]);
  return {
    lines: [
      ...delayLines('service’s audio delta → frame at the far side', delta, { p50: undefined, p95: '≤ 5' }),
      ...delayLines('the same in mid-answer', of('laterDeltaToWireMs'), { p95: undefined }),
      ...delayLines('service’s speech_started → StopAudio', started, { p50: undefined, p99: '≤ 5' }),
      ...delayLines('onset → StopAudio, our own detector', own, { p50: undefined, p95: '≤ 200' }),
      ...countLines(told, 'oldFrames'),
      parleyLine('deltas of cancelled answers that the service sent', '', late),
      ...countLines(told, 'resumptions', 'interruptions', 'missedInterruptions', 'unanswered', 'lateFrames'),
      { label: 'CPU that a call adds', unit: core, results: { parley: added(cpuOf), ...peer } },
      parleyLine('of it on the main thread', core, added(mainThreadCpuOf)),
      parleyLine(`CPU of the whole host, for each of ${CALLS}`, core, meanOf(whole)),
    ],
    notes: [contentionNote(many), ...('livekit-default' in peer ? [LIVEKIT_NOTE] : [])],
  };
}

/** LiveKit's session on the same service, which speaks OpenAI's wire to it, with the harness's callers. */
async function besideLiveKit(context: RowContext): Promise<ReportedLine['results']> {
  const subjects = context.subjects.filter((one) => one === 'livekit-default');
  const field = await Field.gather({ ...context, subjects });
  const { signal, workFolder } = context;
  await using opened = new AsyncDisposableStack();
  const { far, process: providers } = await startProviders(workFolder);
  opened.defer(() => providers.close());
  const policy = { realtime: `http://${far}` };
  const utterance = (await sharpUtterance(200, 0))();
  const rounds = field.with({ 'livekit-default': policy }).map((one) => [one]);
  const found = await field.measure(rounds, (driver) => costOf(driver, policy, utterance, signal, ''));
  return field.lines(found)('', '', marginal).results;
}

const LIVEKIT_NOTE =
  'LiveKit’s is its AgentSession with the RealtimeModel of its OpenAI plugin, headless, 10 and 40 sessions: what one adds, with ' +
  'the harness’s way there in it, and without telephone sockets, Redis or voice activity of its own, which are in Parley’s.';
