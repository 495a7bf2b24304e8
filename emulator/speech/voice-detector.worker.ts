import { parentPort } from 'node:worker_threads';
import { END } from '../../shared/audio/end-worker.ts';
import { FrameCutter, rmsOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from '../../shared/audio/silero.ts';

export type DetectorRequest =
  | { readonly type: 'audio'; readonly stream: number; readonly pcm: Uint8Array }
  | { readonly type: 'close'; readonly stream: number };

export type DetectorReply =
  | { readonly type: 'ready' }
  /** `probabilities[i]` is that of the next frame of stream `streams[i]`. */
  | { readonly type: 'frames'; readonly streams: readonly number[]; readonly probabilities: readonly number[] };

/**
 * Below -52 dBFS nobody talks into a telephone, and Silero need not be asked: a silent line costs no inference, and the
 * end of a word is found some 80 ms sooner than by Silero, which goes on saying "speech" for three frames.
 */
const SILENT_RMS = 0.0025;

interface Heard {
  readonly silero: SileroStream;
  readonly cutter: FrameCutter;
  readonly frames: Uint8Array[];
}

const port = parentPort;
if (port === null) throw new Error('This module is a worker: start it with new Worker().');

const silero = await Silero.load();
const streams = new Map<number, Heard>();
let running = false;

port.on('message', (request: DetectorRequest | typeof END) => {
  if (request === END) return port.close();
  if (request.type === 'close') {
    streams.delete(request.stream);
    return;
  }
  const heard = streams.get(request.stream) ?? openStream(request.stream);
  heard.cutter.write(request.pcm, (frame) => heard.frames.push(frame));
  if (!running) void run();
});
port.postMessage({ type: 'ready' } satisfies DetectorReply);

function openStream(id: number): Heard {
  const heard = { silero: new SileroStream(), cutter: new FrameCutter(SILERO_FRAME_SAMPLES * 2), frames: [] };
  streams.set(id, heard);
  return heard;
}

/** One frame of every stream that has one, together; then whatever has come in meanwhile. */
async function run(): Promise<void> {
  running = true;
  for (;;) {
    const batch = [...streams].flatMap(([id, { silero, frames }]) => {
      const frame = frames.shift();
      return frame === undefined ? [] : [{ id, silero, frame }];
    });
    if (batch.length === 0) break;
    const voiced = batch.filter(({ frame }) => rmsOf(frame) > SILENT_RMS);
    const found = await silero.run(
      voiced.map(({ silero }) => silero),
      voiced.map(({ frame }) => toFloat32(frame)),
    );
    const probabilities = new Map(voiced.map(({ id }, index) => [id, found[index] ?? 0]));
    port?.postMessage({
      type: 'frames',
      streams: batch.map(({ id }) => id),
      probabilities: batch.map(({ id }) => probabilities.get(id) ?? 0),
    } satisfies DetectorReply);
    await new Promise(setImmediate);
  }
  running = false;
}
