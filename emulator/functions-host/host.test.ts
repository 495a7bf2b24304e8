import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { FunctionsHost } from './host.ts';

const lines: { msg: string; function?: string }[] = [];
const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
const entry = 'emulator/functions-host/testing/app.ts';
let host: FunctionsHost;
// Imported after the host has put its core in place: the library looks for it as soon as something is registered.
let heard: string[];

before(async () => {
  const keys = { master: 'master-key', host: 'host-key' };
  const root = join(import.meta.dirname, '../..');
  const ownHosts = ['functions.example'];
  host = await FunctionsHost.start({ root, port: 0, entry, log, keys, ownHosts, maxBodyBytes: 1000 });
  ({ heard } = await import('./testing/app.ts'));
});
after(() => host.close());

const call = (path: string, init?: RequestInit) => fetch(`${host.baseUrl}/${path}`, init);

test('the app starts through the real library, and triggers that cannot be served are named', () => {
  assert.ok(lines.some((line) => line.function === 'clockwork'));
});

test('a request reaches the handler whole, and its answer comes back whole', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { 'X-Given': 'yes', traceparent };
  const response = await call('Echo/a%20b/3?q=z', { method: 'POST', body: 'héllo', headers });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('x-function'), 'echo');
  assert.equal(response.headers.get('set-cookie'), 'c=1');
  assert.deepEqual(await response.json(), {
    method: 'POST',
    url: `${host.baseUrl}/Echo/a%20b/3?q=z`,
    params: { name: 'a b', n: '3' },
    query: { q: 'z' },
    header: 'yes',
    text: 'héllo',
    traceParent: traceparent,
  });
});

test('an unknown path and a wrong method are 404 alike, as is a path outside the prefix', async () => {
  assert.equal((await call('nowhere')).status, 404);
  assert.equal((await call('echo/a')).status, 404);
  assert.equal((await call('echo/a/3/b', { method: 'POST' })).status, 404);
  assert.equal((await fetch(`${host.url}/echo/a`, { method: 'POST' })).status, 404);
  assert.equal((await fetch(host.url)).status, 200);
});

test('overlapping routes are tried in the order of the functions’ names', async () => {
  assert.equal(await (await call('overlap/fixed')).text(), 'a');
  assert.equal(await (await call('overlap/other')).text(), 'b');
});

test('a handler that throws is 500 with an empty body', async () => {
  const response = await call('throws');
  assert.deepEqual([response.status, await response.text()], [500, '']);
});

test('a handler that answers nothing is 204', async () => {
  assert.equal((await call('nothing')).status, 204);
});

test('keys are looked for in the header, then in the query; without one the answer is 401 and empty', async () => {
  assert.equal((await call('keyed')).status, 401);
  assert.equal(await (await call('keyed')).text(), '');
  assert.equal((await call('keyed?code=host-key')).status, 200);
  assert.equal((await call('keyed', { headers: { 'x-functions-key': 'master-key' } })).status, 200);
  assert.equal((await call('keyed?code=host-key', { headers: { 'x-functions-key': 'wrong' } })).status, 401);
});

test('a body that does not say its length never reaches the function, as in Azure', async () => {
  const response = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${host.baseUrl}/echo/a`, { method: 'POST' }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve(text);
    });
    request.on('error', reject);
    request.write('chunked');
    request.end();
  });
  assert.equal(JSON.parse(response).text, '');
});

/** The status of a request that `fetch` would not send. */
const raw = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(host.url, { method, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    request.on('error', reject).end();
  });

test('a page of another site can run no function with its visitor’s browser (Lesser: local ports)', async () => {
  const nothing = `${new URL(host.baseUrl).pathname}/nothing`;
  const origin = 'https://evil.example';
  assert.equal(await raw(nothing, { origin, 'content-type': 'text/plain' }, 'POST'), 403);
  assert.equal(await raw(nothing, { origin: 'null' }), 403);
  assert.equal(await raw(nothing, { host: 'evil.example' }), 403);
  assert.equal(await raw(nothing, { host: 'functions.example', origin: 'https://functions.example' }), 204);
  assert.equal(await raw(nothing, { origin: 'http://localhost:8080' }), 204);
});

test('a request line that is no address finds nothing, and harms nothing (H11)', async () => {
  for (const path of ['//', '//[', 'http://', '/%', '/\\['])
    assert.ok([200, 404].includes((await raw(path)) ?? 0), path);
  assert.equal((await fetch(host.url)).status, 200);
});

test('a body that is too long is refused before it is read (Lesser: 100 MB to callbacks)', async () => {
  assert.equal(await raw(`${new URL(host.baseUrl).pathname}/echo/a`, { 'content-length': '1001' }, 'POST'), 413);
  assert.equal((await call('echo/a', { method: 'POST', body: 'x'.repeat(1000) })).status, 201);
});

test('closing lets running requests end before the app’s own end, but waits for no body (Lesser: slow bodies)', async () => {
  const running = call('slow');
  const { port, pathname } = new URL(host.baseUrl);
  const half = connect(Number(port), '127.0.0.1').on('error', () => {});
  const cut = new Promise<string>((resolve) => half.resume().once('close', () => resolve('cut')));
  half.write(
    `POST ${pathname}/echo/a HTTP/1.1\r\nhost: 127.0.0.1\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n`,
  );
  // The host has read its head, and waits for a body.
  await once(half, 'data');
  const closed = Promise.all([host.close(), host.close()]);
  assert.equal(await (await running).text(), 'terminated: false');
  // Less than the host waits for what is running.
  const patience = new Promise<string>((resolve) => setTimeout(resolve, 4000, 'open').unref());
  assert.equal(await Promise.race([cut, patience]), 'cut');
  await closed;
  assert.equal(heard.filter((line) => line === 'appTerminate').length, 1);
  await assert.rejects(call('slow'));
});
