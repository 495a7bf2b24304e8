import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Flite } from '../../emulator/speech/flite.ts';
import { bytesOf, toFloat32 } from './pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from './silero.ts';

let silero: Silero;
let speech: Float32Array[];

before(async () => {
  silero = await Silero.load();
  const flite = await Flite.load();
  speech = framesOf(toFloat32(bytesOf(flite.speak('Could you tell me where my order is, please?', 'slt', 1).samples)));
});
after(() => silero.close());

test('speech is heard as speech for most of its length', async () => {
  const probabilities = await listen(speech);
  const heard = probabilities.filter((probability) => probability > 0.5).length;
  assert.ok(heard > speech.length * 0.7, `${heard} of ${speech.length} frames`);
});

test('silence and white noise are not heard as speech', async () => {
  const silence = Array.from({ length: 40 }, () => new Float32Array(SILERO_FRAME_SAMPLES));
  const noise = Array.from({ length: 40 }, () =>
    new Float32Array(SILERO_FRAME_SAMPLES).map(() => Math.random() * 0.4 - 0.2),
  );
  for (const probability of await listen([...silence, ...noise])) assert.ok(probability < 0.5, String(probability));
});

test('a stream is heard the same alone and among others', async () => {
  const alone = await listen(speech);
  const reversed = [...speech].reverse();
  const streams = [new SileroStream(), new SileroStream(), new SileroStream()] as const;
  const together: number[] = [];
  for (const [i, frame] of speech.entries()) {
    const others = [reversed[i] ?? frame, new Float32Array(SILERO_FRAME_SAMPLES)] as const;
    const probabilities = await silero.run([streams[1], streams[0], streams[2]], [others[0], frame, others[1]]);
    together.push(probabilities[1] ?? Number.NaN);
  }
  for (const [i, probability] of together.entries()) {
    assert.ok(Math.abs(probability - (alone[i] ?? Number.NaN)) < 1e-4, `frame ${i}: ${probability} and ${alone[i]}`);
  }
});

test('a stream that was reset hears as if for the first time', async () => {
  const stream = new SileroStream();
  const first = await listen(speech.slice(0, 20), stream);
  stream.reset();
  assert.deepEqual(await listen(speech.slice(0, 20), stream), first);
});

test('calls made at once are computed one after the other', async () => {
  const inTurn = await listen(speech.slice(0, 10));
  const stream = new SileroStream();
  const atOnce = await Promise.all(speech.slice(0, 10).map((frame) => silero.run([stream], [frame])));
  assert.deepEqual(
    atOnce.map(([probability]) => probability),
    inTurn,
  );
});

test('the native runtime and WASM come to the same decisions', async () => {
  const native = await Silero.load('native').catch((error: Error) => error);
  const wasm = await Silero.load('wasm');
  assert.equal(wasm.runtime, 'wasm');
  assert.equal(wasm.nativeProblem, undefined, 'it was not even tried');
  assert.equal(silero.runtime, native instanceof Error ? 'wasm' : 'native', 'the native one is taken where it works');
  assert.equal(silero.nativeProblem === undefined, !(native instanceof Error), 'and its absence has a reason');
  const [one, other] = await Promise.all(
    [native instanceof Error ? silero : native, wasm].map((runtime) => listen(speech, new SileroStream(), runtime)),
  );
  assert.equal(one?.length, speech.length);
  for (const [i, probability] of (one ?? []).entries()) {
    assert.ok(
      Math.abs(probability - (other?.[i] ?? Number.NaN)) < 1e-3,
      `frame ${i}: ${probability} and ${other?.[i]}`,
    );
  }
  await Promise.all([native, wasm].map((runtime) => (runtime instanceof Silero ? runtime.close() : undefined)));
});

test('a frame of the wrong length is refused, and the next call still works', async () => {
  await assert.rejects(silero.run([new SileroStream()], [new Float32Array(480)]), RangeError);
  await assert.rejects(silero.run([new SileroStream()], []), RangeError);
  assert.equal((await silero.run([new SileroStream()], [new Float32Array(SILERO_FRAME_SAMPLES)])).length, 1);
});

async function listen(
  frames: readonly Float32Array[],
  stream = new SileroStream(),
  runtime = silero,
): Promise<number[]> {
  const probabilities: number[] = [];
  for (const frame of frames) probabilities.push(...(await runtime.run([stream], [frame])));
  return probabilities;
}

function framesOf(samples: Float32Array): Float32Array[] {
  const count = Math.floor(samples.length / SILERO_FRAME_SAMPLES);
  return Array.from({ length: count }, (_, i) =>
    samples.subarray(i * SILERO_FRAME_SAMPLES, (i + 1) * SILERO_FRAME_SAMPLES),
  );
}
