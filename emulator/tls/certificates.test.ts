import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadCertificates } from './certificates.ts';

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-tls-'));
  context.after(() => rm(folder, { recursive: true }));
  return folder;
}

const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

test('a client that trusts the authority, and only such a one, can talk to the server by any of its names', async (context) => {
  const { ca, cert, key } = await loadCertificates();
  const server = createServer({ cert, key }, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const get = (host: string, trusted: string | undefined) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request({ host, port, agent: false, ...(trusted && { ca: trusted }) }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject).end();
    });
  for (const host of ['localhost', '127.0.0.1', '::1']) assert.equal(await get(host, ca), 200);
  await assert.rejects(get('localhost', undefined), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
});

test('certificates are used again, and every file is its owner’s alone', async (context) => {
  const folder = await folderFor(context);
  const first = await loadCertificates(folder);
  assert.deepEqual(await loadCertificates(folder), first);
  const files = await readdir(folder);
  assert.equal(files.length, 4);
  for (const file of files) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
});

test('a server certificate near its end is renewed under the same authority', async (context) => {
  const folder = await folderFor(context);
  const first = await loadCertificates(folder);
  const later = await loadCertificates(folder, inDays(380));
  assert.equal(later.ca, first.ca);
  assert.notEqual(later.cert, first.cert);
});

test('an authority near its end is renewed, and the server certificate with it', async (context) => {
  const folder = await folderFor(context);
  const first = await loadCertificates(folder, inDays(-3_640));
  const now = await loadCertificates(folder);
  assert.notEqual(now.ca, first.ca);
  assert.notEqual(now.cert, first.cert);
});

test('files that are broken are made anew', async (context) => {
  const folder = await folderFor(context);
  const first = await loadCertificates(folder);
  await writeFile(join(folder, 'emulator-server.pem'), 'half a certif');
  const mended = await loadCertificates(folder);
  assert.equal(mended.ca, first.ca);
  assert.match(mended.cert, /BEGIN CERTIFICATE/);
});
