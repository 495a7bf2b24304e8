import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../shared/errors.ts';
import type { EndOfTurnSettings, FromEndOfTurnWorker, ToEndOfTurnWorker } from './end-of-turn-messages.ts';
import { judgeByProsody } from './prosody.ts';
import { SmartTurn } from './smart-turn.ts';
import { presentTurn } from './turn-audio.ts';

const port = parentPort;
if (!port) throw new Error('end-of-turn.worker runs as a worker thread only');
const send = (message: FromEndOfTurnWorker) => port.postMessage(message);

const settings: EndOfTurnSettings = workerData;
// A model that cannot be loaded ends the worker, which is what its owner watches for.
let model = settings.modelPath === undefined ? undefined : await SmartTurn.load(settings.modelPath, settings.runtime);
// The first inferences are several times slower than the later ones; no caller should wait for them.
for (let i = 0; model && i < 2; i += 1) await model.judge(new Int16Array(16_000));
port.on('message', (message: ToEndOfTurnWorker) => void judge(message));
send({ type: 'ready', method: model ? `model-${model.runtime}` : 'prosody' });

async function judge({ samples }: ToEndOfTurnWorker): Promise<void> {
  const startMs = performance.now();
  const answer = (probability: number, failure?: string) =>
    send({ type: 'judged', probability, computeMs: performance.now() - startMs, ...(failure && { failure }) });
  if (!model) return answer(judgeByProsody(samples));
  try {
    answer(await model.judge(presentTurn(samples)));
  } catch (error) {
    model = undefined;
    answer(judgeByProsody(samples), messageOf(error));
  }
}
