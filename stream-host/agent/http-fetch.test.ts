import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { httpFetch, readableOf } from './http-fetch.ts';

async function startServer(context: TestContext, handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const POST = { method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer key' } };

test('the request arrives as given, and the response is one like any other', async (context) => {
  const url = await startServer(context, async (request, response) => {
    const { authorization, 'content-length': length } = request.headers;
    const seen = { method: request.method, path: request.url, authorization, length, body: await text(request) };
    response.writeHead(429, { 'retry-after-ms': '5' }).end(JSON.stringify(seen));
  });
  const response = await httpFetch(new URL('/chat?v=1', url), { ...POST, body: 'Grüße' });
  assert.deepEqual([response.status, response.ok, response.headers.get('retry-after-ms')], [429, false, '5']);
  assert.deepEqual(await response.json(), {
    method: 'POST',
    path: '/chat?v=1',
    authorization: 'Bearer key',
    length: '7',
    body: 'Grüße',
  });
});

test('the bytes can be read from where they come, whoever fetched them', async (context) => {
  const url = await startServer(context, (_request, response) => response.end('bytes'));
  assert.equal(await text(readableOf(await httpFetch(url, { ...POST, body: '{}' }))), 'bytes');
  assert.equal(await text(readableOf(await httpFetch(url))), 'bytes');
  assert.equal(await text(readableOf(new Response(null))), '');
});

test('a request that is moved is asked for where it went, with its body', async (context) => {
  const url = await startServer(context, async (request, response) => {
    const body = await text(request);
    if (request.url === '/old') response.writeHead(307, { location: '/new' }).end('moved');
    else response.end(`${request.method} ${request.url} ${body}`);
  });
  const response = await httpFetch(`${url}/old`, { ...POST, body: 'question' });
  assert.equal(await response.text(), 'POST /new question');
});

test('a response without a body is one', async (context) => {
  const url = await startServer(context, (_request, response) => response.writeHead(204).end());
  const response = await httpFetch(url, { ...POST, body: '{}' });
  assert.deepEqual([response.status, response.body], [204, null]);
});

test('an abort before, while waiting and while reading is an abort', { timeout: 5000 }, async (context) => {
  const arrivals: ServerResponse[] = [];
  const url = await startServer(context, (request, response) => {
    arrivals.push(response);
    if (request.url === '/read') response.write('first');
  });
  const aborted = { name: 'AbortError' };
  await assert.rejects(httpFetch(url, { ...POST, body: '{}', signal: AbortSignal.abort() }), aborted);
  assert.equal(arrivals.length, 0);

  const waiting = new AbortController();
  const answer = httpFetch(url, { ...POST, body: '{}', signal: waiting.signal });
  while (arrivals.length === 0) await new Promise(setImmediate);
  waiting.abort();
  await assert.rejects(answer, aborted);

  const reading = new AbortController();
  const response = await httpFetch(`${url}/read`, { ...POST, body: '{}', signal: reading.signal });
  const body = response.text();
  reading.abort();
  await assert.rejects(body);
  for (const each of arrivals) if (!each.closed) await once(each, 'close');
});

test('a body that is not wanted frees its connection', { timeout: 5000 }, async (context) => {
  const closed = Promise.withResolvers<void>();
  const url = await startServer(context, (_request, response) => {
    response.on('close', closed.resolve);
    response.write('endless');
  });
  const response = await httpFetch(url, { ...POST, body: '{}' });
  await response.body?.cancel();
  await closed.promise;
});

test('a server that cannot be reached is an error', async () => {
  await assert.rejects(httpFetch('http://127.0.0.1:1/', { ...POST, body: '{}' }), { code: 'ECONNREFUSED' });
});
