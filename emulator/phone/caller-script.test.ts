import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../../shared/errors.ts';
import { type Line, loadUtterances } from './caller-script.ts';

test('questions are the lines of a file; a file that is none is a wrong option, whatever is wrong with it (newcomer 5.2-17)', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'script-'));
  t.after(() => rm(folder, { recursive: true }));
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const requests = { speech: async (text: string) => new Uint8Array(text.length) };
  const load = (...lines: Line[]) => loadUtterances(lines, { cutsIn: false, voice: 'awb', requests });
  const questions = await write('questions.txt', '# Some\n\nHow late is it?\n  Thanks. \n');
  assert.deepEqual(
    (await load({ say: 'Hello' }, { questions })).map(({ label }) => label),
    ['Hello', 'How late is it?', 'Thanks.'],
  );
  const refused = (line: Line, message: RegExp) =>
    assert.rejects(load(line), (error) => error instanceof ConfigError && message.test(error.message));
  await refused({ questions: await write('empty.txt', '# Nothing\n') }, /--questions .*no question/);
  await refused({ questions: join(folder, 'none.txt') }, /--questions .*none\.txt cannot be read/);
  await refused({ wav: join(folder, 'none.wav') }, /--wav .*none\.wav cannot be used/);
  await refused({ wav: questions }, /--wav .*questions\.txt cannot be used: .*not a WAV file/);
});
