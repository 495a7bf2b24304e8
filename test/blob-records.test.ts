import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import tls from 'node:tls';
import { DependencyError } from '../shared/errors.ts';
import { BlobRecordStore } from '../shared/records/blob-store.ts';
import { recordStoreConformance } from '../shared/records/testing/record-store-conformance.ts';
import { type Azurite, mustHaveAzurite, NoAzurite, startAzurite } from './testing/azurite.ts';

const CONTAINER = 'call-records';

let azurite: Azurite | undefined;
let reason: string | undefined;
try {
  azurite = await startAzurite();
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), azurite.certificate]);
} catch (error) {
  if (!(error instanceof NoAzurite) || mustHaveAzurite()) throw error;
  reason = `Azurite is not here, so nothing of Azure Storage was tried: ${error.message}`;
}

suite('records in Azure Storage, on Azurite with an identity over TLS', { skip: reason }, () => {
  const open = () =>
    new BlobRecordStore({ url: `${azurite?.url}/${CONTAINER}`, credential: azurite?.credential ?? NOBODY });

  before(async () => {
    const { ContainerClient } = await import('@azure/storage-blob');
    await new ContainerClient(`${azurite?.url}/${CONTAINER}`, azurite?.credential ?? NOBODY).create();
  });

  after(() => azurite?.close());

  recordStoreConformance('a container', open);

  test('an append whose answer was lost is not made twice', async () => {
    const [store, id] = [open(), randomUUID()];
    const part = await store.begin(id);
    await part.appendLines(Buffer.from('{"n":1}\n'));
    // As if it had been sent before, and nobody had heard of it.
    const { ContainerClient } = await import('@azure/storage-blob');
    const container = new ContainerClient(`${azurite?.url}/${CONTAINER}`, azurite?.credential ?? NOBODY);
    await container.getAppendBlobClient(`${id}/record.jsonl`).appendBlock('{"n":2}\n', 8);
    await part.appendLines(Buffer.from('{"n":2}\n'));
    await part.appendLines(Buffer.from('{"n":3}\n'));
    assert.equal((await store.files(id))[0]?.bytes, 24);
  });

  test('a key opens nothing, nor a token for something else', async () => {
    const expired = { getToken: async () => ({ token: 'x.y.z', expiresOnTimestamp: Date.now() + 60_000 }) };
    const store = new BlobRecordStore({ url: `${azurite?.url}/${CONTAINER}`, credential: expired });
    await assert.rejects(store.begin(randomUUID()), (error) => {
      assert.ok(error instanceof DependencyError);
      assert.equal(error.code, 'records.refused');
      return true;
    });
  });

  test('a container that is not there is refused, and waited for by whoever writes', async () => {
    const store = new BlobRecordStore({ url: `${azurite?.url}/none`, credential: azurite?.credential ?? NOBODY });
    await assert.rejects(store.begin(randomUUID()), /records.refused|said 404/);
  });

  test('what was erased is in none of its files any more', async () => {
    const [store, id, word] = [open(), randomUUID(), `zyzzyva${randomUUID()}`];
    const part = await store.begin(id);
    await part.appendLines(Buffer.from(`${JSON.stringify({ word })}\n`));
    const folder = azurite?.folder ?? '';
    await store.erase(id);
    assert.deepEqual(await store.files(id), []);
    // Azurite frees the bytes of what was deleted in a sweep of its own; no listing and no blob has them any more.
    const names = await readdir(folder, { recursive: true });
    const databases = names.filter((name) => name.endsWith('.json'));
    for (const name of databases) {
      assert.ok(!(await readFile(path.join(folder, name), 'utf8')).includes(word), `${name} still has the word`);
    }
  });
});

const NOBODY = { getToken: async () => null };
