import { parentPort, workerData } from 'node:worker_threads';
import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from '../../../shared/audio/silero.ts';
import { JudgedStream, VoiceActivityJudge } from './voice-activity-judge.ts';
import { VoiceActivityMemory } from './voice-activity-memory.ts';
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
const judge = new VoiceActivityJudge({ silero });
const streams = new Map<number, JudgedStream>();

port.on('message', (message: ToVoiceActivityWorker) => {
  switch (message.type) {
    case 'open':
      streams.set(message.stream, new JudgedStream(VoiceActivityMemory.attach(message.memory)));
      return;
    case 'close':
      streams.delete(message.stream);
      return;
    case 'judge':
      void answer();
  }
});
send({ type: 'ready', runtime: silero.runtime, nativeProblem: silero.nativeProblem });

/** The first inferences are many times slower than the later ones; no caller should wait for them. */
async function warmUp(): Promise<void> {
  const crowd = Array.from({ length: 8 }, () => new SileroStream());
  const silence = crowd.map(() => new Float32Array(SILERO_FRAME_SAMPLES));
  for (let i = 0; i < 10; i += 1) await silero.run(crowd, silence);
}

/** What throws here ends the worker, which is what its owner watches for. */
async function answer(): Promise<void> {
  const inferred = await judge.judge([...streams.values()]);
  send({ type: 'judged', inferred });
}
