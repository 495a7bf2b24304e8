import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { BICEP_VERSION, findCompiler } from './find-compiler.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'parley-compilers-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A program that says which version it is. */
function compilerIn(folder: string, version: string): string {
  mkdirSync(path.join(scratch, folder), { recursive: true });
  const file = path.join(scratch, folder, 'bicep');
  writeFileSync(file, `#!/bin/sh\necho "Bicep CLI version ${version} (0123456789)"\n`, { mode: 0o755 });
  return file;
}

const skip = process.platform === 'win32' && 'its programs here are scripts of a shell';

test('what BICEP names is taken whatever its version, and nothing stands in for it where it does not run', {
  skip,
}, async () => {
  const program = compilerIn('named', '0.30.23');
  assert.deepEqual(await findCompiler({ BICEP: program, PATH: '' }), { program, version: '0.30.23' });
  const found = await findCompiler({ BICEP: path.join(scratch, 'nobody'), PATH: path.join(scratch, 'named') });
  assert.match('missing' in found ? found.missing : '', /BICEP is ".*nobody", which does not run/);
});

test('one of the PATH is taken before those of az and azd, and one that is too old is none', { skip }, async () => {
  const onPath = compilerIn('path', '0.100.1');
  const ofAzd = compilerIn('home/.azd/bin', BICEP_VERSION);
  compilerIn('old', '0.36.1');
  const env = { HOME: path.join(scratch, 'home') };
  const newest = await findCompiler({ ...env, PATH: path.dirname(onPath) });
  assert.deepEqual(newest, { program: onPath, version: '0.100.1' });
  const other = await findCompiler({ ...env, PATH: path.join(scratch, 'old') });
  assert.deepEqual(other, { program: ofAzd, version: BICEP_VERSION });
});

test('without any, and without dotnet, it is said where it was looked for', async () => {
  const found = await findCompiler({ HOME: path.join(scratch, 'empty'), PATH: '' });
  assert.deepEqual(found, { missing: 'no Bicep CLI (BICEP, PATH, az, azd) and no dotnet to restore one with' });
});
