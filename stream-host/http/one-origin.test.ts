import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { errorBody } from '../../shared/http/error-answer.ts';
import { redisForTests, startHost } from '../testing/host-under-test.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

const asked: Asked[] = [];
const functions = createServer(async (incoming, response) => {
  const { method, url, headers } = incoming;
  asked.push({ method, url, headers, body: (await incoming.toArray()).join('') });
  response.writeHead(409, { 'content-type': 'application/json', 'retry-after': '2' }).end('{"from":"functions"}');
});
await once(functions.listen(0, '127.0.0.1'), 'listening');
after(() => functions.close().closeAllConnections());

const redis = await redisForTests();
const functionsUrl = `http://127.0.0.1:${(functions.address() as AddressInfo).port}`;
const host = await startHost(redis.url, { functionsUrl, allowedOrigins: ['https://friend.example'] });
const alone = await startHost(redis.url);

/** `fetch` does not let a Host be chosen. */
const statusAs = (name: string, path: string) =>
  new Promise<number>((resolve, reject) => {
    request({ port: new URL(host.http).port, path, headers: { host: name } }, (response) =>
      resolve(response.resume().statusCode ?? 0),
    )
      .on('error', reject)
      .end();
  });

test('one address has the whole API: what is the functions’ is handed on to them as it came, and their answer back (compat 4.1)', async () => {
  asked.length = 0;
  const response = await fetch(`${host.http}/api/v1/calls/initiate?code=k`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'key', 'x-functions-key': 'k' },
    body: '{"target_number":"+15551230000"}',
  });
  assert.deepEqual([response.status, response.headers.get('retry-after')], [409, '2']);
  assert.deepEqual(await response.json(), { from: 'functions' });
  assert.partialDeepStrictEqual(asked[0], {
    method: 'POST',
    url: '/api/v1/calls/initiate?code=k',
    body: '{"target_number":"+15551230000"}',
    headers: { 'idempotency-key': 'key', 'x-functions-key': 'k', host: new URL(functionsUrl).host },
  });
  for (const path of ['calls', 'calls/', 'calls/c-1', 'health/', 'readiness']) {
    assert.equal((await fetch(`${host.http}/api/v1/${path}`)).status, 409, path);
  }
  assert.equal((await fetch(`${host.http}/api/v1/realtime/status`)).status, 200, 'its own stay its own');
  assert.equal((await fetch(`${alone.http}/api/v1/calls`)).status, 404, 'only where FUNCTIONS_URL is set');
});

test('no page of another site, and none whose name was pointed here, places calls by this port (compat 4)', async () => {
  asked.length = 0;
  for (const origin of ['https://evil.example', 'null']) {
    const posted = await fetch(`${host.http}/api/v1/calls/initiate`, {
      method: 'POST',
      headers: { origin },
      body: '{}',
    });
    assert.equal(posted.status, 403);
    assert.equal(errorBody.parse(await posted.json()).error.code, 'origin.refused');
  }
  assert.equal(await statusAs('evil.example', '/api/v1/calls'), 403);
  assert.deepEqual(asked, []);
  for (const name of ['localhost:8080', '192.0.2.7:8080', '[::1]', 'friend.example', 'stream-host:8080']) {
    assert.equal(await statusAs(name, '/api/v1/calls'), 409, name);
  }
});

test('a page of an allowed site may ask beforehand and read the answers; another may not (compat 2.1)', async () => {
  const ask = (origin: string, method = 'GET', headers: Record<string, string> = {}) =>
    fetch(`${host.http}/api/v1/${method === 'GET' ? 'realtime/status' : 'calls/initiate'}`, {
      method,
      headers: { origin, ...headers },
    });
  for (const origin of ['https://friend.example', 'http://localhost:5173']) {
    const read = await ask(origin);
    assert.deepEqual([read.headers.get('access-control-allow-origin'), read.headers.get('vary')], [origin, 'origin']);
    const before = await ask(origin, 'OPTIONS', { 'access-control-request-method': 'POST' });
    assert.equal(before.status, 204);
    assert.match(before.headers.get('access-control-allow-headers') ?? '', /content-type/);
    assert.equal((await ask(origin, 'POST')).headers.get('access-control-allow-origin'), origin);
  }
  const foreign = await ask('https://evil.example');
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  assert.equal((await ask('https://evil.example', 'OPTIONS', { 'access-control-request-method': 'POST' })).status, 403);
});

test('a body over 1 MB is not handed on, and functions that are away are named', async () => {
  asked.length = 0;
  const large = await fetch(`${host.http}/api/v1/calls/initiate`, { method: 'POST', body: 'x'.repeat(1_048_577) });
  assert.equal(large.status, 413);
  assert.deepEqual(asked, []);
  const lonely = await startHost(redis.url, { functionsUrl: 'http://127.0.0.1:1' });
  const response = await fetch(`${lonely.http}/api/v1/calls`);
  const { error } = errorBody.parse(await response.json());
  assert.deepEqual([response.status, error.code], [503, 'functions.unreachable']);
  assert.match(error.message, /FUNCTIONS_URL/);
});
