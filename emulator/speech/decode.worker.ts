import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { END } from '../../shared/audio/end-worker.ts';
import { SAMPLE_RATE, toFloat32 } from '../../shared/audio/pcm.ts';
import { messageOf } from '../../shared/errors.ts';
import { audibleStretch } from './audible-stretch.ts';
import { Moonshine, type MoonshineSize, type Transcript } from './moonshine.ts';

export interface DecodeWorkerData {
  readonly size: MoonshineSize;
  /** One Int32: the number of the last request whose answer nobody wants any more. */
  readonly unwanted: SharedArrayBuffer;
}

export interface DecodeRequest {
  readonly id: number;
  readonly pcm: Uint8Array;
  /** Somebody goes by the answer: short audio is read by the model that hears it better. */
  readonly careful: boolean;
  /** The words that were made of the beginning of this audio, see {@link Moonshine.transcribe}. */
  readonly draft: readonly number[];
}

export type DecodeReply =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly transcript: Transcript | undefined }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string };

const port = parentPort;
if (port === null) throw new Error('This module is a worker: start it with new Worker().');

/** Of "hello", "hi" and "yes" in four voices `tiny` hears three in four right and `base` nine in ten, in 60 ms. */
const SHORT_SAMPLES = 1.5 * SAMPLE_RATE;
/** What is heard with less confidence is heard again, where it is not longer than this: the caller waits meanwhile. */
const SURE = 0.8;
const WORTH_HEARING_AGAIN_SAMPLES = 2 * SAMPLE_RATE;
/** Of the lead-in and of the first sound: the voices here burst into a "th", which then is an "s". */
const ONSET_SAMPLES = 0.1 * SAMPLE_RATE;

const { size, unwanted } = workerData as DecodeWorkerData;
const lastUnwanted = new Int32Array(unwanted);
const [usual, better] = await Promise.all([Moonshine.load(size), size === 'tiny' && Moonshine.load('base')]);
// The first inference takes twice as long as those after it; the first caller should not pay for that.
for (const model of [usual, better]) if (model) await model.transcribe(new Float32Array(16_000), () => false);

// A decode may wait for a moment, the 20 ms beat of the calls may not; nobody calls before the models are loaded, which on a
// busy machine would take minutes so. Linux takes this for this thread alone; elsewhere it would slow the whole process down.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

port.on('message', async (request: DecodeRequest | typeof END) => {
  if (request === END) return port.close();
  const { id, pcm, careful, draft } = request;
  try {
    const audio = audibleStretch(toFloat32(pcm));
    const model = careful && better && audio.length < SHORT_SAMPLES ? better : usual;
    const isUnwanted = () => Atomics.load(lastUnwanted, 0) === id;
    const first = await model.transcribe(audio, isUnwanted, draft);
    const transcript = careful && first ? await surest(first, model, audio, isUnwanted) : first;
    port.postMessage({ type: 'done', id, transcript } satisfies DecodeReply);
  } catch (error) {
    port.postMessage({ type: 'failed', id, reason: messageOf(error) } satisfies DecodeReply);
  }
});
port.postMessage({ type: 'ready' } satisfies DecodeReply);

/**
 * Of a phrase that a model is not sure of, the other one now and then is, or is where it begins a moment later. Where
 * none is, the first counts.
 */
async function surest(
  first: Transcript,
  model: Moonshine,
  audio: Float32Array,
  isUnwanted: () => boolean,
): Promise<Transcript | undefined> {
  if (!better || first.confidence >= SURE || audio.length > WORTH_HEARING_AGAIN_SAMPLES) return first;
  const other = model === better ? usual : better;
  for (const heard of [audio, audio.subarray(ONSET_SAMPLES)]) {
    const transcript = await other.transcribe(heard, isUnwanted);
    if (!transcript || transcript.confidence >= SURE) return transcript;
  }
  return first;
}
