import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { Bicep } from './bicep.ts';
import { KeptResults, keyOf } from './kept-results.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'parley-kept-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A new folder, with files. */
function folderWith(name: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = path.join(scratch, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

test('whatever is changed, named otherwise, moved, added or taken away among the files is another key; a time and a place are not', () => {
  const files = { 'main.bicep': 'a', 'modules/b.bicep': 'b', '.hidden': '' };
  const folder = folderWith('one', files);
  const key = keyOf(folder, 'lint');
  assert.equal(keyOf(folderWith('same', files), 'lint'), key);
  utimesSync(path.join(folder, 'main.bicep'), 1, 1);
  assert.equal(keyOf(folder, 'lint'), key);
  const others = [
    { ...files, 'main.bicep': 'b' },
    { ...files, 'main.bicep': '' },
    { 'other.bicep': 'a', 'modules/b.bicep': 'b' },
    { 'main.bicep': 'a', 'b.bicep': 'b' },
    { ...files, 'queries/new.kql': '' },
    { ...files, '.hidden': ' ' },
    { 'main.bicep': 'a' },
    // The same bytes, cut otherwise.
    { 'main.bicep': 'ab', 'modules/b.bicep': '' },
  ].map((each, at) => keyOf(folderWith(`other-${at}`, each), 'lint'));
  const keys = [key, keyOf(folder, 'format'), keyOf(folder, 'lint', ''), ...others];
  assert.equal(new Set(keys).size, keys.length);
});

test('a whole result is made once; one that broke off, and one that can’t be read, are made again', async () => {
  const folder = path.join(scratch, 'kept');
  const kept = new KeptResults(folder);
  let made = 0;
  const get = (key: string, isWhole: boolean) =>
    kept.get(key, z.number(), async () => {
      made += 1;
      return { result: made, isWhole };
    });
  assert.deepEqual([await get('a', true), await get('a', true)], [1, 1]);
  assert.deepEqual([await get('b', false), await get('b', false)], [2, 3]);
  writeFileSync(path.join(folder, 'a.json'), '"no number"');
  assert.equal(await get('a', true), 4);
  for (let at = 0; at < 100; at += 1) await get(`c-${at}`, true);
  assert.ok(readdirSync(folder).length <= 60);
});

const skip = process.platform === 'win32' && 'its compiler here is a script of a shell';

test('the compiler is asked again once a file, the compiler or the environment is another, and after it has failed', {
  skip,
}, async () => {
  const tools = folderWith('tools');
  mkdirSync(tools);
  const asked = path.join(tools, 'asked');
  const compilerThat = (ends: string) => {
    // A file of its own each time, as a release has.
    writeFileSync(path.join(tools, 'made'), `#!/bin/sh\necho run >> '${asked}'\necho '{}'\n${ends}\n`, { mode: 0o755 });
    renameSync(path.join(tools, 'made'), path.join(tools, 'bicep'));
    return { program: path.join(tools, 'bicep'), version: '0.49.2' };
  };
  const runs = () => (existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n').length : 0);
  const kept = new KeptResults(path.join(scratch, 'results'));
  const sources = folderWith('sources', { 'main.bicep': 'a' });
  const good = compilerThat('exit 0');
  await new Bicep(good, kept).template(sources);
  await new Bicep(good, kept).template(sources);
  assert.equal(runs(), 1);
  writeFileSync(path.join(sources, 'main.bicep'), 'b');
  await new Bicep(good, kept).template(sources);
  assert.equal(runs(), 2);
  await new Bicep({ ...good, version: '0.50.0' }, kept).template(sources);
  assert.equal(runs(), 3);
  await new Bicep(good, kept).parameters(sources, 'main.bicepparam', { A: '1' });
  await new Bicep(good, kept).parameters(sources, 'main.bicepparam', { A: '2' });
  assert.equal(runs(), 5);
  const failing = compilerThat('exit 1 # as it has no memory');
  assert.equal(await new Bicep(failing, kept).template(sources), undefined);
  assert.equal(await new Bicep(failing, kept).template(sources), undefined);
  assert.equal(runs(), 7);
});
