import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DependencyError } from '../errors.ts';
import { FolderRecordStore } from './folder-store.ts';
import { recordStoreConformance } from './testing/record-store-conformance.ts';

const folder = await mkdtemp(join(tmpdir(), 'parley-records-'));
after(() => rm(folder, { recursive: true, force: true }));

recordStoreConformance('a folder', () => new FolderRecordStore(join(folder, 'records')));

test('nobody else on the machine may read what callers said', async () => {
  const store = new FolderRecordStore(join(folder, 'private'));
  await (await store.begin('one')).appendLines(Buffer.from('{}\n'));
  assert.equal((await stat(join(folder, 'private'))).mode & 0o077, 0);
  assert.equal((await stat(join(folder, 'private', 'one', 'record.jsonl'))).mode & 0o077, 0);
});

test('a part that is written again writes nothing twice', async () => {
  const store = new FolderRecordStore(join(folder, 'twice'));
  const part = await store.begin('one');
  await part.appendLines(Buffer.from('{"n":1}\n'));
  const before = await store.files('one');
  await chmod(join(folder, 'twice', 'one', 'record.jsonl'), 0o400);
  await part.appendLines(Buffer.from('{"n":2}\n')).catch(() => {});
  await chmod(join(folder, 'twice', 'one', 'record.jsonl'), 0o600);
  const [half] = await store.files('one');
  if (half?.bytes === before[0]?.bytes) await part.appendLines(Buffer.from('{"n":2}\n'));
  assert.equal((await store.files('one'))[0]?.bytes, 16);
});

test('a folder that cannot be one is a dependency that fails, and says which setting it is', async () => {
  const path = join(folder, 'a-file');
  await writeFile(path, '');
  await assert.rejects(new FolderRecordStore(path).begin('one'), (error) => {
    assert.ok(error instanceof DependencyError);
    assert.equal(error.code, 'records.refused');
    assert.match(error.message, /CALL_RECORDS_DIR/);
    return true;
  });
  assert.ok((await readdir(folder)).includes('a-file'));
});
