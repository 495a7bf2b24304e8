import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadTest, type Measured, SERVICE_HEARS_MS } from '../acs/load-test.ts';
import { realtimeStretchOf } from '../acs/realtime-figures.ts';
import type { RealtimeRecord } from '../acs/scripted-realtime.ts';
import { contentionNote, countedIn, cpuOf, mainThreadCpuOf, stretchesOf } from '../acs/talk-figures.ts';
import { cdfPlot, parleyLine, type Row, type RowContext, type RowResult } from '../row.ts';
import { differenceOf, meanOf, quantileOver, sumOf } from '../statistics.ts';

const CALLS = 50;
const FEW_CALLS = 10;
const STRETCHES = 5;
const DEFAULT_SECONDS = 60;
/** Parts of each stretch: what they differ by is the spread. */
const BLOCKS = 5;
const FEW_STRETCHES = 4;
const FEW_SECONDS = 4;
const WARM_MS = 12_000;
const SETTLE_MS = 4000;

/** The same far side, callers and clips as in the rows over the ACS socket, with a speech-to-speech service behind. */
export const voiceLiveRow: Row = {
  name: 'voice-live',
  title: `Speech to speech (VOICE_LIVE), ${CALLS} calls in one process`,
  includes:
    'The whole stream host as main.ts starts it, with Redis, media sockets and voice activity, on Voice Live’s wire to a ' +
    'scripted service in another process. It makes answers twice as fast as speech, goes on for two deltas with one that ' +
    'is cancelled, and marks the audio of each, so that the far side knows what it hears. Of the interruptions it says ' +
    `speech_started to half at once, to a quarter ${SERVICE_HEARS_MS} ms after it has got the onset, to a quarter after ` +
    '600 ms: those are our own detector’s alone. CPU: all threads.',
  leavesOut:
    'TLS, the network, and the service itself. The onset is the sending of the first 20 ms frame with speech, by synthetic ' +
    'voices on a quiet line. Messages that pacing holds back are not in the way of a delta.',
  estimateSeconds: 115,
  async run(context) {
    const { many, few, service } = await measure(context);
    return resultOf(many, few, service);
  },
};

async function measure({ seed, signal, workFolder, seconds = DEFAULT_SECONDS, progress }: RowContext) {
  progress('starts the stream host, callers and the service');
  const folder = join(workFolder, 'voice-live');
  const talk = { hosts: 1, habits: 'lively', mode: 'voice_live', maxSessions: 2 * CALLS } as const;
  const test = await LoadTest.start({ folder, seed, signal, ...talk });
  const again = async (times: number, each: number, blocks: number) => {
    const found: Measured[] = [];
    while (found.length < times) found.push(await test.measure(each, blocks));
    return found;
  };
  try {
    const connected = await test.connect(CALLS);
    if (connected < CALLS) throw new Error(`The host refuses ${CALLS - connected} of ${CALLS} calls: it is too busy.`);
    await sleep(WARM_MS, undefined, { signal });
    // What the warm-up has left is no figure. Answers that have begun in it are not told from their deltas.
    await test.realtimeReport();
    progress(`${CALLS} calls talk for ${seconds} s`);
    const many = await again(STRETCHES, seconds / STRETCHES, BLOCKS);
    const service = await test.realtimeReport();
    await test.hangUp(FEW_CALLS);
    await sleep(SETTLE_MS, undefined, { signal });
    return { many, few: await again(FEW_STRETCHES, FEW_SECONDS, 1), service };
  } finally {
    await test.close();
  }
}

function resultOf(many: readonly Measured[], few: readonly Measured[], service: RealtimeRecord): RowResult {
  const stretches = many.flatMap(({ phones }) => phones.blocks).map((block) => realtimeStretchOf(block, service));
  const told = many.flatMap(stretchesOf);
  const of = (key: keyof (typeof stretches)[number]) => stretches.map((stretch) => stretch[key]);
  const [delta, started] = [of('deltaToWireMs'), of('startedToStopMs')];
  const [own, both, alone] = [of('ownOnsetToStopMs'), of('onsetToStopMs'), of('onsetToStartedMs')];
  if (delta.flat().length === 0 || started.flat().length === 0) {
    throw new Error('Nobody was answered, or nobody cut in: nothing was measured.');
  }
  const core = '% of a core';
  return {
    lines: [
      parleyLine('service’s audio delta → frame at the far side, p50', 'ms', quantileOver(delta, 0.5)),
      parleyLine('service’s audio delta → frame at the far side, p95', 'ms', quantileOver(delta, 0.95), '≤ 5'),
      parleyLine('the same in mid-answer, p95', 'ms', quantileOver(of('laterDeltaToWireMs'), 0.95)),
      parleyLine('service’s speech_started → StopAudio, p50', 'ms', quantileOver(started, 0.5)),
      parleyLine('service’s speech_started → StopAudio, p99', 'ms', quantileOver(started, 0.99), '≤ 5'),
      parleyLine('onset → StopAudio, our own detector, p50', 'ms', quantileOver(own, 0.5)),
      parleyLine('onset → StopAudio, our own detector, p95', 'ms', quantileOver(own, 0.95), '≤ 200'),
      parleyLine('onset → speech_started of the service alone, p95', 'ms', quantileOver(alone, 0.95)),
      parleyLine('onset → StopAudio, whoever is first, p95', 'ms', quantileOver(both, 0.95)),
      parleyLine('frames of a cancelled answer after the stop', '', countedIn(told, 'oldFrames'), '= 0'),
      parleyLine(
        'deltas of cancelled answers that the service sent',
        '',
        sumOf([service.latePieces]),
        undefined,
        'higher',
      ),
      parleyLine('answers taken up again after an interruption', '', countedIn(told, 'resumptions')),
      parleyLine('interruptions', '', countedIn(told, 'interruptions'), undefined, 'higher'),
      parleyLine('interruptions not heeded within 1.5 s', '', countedIn(told, 'missedInterruptions'), '= 0'),
      parleyLine('turns not answered', '', countedIn(told, 'unanswered'), '= 0'),
      parleyLine('late frames (a gap in the sound)', '', countedIn(told, 'lateFrames')),
      parleyLine('CPU that a call adds', core, differenceOf(many.map(cpuOf), few.map(cpuOf), CALLS - FEW_CALLS)),
      parleyLine(
        'of it on the main thread',
        core,
        differenceOf(many.map(mainThreadCpuOf), few.map(mainThreadCpuOf), CALLS - FEW_CALLS),
      ),
      parleyLine(
        `CPU of the whole host, for each of ${CALLS}`,
        core,
        meanOf(many.map((measured) => cpuOf(measured) / CALLS)),
      ),
    ],
    plots: [
      cdfPlot('voice-live.svg', `Speech to speech, ${CALLS} calls`, 'interruptions', [
        ['onset → stop, our own detector', own.flat()],
        ['onset → stop, whoever is first', both.flat()],
        ['onset → the service’s speech_started', alone.flat()],
      ]),
    ],
    notes: [contentionNote(many), HEARS_NOTE],
  };
}

const HEARS_NOTE =
  `The service’s own ${SERVICE_HEARS_MS} ms are no measurement: it hears 80 ms of speech before it says so ` +
  '(speech_duration_ms in "How to use the Voice Live API", Microsoft Learn), and 60 ms are supposed for the network, there ' +
  'and back. What a real one takes to judge is left out, in its favour.';
