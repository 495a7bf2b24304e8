import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import { Flite } from '../../emulator/speech/flite.ts';
import { bytesOf, toFloat32 } from './pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero, SileroStream } from './silero.ts';

const CONTEXT = 64;
const packageFile = import.meta.resolve('@ricky0123/vad-web/package.json');
const published = await readFile(fileURLToPath(new URL('./dist/silero_vad_v6.onnx', packageFile)));

test('arranged for many streams, the model still says what it said as published', async () => {
  env.wasm.numThreads = 1;
  env.logLevel = 'error';
  const [original, silero, flite] = await Promise.all([
    InferenceSession.create(published, { executionProviders: ['wasm'] }),
    Silero.load(),
    Flite.load(),
  ]);
  const speech = toFloat32(bytesOf(flite.speak('Could you tell me where my order is, please?', 'rms', 1).samples));
  // Speech, speech in noise, and noise alone, one after the other.
  const noisy = speech.map((sample, i) => sample + 0.05 * Math.sin(i * i));
  const noise = Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i * i * 0.7));
  const audio = Float32Array.from([...speech, ...noisy, ...noise]);

  const stream = new SileroStream();
  let state = new Float32Array(2 * 128);
  let context = new Float32Array(CONTEXT);
  let spoken = 0;
  for (let at = 0; at + SILERO_FRAME_SAMPLES <= audio.length; at += SILERO_FRAME_SAMPLES) {
    const frame = audio.slice(at, at + SILERO_FRAME_SAMPLES);
    const outputs = await original.run({
      input: new Tensor('float32', Float32Array.from([...context, ...frame]), [1, CONTEXT + SILERO_FRAME_SAMPLES]),
      state: new Tensor('float32', state, [2, 1, 128]),
      sr: new Tensor('int64', BigInt64Array.of(16_000n), []),
    });
    context = frame.slice(-CONTEXT);
    state = Float32Array.from(outputs.stateN?.data as Float32Array);
    const expected = Number(outputs.output?.data[0]);
    const [probability = Number.NaN] = await silero.run([stream], [frame]);
    assert.ok(Math.abs(probability - expected) < 1e-4, `at sample ${at}: ${probability} instead of ${expected}`);
    spoken += expected > 0.5 ? 1 : 0;
  }
  assert.ok(spoken > 50, `${spoken} frames of speech`);
  await Promise.all([original.release(), silero.close()]);
});
