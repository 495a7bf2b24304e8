import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { slimProgram } from './slim-program.ts';

test('Node runs as before without what only debuggers read, and is smaller', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-slim-'));
  t.after(() => rm(folder, { recursive: true }));
  const whole = await readFile(process.execPath);
  const slim = slimProgram(whole);
  assert.ok(slim.length < whole.length);
  const file = path.join(folder, 'node');
  await writeFile(file, slim, { mode: 0o755 });
  const script = `
    const { Worker } = require('node:worker_threads');
    require('node:crypto').createHash('sha256').update('x');
    new Worker('require("node:worker_threads").parentPort.postMessage(process.version)', { eval: true })
      .on('message', (version) => console.log(version));`;
  const { stdout } = await promisify(execFile)(file, ['-e', script]);
  assert.equal(stdout.trim(), process.version);
  assert.deepEqual(slimProgram(slim), slim, 'a second time there is nothing left to take');
});

test('what is no Linux program stays as it is', () => {
  for (const file of [Buffer.alloc(0), Buffer.from('MZ'), Buffer.from(`#!/bin/sh\n${'echo hello\n'.repeat(20)}`)]) {
    assert.equal(slimProgram(file), file);
  }
});
