import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import tls from 'node:tls';
import { DependencyError } from '../shared/errors.ts';
import { BlobRecordStore } from '../shared/records/blob-store.ts';
import { recordStoreConformance } from '../shared/records/testing/record-store-conformance.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { freePorts } from '../shared/testing/free-ports.ts';
import { type Azurite, mustHaveAzurite, NoAzurite, startAzurite } from './testing/azurite.ts';
import { RunningStack } from './testing/running-stack.ts';
import { threeChances } from './testing/three-chances.ts';

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

  test('a call’s record is written there by the identity of the host, read by that of the functions, and erased', async (t) => {
    const [emulator = 0] = await freePorts(1);
    const folder = await mkdtemp(path.join(tmpdir(), 'parley-blob-call-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const trusted = path.join(folder, 'trusted.pem');
    await writeFile(trusted, azurite?.certificate ?? '');
    const stack = await RunningStack.start({
      SPEECH_MODEL: 'by-heart',
      EMULATOR_PORT: String(emulator),
      IDENTITY_ENDPOINT: `http://127.0.0.1:${emulator}/msi/token`,
      IDENTITY_HEADER: 'of-this-test',
      NODE_EXTRA_CA_CERTS: trusted,
      CALL_RECORDS_URL: `${azurite?.url}/${CONTAINER}`,
      RECORD_AUDIO: 'true',
    });
    t.after(() => stack.close());
    let id = '';
    await threeChances(async () => {
      const from = stack.log.length;
      const { exitCode, problems } = await stack.call('--number', '+15551239872', '--say', 'What about order 1042?');
      assert.equal(exitCode, 0, problems);
      const line = await stack.logged(/the conversation begins/, from);
      id = /session=(\S+)/.exec(line)?.[1] ?? '';
    })(t);
    const url = `${stack.functionsUrl}/api/v1/calls/${id}`;
    let text = '';
    await eventually(async () => {
      text = await (await fetch(`${url}/record`)).text();
      return /"line":"end"/.test(text);
    });
    assert.match(text, /"event":"callerFinal".*order/i);
    assert.deepEqual(
      (await open().files(id)).map(({ name }) => name),
      ['record.jsonl', 'audio.wav'],
    );
    await eventually(async () => (await fetch(url, { method: 'DELETE' })).status === 200);
    const { ContainerClient } = await import('@azure/storage-blob');
    const container = new ContainerClient(`${azurite?.url}/${CONTAINER}`, azurite?.credential ?? NOBODY);
    const left: string[] = [];
    const all = { includeDeleted: true, includeSnapshots: true, includeUncommitedBlobs: true };
    for await (const { name } of container.listBlobsFlat({ prefix: id, ...all })) left.push(name);
    assert.deepEqual(left, [], 'no blob, no snapshot, no block');
  });
});

const NOBODY = { getToken: async () => null };
