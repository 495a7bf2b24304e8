import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { toFloat32 } from '../../shared/audio/pcm.ts';
import { messageOf } from '../../shared/errors.ts';
import { Moonshine, type MoonshineSize, type Transcript } from './moonshine.ts';

export interface DecodeWorkerData {
  readonly size: MoonshineSize;
  /** One Int32: the number of the last request whose answer nobody wants any more. */
  readonly unwanted: SharedArrayBuffer;
}

export interface DecodeRequest {
  readonly id: number;
  readonly pcm: Uint8Array;
}

export type DecodeReply =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly transcript: Transcript | undefined }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string };

const port = parentPort;
if (port === null) throw new Error('This module is a worker: start it with new Worker().');

// A decode may wait for a moment, the 20 ms beat of the calls may not. Linux takes this for this thread alone; elsewhere it
// would slow the whole process down.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const { size, unwanted } = workerData as DecodeWorkerData;
const lastUnwanted = new Int32Array(unwanted);
const moonshine = await Moonshine.load(size);
// The first inference takes twice as long as those after it; the first caller should not pay for that.
await moonshine.transcribe(new Float32Array(16_000), () => false);

port.on('message', async ({ id, pcm }: DecodeRequest) => {
  try {
    const transcript = await moonshine.transcribe(toFloat32(pcm), () => Atomics.load(lastUnwanted, 0) === id);
    port.postMessage({ type: 'done', id, transcript } satisfies DecodeReply);
  } catch (error) {
    port.postMessage({ type: 'failed', id, reason: messageOf(error) } satisfies DecodeReply);
  }
});
port.postMessage({ type: 'ready' } satisfies DecodeReply);
