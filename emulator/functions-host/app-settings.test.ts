import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readAppSettings, readLocalSettings } from './app-settings.ts';

function folder(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'app-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const hostJson = JSON.stringify({ version: '2.0', extensions: { http: { routePrefix: 'v9' } } });
const packageJson = JSON.stringify({ main: 'dist/{app,triggers/*}.js' });

test('the source stands for the build, and a glob for all its files', (t) => {
  const files = { 'host.json': hostJson, 'package.json': packageJson, 'dist/app.js': '' };
  const built = folder(t, files);
  assert.deepEqual(readAppSettings(built), { routePrefix: 'v9', entries: [join(built, 'dist/app.js')] });
  const source = folder(t, { ...files, 'app.ts': '', 'triggers/b.ts': '', 'triggers/a.ts': '' });
  const names = ['app.ts', 'triggers/a.ts', 'triggers/b.ts'];
  assert.deepEqual(
    readAppSettings(source).entries,
    names.map((name) => join(source, name)),
  );
  assert.deepEqual(readAppSettings(source, 'dist/app.js').entries, [join(source, 'dist/app.js')]);
});

test('the prefix is "api" where host.json says nothing', (t) => {
  const root = folder(t, { 'host.json': '{"version":"2.0"}', 'package.json': '{"main":"app.js"}', 'app.js': '' });
  assert.equal(readAppSettings(root).routePrefix, 'api');
});

test('a file that is missing or wrong is named', (t) => {
  assert.throws(() => readAppSettings(folder(t, {})), /host\.json cannot be read/);
  assert.throws(() => readAppSettings(folder(t, { 'host.json': '{' })), /host\.json is not as the host needs it/);
  const root = folder(t, { 'host.json': hostJson, 'package.json': packageJson });
  assert.throws(() => readAppSettings(root), /names no file/);
});

test('local settings are those of func, and need not be there', (t) => {
  assert.deepEqual(readLocalSettings(folder(t, {})), {});
  const root = folder(t, { 'local.settings.json': '{"IsEncrypted":false,"Values":{"A":"1"}}' });
  assert.deepEqual(readLocalSettings(root), { A: '1' });
});
