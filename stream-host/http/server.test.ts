import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import { errorBody } from '../../shared/http/error-body.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { ALL_SOCKETS } from '../../shared/http/routes/sockets.ts';
import { makeTicket } from '../../shared/http/routes/tickets.ts';
import { assertDocumented } from '../../shared/http/testing/documented.ts';
import { countedIds } from '../../shared/ids.ts';
import { ModeTable } from '../../shared/modes/mode-table.ts';
import type { HostReport } from '../host/host-health.ts';
import { acsTokens, phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { admitsOrigin, isLoopback, originOf } from './origins.ts';
import { Page } from './page.ts';
import { ReferencePage } from './reference-page.ts';
import { StreamHostServer } from './server.ts';

const HOST_ROUTES = ALL_ROUTES.filter(({ half, method }) => half !== 'functions' && method === 'GET');
const redis = await redisForTests();
const host = await startHost(redis.url, { allowedOrigins: ['https://friend.example'] });

/** A GET whose path is sent as it is written; `fetch` would tidy it. */
const rawGet = (path: string) =>
  new Promise<number>((resolve, reject) => {
    const { port } = new URL(host.http);
    request({ port, path }, (response) => resolve(response.resume().statusCode ?? 0))
      .on('error', reject)
      .end();
  });

test('the page is served with a policy that lets it talk to this server and the emulator, and is not sent twice', async () => {
  const page = await fetch(`${host.http}/`);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(await page.text(), /Parley/);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /connect-src 'self' http:\/\/127\.0\.0\.1:8090 ws:\/\/127\.0\.0\.1:8090;/);
  const again = await fetch(`${host.http}/`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
  assert.equal(again.status, 304);
});

test('nothing but the page is served: no source, no hidden file, no way out of the folder', async () => {
  for (const path of [
    '/secret.ts',
    '/.env',
    '/../outside.css',
    '/%2e%2e/outside.css',
    '/..%2foutside.css',
    '/a%00.css',
    '/%',
  ]) {
    assert.equal(await rawGet(path), 404, path);
  }
  const posted = await fetch(`${host.http}/`, { method: 'POST' });
  assert.equal(posted.status, 405);
});

test('the old status route keeps its shape and claims only what is true', async () => {
  const status = (await (await fetch(`${host.http}/api/v1/realtime/status`)).json()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(status), [
    'status',
    'websocket_endpoints',
    'features',
    'active_connections',
    'protocols_supported',
    'version',
  ]);
  assert.equal(status.status, 'available');
  assert.equal((status.features as Record<string, boolean>).conversation_streaming, true);
});

test('the page learns its settings', async () => {
  const settings = await (await fetch(`${host.http}/api/v1/realtime/settings`)).json();
  assert.deepEqual(settings, { emulatorUrl: null, agent: 'orders', version: '0.0.0', scripted: true });
});

test('agents are listed for whoever wants to choose one (newcomer 5.4)', async () => {
  const agents = await (await fetch(`${host.http}/api/v1/agents`)).json();
  assert.deepEqual(agents, {
    agents: [
      { name: 'orders', description: 'Answers.', languages: ['en-US'], mode: 'media', notice: '', default: true },
    ],
  });
});

test('every route answers what the reference says of it, with the security headers (review 3.4)', async () => {
  for (const { half, path, produces } of HOST_ROUTES) {
    const response = await fetch(host.http + path);
    const body = produces === undefined ? await response.json() : await response.text();
    assert.ok(response.ok, `${half} ${path}`);
    assertDocumented('GET', path, response.status, body);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert.match(response.headers.get('permissions-policy') ?? '', /microphone=\(self\)/);
  }
});

test('no document may load from anywhere, and no answer of the API be a document (CSP without wildcards)', async () => {
  const pages = ['/', '/api/v1/docs', '/api/v1/docs/start.js'];
  for (const path of [...pages, '/healthz', '/api/v1/openapi.json', '/nothing']) {
    const { headers } = await fetch(host.http + path);
    const policy = headers.get('content-security-policy') ?? '';
    const sources = policy.split(';').flatMap((directive) => directive.trim().split(' ').slice(1));
    assert.deepEqual(
      sources.filter((source) => /\*|^(https?|wss?):$|unsafe-eval/.test(source)),
      [],
      path,
    );
    assert.match(policy, /frame-ancestors 'none'/, path);
    const [first] = policy.split(';');
    assert.equal(first, pages.includes(path) ? "default-src 'self'" : "default-src 'none'", path);
    assert.equal(policy.includes("script-src 'unsafe-inline'"), false);
  }
});

test('every answer tells browsers to come by https from now on, the page and refusals as well (Lesser: HSTS)', async () => {
  const answers = await Promise.all([
    ...['/', '/healthz', '/api/v1/docs', '/nothing'].map((path) => fetch(host.http + path)),
    fetch(`${host.http}/healthz`, { method: 'POST' }),
  ]);
  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers.get('strict-transport-security')]),
    [200, 200, 200, 404, 405].map((status) => [status, 'max-age=31536000']),
  );
});

test('a request of which a part never comes does not hold the end of the host (Lesser: slow bodies)', async () => {
  const leaving = await startHost(redis.url);
  const { port } = new URL(leaving.http);
  const halves = [
    'GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf',
    'POST /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'GET /healthz HTTP/1.1\r\nhost: x\r\nx-half',
  ];
  const sockets = halves.map((half) =>
    connect(Number(port), '127.0.0.1', function (this: Socket) {
      this.write(half);
    }),
  );
  for (const socket of sockets) socket.on('error', () => {});
  const closed = sockets.map(
    (socket) => new Promise<void>((resolve) => socket.resume().once('close', () => resolve())),
  );
  await Promise.all(sockets.slice(0, 2).map((socket) => once(socket, 'data')));
  const stopping = performance.now();
  await leaving.close();
  await Promise.all(closed);
  // The host's own limit for such a request is 15 s.
  assert.ok(performance.now() - stopping < 10_000);
});

test('refusals have the one shape of an error, with a trace id (review 1.4)', async () => {
  const missing = await fetch(`${host.http}/nothing`);
  const { error } = errorBody.parse(await missing.json());
  assert.deepEqual([missing.status, error.code], [404, 'route.unknown']);
  const posted = await fetch(`${host.http}/healthz`, { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  await assert.rejects(host.connect('/api/v1/nothing'), (refused: { body: unknown }) => {
    assert.equal(errorBody.parse(refused.body).error.code, 'route.unknown');
    return true;
  });
});

test('a socket at an unknown path is answered 404', async () => {
  await assert.rejects(host.connect('/api/v1/nothing'), { status: 404 });
});

test('a media socket without the token of ACS is answered 401 before it is a socket', async () => {
  await assert.rejects(host.connect('/api/v1/media/stream'), { status: 401 });
  const authorization = `Bearer ${await acsTokens.sign(60, 'https://communication.azure.com')}`;
  await assert.rejects(host.connect('/api/v1/media/stream', { authorization }), { status: 401 });
  assert.equal(host.live.count, 0);
});

test('a page of another site may not connect, one that is on the list and one of our own may', async () => {
  const path = '/api/v1/realtime/conversation';
  await assert.rejects(host.connect(path, { origin: 'https://evil.example' }), { status: 403 });
  await assert.rejects(host.connect(path, { origin: 'null' }), { status: 403 });
  const ours = ['http://localhost:5173', 'https://127.0.0.1', host.http, host.http.replace('127.0.0.1', 'localhost')];
  for (const origin of ours) {
    const client = await host.connect(path, { origin });
    client.socket.terminate();
  }
  const origin = 'https://friend.example';
  await assert.rejects(host.connect(path, { origin }), { status: 401 });
  const ticket = await host.ticket({ kind: 'browser', sessionId: 'friend', origin });
  const friend = await host.connect(`${path}?ticket=${ticket}`, { origin });
  friend.socket.terminate();
});

test('a foreign scheme or a name that was made to lead here is another site (Lesser: origins)', async () => {
  const path = '/api/v1/realtime/conversation';
  const { port } = new URL(host.http);
  const rebound = { origin: `http://evil.example:${port}`, host: `evil.example:${port}` };
  await assert.rejects(host.connect(path, rebound), { status: 403 });
  for (const origin of [`ftp://127.0.0.1:${port}`, `http://user@127.0.0.1:${port}`, `${host.http}/`, 'file://']) {
    await assert.rejects(host.connect(path, { origin }), { status: 403 }, origin);
  }
  for (const origin of [host.http, 'http://localhost']) {
    assert.equal(admitsOrigin({ allowedOrigins: ['https://voice.example'] }, origin), false, 'outside of development');
  }
  const publicOnly = originOf('wss://voice.example/');
  assert.equal(publicOnly, 'https://voice.example');
  assert.equal(isLoopback('ws://127.0.0.1:8080'), true);
  assert.equal(isLoopback('wss://voice.example'), false);
});

test('wrong queries are refused with what is allowed', async () => {
  await assert.rejects(
    host.browser('?sample_rate=44100'),
    (error: { status: number; body: { error: { code: string } } }) => {
      assert.equal(error.status, 400);
      assert.equal(error.body.error.code, 'audio.rate-unsupported');
      return true;
    },
  );
  await assert.rejects(host.browser('?session_id=a%20b'), { status: 400 });
});

test('a full host refuses phones and browsers with 503 and a reason, and takes the next one when a place is free', async () => {
  const small = await startHost(redis.url, { maxSessions: 1 });
  const first = await small.browser();
  await first.untilType('session_ready');
  await small.store.create(phoneSession('full-1'));
  const isFull = (error: { status: number; body: { error: { code: string } } }) =>
    error.status === 503 && error.body.error.code === 'host.full';
  await assert.rejects(small.browser(), isFull);
  await assert.rejects(small.phone('full-call', 'full-1'), isFull);
  const readiness = await fetch(`${small.http}/readyz`);
  assert.equal(readiness.status, 503);
  assert.equal(((await readiness.json()) as { status: string }).status, 'full');

  first.socket.close(1000);
  await first.closed;
  while (small.live.count > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const next = await small.browser();
  await next.untilType('session_ready');
});

test('a host that is too busy refuses phones and browsers with 503 and a reason, and says so when asked', async () => {
  let overload: 'cpu' | undefined;
  const busy = await startHost(redis.url, {
    openAdmission: () => ({
      get overload() {
        return overload;
      },
      reading: { open: true, loopDelayMs: 0, speechLaneMs: 0, cpu: 0 },
      onChange: () => () => undefined,
      close: () => undefined,
    }),
  });
  const talking = await busy.browser();
  await talking.untilType('session_ready');
  overload = 'cpu';
  await busy.store.create(phoneSession('busy-1'));
  const isBusy = (error: { status: number; body: { error: { code: string } } }) =>
    error.status === 503 && error.body.error.code === 'host.overloaded';
  await assert.rejects(busy.browser(), isBusy);
  await assert.rejects(busy.phone('busy-call', 'busy-1'), isBusy);
  const told = (await (await fetch(`${busy.http}/api/v1/health/dependencies`)).json()) as HostReport;
  assert.equal(told.status, 'full');
  assert.match(told.problems[0] ?? '', /no CPU is left/);
  assert.equal(busy.live.count, 1);
  assert.equal(talking.socket.readyState, talking.socket.OPEN);

  // One that stands and has lost its host would be silent for good.
  await busy.store.create(phoneSession('busy-2'));
  await busy.store.claim('busy-2', 'gone#1#socket', 60_000);
  const goesOn = await busy.phone('busy-call-2', 'busy-2');
  goesOn.startCall();
  await goesOn.untilKind('AudioData');
  goesOn.socket.terminate();

  overload = undefined;
  const next = await busy.phone('busy-call', 'busy-1');
  next.socket.terminate();
});

test('a taken port is named with its variable', async () => {
  const options = { webFolder: '.', scriptsFolder: '.', emulatorUrl: undefined };
  const { port } = new URL(host.http);
  const second = new StreamHostServer({
    live: host.live,
    reception: undefined as never,
    relay: undefined as never,
    words: undefined as never,
    tickets: {
      admit: undefined as never,
      requireKnown: undefined as never,
      route: { contract: makeTicket, answer: undefined as never },
    },
    admitCarrier: async () => {},
    allowedOrigins: [],
    page: new Page(options),
    reference: {
      version: '',
      functionsUrl: '',
      streamHostUrl: '',
      socketsUrl: 'ws://h',
      asked: { api: 'key', eventGrid: 'key' },
    },
    referencePage: new ReferencePage('.'),
    newId: countedIds(),
    pageSettings: { emulatorUrl: null, agent: '', version: '' },
    agents: () => [],
    modes: new ModeTable({}, ''),
    defaultAgent: '',
    isScripted: () => false,
    health: undefined as never,
    places: undefined as never,
    vitals: undefined as never,
    log: pino({ level: 'silent' }),
  });
  await assert.rejects(second.listen(Number(port), '127.0.0.1'), {
    code: 'config.invalid',
    message: /STREAM_HOST_PORT/,
  });
});

test('a draining host fails its readiness, tells its sockets to go elsewhere and lets nobody in', async () => {
  const leaving = await startHost(redis.url);
  const browser = await leaving.browser('?session_id=drain-1');
  await browser.untilType('session_ready');
  await leaving.store.create(phoneSession('drain-2'));
  const phone = await leaving.phone('drain-call', 'drain-2');
  phone.startCall();
  await phone.untilKind('AudioData');

  const closing = leaving.close('The server is being restarted.');
  assert.equal(leaving.live.draining, true);
  assert.deepEqual(await browser.closed, { code: 1001, reason: 'The server is being restarted.' });
  assert.deepEqual(await phone.closed, { code: 1001, reason: 'The server is being restarted.' });
  await closing;
  await assert.rejects(fetch(`${leaving.http}/healthz`));
  assert.equal(await host.store.owner('drain-1'), undefined, 'the session is free for another host');
  assert.equal(await host.store.owner('drain-2'), undefined);
});

test('a page that is refused reads whose page it is, which host it asked and which setting lets it in (compat 2.1)', async () => {
  const refused = host.connect('/api/v1/realtime/conversation', {
    origin: 'https://app.example',
    host: 'upstream:8080',
  });
  await assert.rejects(refused, (error: { body: unknown }) => {
    const { message } = errorBody.parse(error.body).error;
    assert.match(message, /"https:\/\/app\.example".*"upstream:8080".*ALLOWED_ORIGINS.*STREAM_HOST_PUBLIC_URL/);
    return true;
  });
});

test('a name in a socket’s address that nobody knows is refused by its name, but not one that Azure adds (compat 3.2)', async () => {
  for (const [query, field] of [
    ['?sample_rates=16000', 'sample_rates'],
    ['?streaming_mode=nonsense', 'streaming_mode'],
    // Taken, and the last one won.
    ['?sample_rate=16000&sample_rate=24000', 'sample_rate'],
  ] as const) {
    await assert.rejects(host.browser(query), ({ status, body }: { status: number; body: unknown }) => {
      const { code, details } = errorBody.parse(body).error;
      assert.deepEqual([status, code], [400, 'request.invalid']);
      assert.partialDeepStrictEqual(details, { issues: [{ field }] });
      return true;
    });
  }
  await assert.rejects(host.connect('/api/v1/realtime/dashboard/relay?session_id=a&sesion=b'), { status: 400 });
  await host.store.create(phoneSession('azure-adds'));
  const phone = await host.phone('azure-adds-call', 'azure-adds&api-version=9');
  phone.socket.terminate();
});

test('what the predecessor’s pages always say is taken, and the handshake names what is ignored (compat 3.2)', async () => {
  const { port } = new URL(host.http);
  const path = '/api/v1/realtime/conversation?streaming_mode=realtime&scenario=banking&user_email=a%40b.example&agent=';
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  };
  const ignored = await new Promise((resolve, reject) => {
    request({ port, path, headers })
      .on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.headers['x-parley-ignored']);
      })
      .on('response', (response) => reject(new Error(`refused with ${response.statusCode}`)))
      .on('error', reject)
      .end();
  });
  assert.equal(ignored, 'scenario, user_email');
});

test('who asks for a socket’s path without an upgrade is told so', async () => {
  for (const { path } of ALL_SOCKETS) {
    const response = await fetch(host.http + path);
    const { error } = errorBody.parse(await response.json());
    assert.deepEqual([response.status, error.code], [426, 'route.is-a-socket']);
  }
});
