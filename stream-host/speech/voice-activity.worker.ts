import { parentPort } from 'node:worker_threads';
import { bytesOf, rmsOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from '../../shared/audio/silero.ts';
import { EnergyGate } from './energy-gate.ts';
import type { FromVoiceActivityWorker, ToVoiceActivityWorker } from './voice-activity-messages.ts';

/** One caller's audio as the worker knows it. */
class Stream {
  readonly model = new SileroStream();
  readonly gate = new EnergyGate();
  /** The last frame that the gate held back: heard first when it opens, so that the model knows what the quiet is like. */
  held: Float32Array | undefined;
}

/** What goes into one inference: one frame each of some streams, and where its answer belongs. */
type Round = Map<Stream, { readonly frame: Float32Array; readonly place: number }>;

const port = parentPort;
if (!port) throw new Error('voice-activity.worker runs as a worker thread only');
const send = (message: FromVoiceActivityWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

const silero = await Silero.load();
await warmUp();
const streams = new Map<number, Stream>();

port.on('message', (message: ToVoiceActivityWorker) => {
  if (message.type === 'forget') streams.delete(message.stream);
  else void judge(message.streams, message.samples);
});
send({ type: 'ready' });

/** The first inferences are many times slower than the later ones; no caller should wait for them. */
async function warmUp(): Promise<void> {
  const crowd = Array.from({ length: 8 }, () => new SileroStream());
  const silence = crowd.map(() => new Float32Array(SILERO_FRAME_SAMPLES));
  for (let i = 0; i < 10; i += 1) await silero.run(crowd, silence);
}

/** Answers one batch. What throws here ends the worker, which is what its owner watches for. */
async function judge(ids: Uint32Array, samples: Int16Array<ArrayBuffer>): Promise<void> {
  // All at once: a stream that is forgotten while this waits must not be brought to life again.
  const owners = Array.from(ids, streamOf);
  const values = new Float32Array(ids.length);
  let inferred = 0;
  let round: Round = new Map();
  for (const [place, stream] of owners.entries()) {
    if (round.has(stream)) {
      await infer(round, values);
      round = new Map();
    }
    const pcm = bytesOf(samples.subarray(place * SILERO_FRAME_SAMPLES, (place + 1) * SILERO_FRAME_SAMPLES));
    const frame = toFloat32(pcm);
    if (stream.gate.isOpenFor(rmsOf(pcm))) {
      round.set(stream, { frame, place });
      inferred += 1;
    } else {
      stream.held = frame;
    }
  }
  await infer(round, values);
  send({ type: 'probabilities', values, inferred }, [values.buffer]);
}

function streamOf(id: number): Stream {
  const stream = streams.get(id) ?? new Stream();
  streams.set(id, stream);
  return stream;
}

async function infer(round: Round, values: Float32Array): Promise<void> {
  const woken = [...round.keys()].filter((stream) => stream.held);
  await silero.run(
    woken.map((stream) => stream.model),
    woken.flatMap((stream) => stream.held ?? []),
  );
  for (const stream of woken) stream.held = undefined;

  const probabilities = await silero.run(
    Array.from(round.keys(), (stream) => stream.model),
    Array.from(round.values(), ({ frame }) => frame),
  );
  for (const [i, [stream, { place }]] of [...round].entries()) {
    const probability = probabilities[i] ?? 0;
    values[place] = probability;
    stream.gate.learn(probability);
  }
}
