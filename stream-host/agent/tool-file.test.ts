import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadTool } from './tool-file.ts';

test('a tool whose file waits for ever as it is loaded is named, and holds nothing up', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tool-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'hang.ts'), 'await new Promise(() => {});');
  const options = { folder: pathToFileURL(`${folder}/`), services: {}, reloadable: true, where: 'a.yaml: tools[0]' };
  await assert.rejects(loadTool('hang', { ...options, loadMs: 50 }), {
    message: /^a\.yaml: tools\[0\]: .*hang\.ts cannot be loaded: what it awaits has not come within 50 ms$/,
  });
});
