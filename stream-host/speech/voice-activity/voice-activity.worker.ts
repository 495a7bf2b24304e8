import { parentPort, workerData } from 'node:worker_threads';
import { END } from '../../../shared/audio/end-worker.ts';
import { samplesOf } from '../../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from '../../../shared/audio/silero.ts';
import { JudgedStream, VoiceActivityJudge } from './voice-activity-judge.ts';
import type {
  FromVoiceActivityWorker,
  ToVoiceActivityWorker,
  VoiceActivityWorkerSettings,
} from './voice-activity-messages.ts';

const port = parentPort;
if (!port) throw new Error('voice-activity.worker runs as a worker thread only');
const send = (message: FromVoiceActivityWorker) => port.postMessage(message);
const settings: VoiceActivityWorkerSettings | undefined = workerData ?? undefined;

const silero = await Silero.load(settings?.runtime);
await warmUp();
const judge = new VoiceActivityJudge(silero);
const streams = new Map<number, JudgedStream>();

port.on('message', (message: ToVoiceActivityWorker | typeof END) => {
  if (message === END) port.close();
  else if (message.type === 'close') streams.delete(message.stream);
  else void answer(message.streams, samplesOf(message.pcm));
});
send({ type: 'ready', runtime: silero.runtime, nativeProblem: silero.nativeProblem });

/** The first inferences are many times slower than the later ones; no caller should wait for them. */
async function warmUp(): Promise<void> {
  const crowd = Array.from({ length: 8 }, () => new SileroStream());
  const silence = crowd.map(() => new Float32Array(SILERO_FRAME_SAMPLES));
  for (let i = 0; i < 10; i += 1) await silero.run(crowd, silence);
}

/** What throws here ends the worker, which is what its owner watches for. */
async function answer(ids: readonly number[], samples: Int16Array): Promise<void> {
  const frames = ids.map((id, i) => ({
    stream: streamOf(id),
    samples: samples.subarray(i * SILERO_FRAME_SAMPLES, (i + 1) * SILERO_FRAME_SAMPLES),
  }));
  send({ type: 'judged', ...(await judge.judge(frames)) });
}

function streamOf(id: number): JudgedStream {
  const stream = streams.get(id) ?? new JudgedStream();
  streams.set(id, stream);
  return stream;
}
