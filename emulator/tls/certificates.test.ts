import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadCertificate } from './certificates.ts';

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-tls-'));
  context.after(() => rm(folder, { recursive: true }));
  return folder;
}

test('a client that trusts the certificate, and only such a one, can talk to the server by any of its names', async (context) => {
  const { cert, key } = await loadCertificate();
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
  for (const host of ['localhost', '127.0.0.1', '::1']) assert.equal(await get(host, cert), 200);
  await assert.rejects(get('localhost', undefined), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});

test('the certificate is used again, and both files are their owner’s alone', async (context) => {
  const folder = await folderFor(context);
  const first = await loadCertificate(folder);
  assert.deepEqual(await loadCertificate(folder), first);
  const files = await readdir(folder);
  assert.equal(files.length, 2);
  for (const file of files) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
});

test('a certificate near its end, or that is broken, is made anew', async (context) => {
  const folder = await folderFor(context);
  const first = await loadCertificate(folder);
  const later = await loadCertificate(folder, new Date(Date.now() + 380 * 86_400_000));
  assert.notEqual(later.cert, first.cert);
  await writeFile(join(folder, 'emulator-ca.pem'), 'half a certif');
  assert.match((await loadCertificate(folder)).cert, /BEGIN CERTIFICATE/);
});
