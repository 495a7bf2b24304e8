import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';

const MODEL = new URL('./silero.ts', import.meta.url).href;
const TELEMETRY = new URL('./onnx-telemetry.ts', import.meta.url).href;

/** Loads the native runtime, works with it, and says which runtime it was. */
const JUDGE = `
  const { Silero, SileroStream } = await import(${JSON.stringify(MODEL)});
  const silero = await Silero.load('auto');
  await silero.run([new SileroStream()], [new Float32Array(512)]);
  console.log(silero.runtime, silero.nativeProblem ?? '');
  await silero.close();
`;

/** In a worker thread, as the stream host and the emulator have it. */
const inWorker = (before: string) => `
  import { Worker } from 'node:worker_threads';
  import { disableOnnxTelemetry } from ${JSON.stringify(TELEMETRY)};
  ${before}
  new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(JUDGE)})));
`;

/** Runs a module in a process whose home and temporary folder are its own; gives its output and every file it left. */
async function run(context: TestContext, source: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-onnx-'));
  context.after(() => rm(folder, { recursive: true }));
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    env: { ...env, HOME: folder, USERPROFILE: folder, XDG_CACHE_HOME: folder, TMPDIR: folder, TEMP: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, output, files: await readdir(folder, { recursive: true }) };
}

const hasNative = (() => {
  try {
    return createRequire(import.meta.url).resolve('onnxruntime-node') !== '';
  } catch {
    return false;
  }
})();

for (const [where, source] of [
  ['on the main thread', JUDGE],
  ['in a worker thread', inWorker('disableOnnxTelemetry();')],
] as const) {
  test(`the native runtime leaves no log, no device id and no events behind ${where} (H9)`, async (context) => {
    const { exitCode, output, files } = await run(context, source);
    assert.deepEqual([exitCode, files], [0, []]);
    if (hasNative) assert.match(output, /^native/);
  });
}

test('a thread whose starter forgot to disable telemetry does without the native runtime, and says why (H9)', async (context) => {
  const { exitCode, output, files } = await run(context, inWorker(''));
  assert.deepEqual([exitCode, files], [0, []]);
  assert.match(output, /^wasm .*ORT_DISABLE_TELEMETRY/);
});
