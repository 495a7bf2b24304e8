import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening } from '../../shared/testing/listening.ts';
import { serveFile } from './static-files.ts';

test('a file of a new release is sent again, though it has the size and the time of the old one (images have one time)', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-static-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'app.js');
  const release = async (text: string) => {
    await writeFile(file, text);
    await utimes(file, 315_532_800, 315_532_800);
    // So coarse are the clocks of some file systems.
    await sleep(20);
  };
  const server = createServer((request, response) => void serveFile(file, "default-src 'none'", request, response));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${await listening(server)}/`;

  await release('let a = 1;');
  const first = await fetch(url);
  assert.equal(await first.text(), 'let a = 1;');
  const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
  assert.equal((await fetch(url, { headers })).status, 304);
  await release('let b = 2;');
  const again = await fetch(url, { headers });
  assert.deepEqual([again.status, await again.text()], [200, 'let b = 2;']);
});
