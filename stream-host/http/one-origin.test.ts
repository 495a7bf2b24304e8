import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { errorBody } from '../../shared/http/error-body.ts';
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
  for (const path of ['calls', 'calls/', 'calls/c-1', 'readiness']) {
    assert.equal((await fetch(`${host.http}/api/v1/${path}`)).status, 409, path);
  }
  assert.equal((await fetch(`${host.http}/api/v1/realtime/status`)).status, 200, 'its own stay its own');
  assert.equal((await fetch(`${alone.http}/api/v1/calls`)).status, 404, 'only where FUNCTIONS_URL is set');
});

test('the port of the stream host says of itself alone that it is healthy (health spoke for the functions)', async () => {
  for (const each of [host, alone]) {
    for (const path of ['health', 'health/']) {
      const response = await fetch(`${each.http}/api/v1/${path}`);
      const { details } = (await response.json()) as { details: { service: string } };
      assert.deepEqual([response.status, details.service], [200, 'parley-stream-host']);
    }
  }
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
  assert.deepEqual([large.status, errorBody.parse(await large.json()).error.code], [413, 'request.too-large']);
  assert.deepEqual(asked, []);
  const lonely = await startHost(redis.url, { functionsUrl: 'http://127.0.0.1:1' });
  const response = await fetch(`${lonely.http}/api/v1/calls`);
  const { error } = errorBody.parse(await response.json());
  assert.deepEqual([response.status, error.code], [503, 'functions.unreachable']);
  assert.match(error.message, /FUNCTIONS_URL/);
});

/** What is answered to bytes that `fetch` would not send. Asks to be closed behind it. */
const answerTo = (head: string, to = host.http) => {
  const socket = connect(Number(new URL(to).port), '127.0.0.1');
  socket.write(head.replaceAll('\n', '\r\n'));
  return text(socket);
};

test('a GET or HEAD with a body is answered as one without (proxy: body of a GET)', async () => {
  asked.length = 0;
  for (const method of ['GET', 'HEAD']) {
    const answer = await answerTo(
      `${method} /api/v1/calls HTTP/1.1\nhost: localhost\nconnection: close\ncontent-length: 2\n\n{}`,
    );
    assert.match(answer, /^HTTP\/1\.1 409 /, method);
  }
  assert.deepEqual(
    asked.map(({ method, body }) => [method, body]),
    [
      ['GET', ''],
      ['GET', ''],
    ],
  );
});

test('a client that offers HTTP/2 with its request is answered without it: Java’s does, and curl --http2 (realtime reader: h2c)', async () => {
  asked.length = 0;
  const offer = 'connection: Upgrade, HTTP2-Settings, close\nupgrade: h2c\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA';
  const own = await answerTo(`GET /healthz HTTP/1.1\nhost: localhost\n${offer}\n\n`);
  assert.match(own, /^HTTP\/1\.1 200 .*"status":"ok"/s);
  const body = 'content-length: 28\n\n{"target_number":"+1555123"}';
  const handedOn = await answerTo(`POST /api/v1/calls/initiate HTTP/1.1\nhost: localhost\n${offer}\n${body}`);
  assert.match(handedOn, /^HTTP\/1\.1 409 /);
  assert.equal(asked[0]?.body, '{"target_number":"+1555123"}');
});

test('who sends all of a body that is too large before he reads an answer gets one (realtime reader: 413)', async () => {
  const body = 'x'.repeat(8_000_000);
  const socket = connect(Number(new URL(host.http).port), '127.0.0.1');
  const head = `POST /api/v1/calls/initiate HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`;
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject).write(head + body, () => resolve());
  });
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 413 /);
  socket.destroy();
});

test('HEAD of a route of the functions is answered as GET is, without the body (proxy: HEAD)', async () => {
  const answer = await answerTo('HEAD /api/v1/calls HTTP/1.1\nhost: localhost\nconnection: close\n\n');
  assert.match(answer, /^HTTP\/1\.1 409 .*content-length: 20\r\n.*\r\n\r\n$/s);
});

test('a wrong method on a route of the functions is told which are right there (proxy: Allow)', async () => {
  asked.length = 0;
  const wrong = [
    ['PUT', 'calls/initiate', 'POST'],
    ['GET', 'calls/initiate', 'POST'],
    ['GET', 'calls/c-1/hangup', 'POST'],
    ['DELETE', 'calls/answer', 'POST, OPTIONS'],
    ['PUT', 'calls/c-1', 'GET, HEAD, DELETE'],
  ] as const;
  for (const [method, path, allow] of wrong) {
    const response = await fetch(`${host.http}/api/v1/${path}`, { method });
    assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], `${method} ${path}`);
    assert.equal(errorBody.parse(await response.json()).error.code, 'method.not-allowed');
  }
  assert.deepEqual(asked, []);
});

test('an unknown route is unknown, whatever the method: none could be right there (breaker16b K)', async () => {
  for (const method of ['GET', 'POST', 'DELETE']) {
    const response = await fetch(`${host.http}/api/v1/nothing/here`, { method });
    const { code } = errorBody.parse(await response.json()).error;
    assert.deepEqual([response.status, code], [404, 'route.unknown'], method);
  }
});

test('a client that leaves in the middle of an upload is no failure of ours (proxy: aborted upload)', async () => {
  const lines: { level: number; msg: string }[] = [];
  const left = Promise.withResolvers<void>();
  const write = (line: string) => {
    lines.push(JSON.parse(line));
    if (line.includes('a client left')) left.resolve();
  };
  const writing = await startHost(redis.url, { functionsUrl, log: pino({ level: 'debug' }, { write }) });
  const socket = connect(Number(new URL(writing.http).port), '127.0.0.1');
  socket.write('POST /api/v1/calls/initiate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf', () =>
    setTimeout(() => socket.resetAndDestroy(), 50),
  );
  await left.promise;
  assert.deepEqual(
    lines.filter(({ level }) => level > 30),
    [],
  );
});

test('a path that cannot be decoded is answered in the shape of an error (proxy: %ff%zz)', async () => {
  asked.length = 0;
  const response = await fetch(`${host.http}/api/v1/calls/%ff%zz`);
  assert.deepEqual([response.status, errorBody.parse(await response.json()).error.code], [404, 'route.unknown']);
  assert.deepEqual(asked, []);
});

test('a request in absolute form asks for its path, at the host that it names there (proxy: absolute form)', async () => {
  asked.length = 0;
  const ask = (target: string) => answerTo(`GET ${target} HTTP/1.1\nhost: localhost\nconnection: close\n\n`);
  assert.match(await ask('http://localhost:1/api/v1/calls?limit=1'), /^HTTP\/1\.1 409 /);
  assert.equal(asked[0]?.url, '/api/v1/calls?limit=1');
  assert.match(await ask('http://evil.example/api/v1/calls'), /^HTTP\/1\.1 403 .*origin\.refused/s);
  assert.match(await ask('http://localhost/api/v1/realtime/status'), /"status":"available"/);
  assert.equal(asked.length, 1);
});
