import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { OpenAiService } from './openai/openai-service.ts';
import { PhoneNetwork } from './phone/phone-network.ts';
import { EmulatorServer } from './server.ts';
import { loadSettings } from './settings.ts';
import { StatusService } from './status-service.ts';
import { loadCertificate } from './tls/certificates.ts';

const silent = pino({ level: 'silent' });

const ENOUGH = {
  EMULATOR_ACCESS_KEY: 'c2VjcmV0',
  EMULATOR_RESOURCE_ID: 'resource',
  EMULATOR_SPEECH_KEY: 'speech',
  EMULATOR_OPENAI_KEY: 'model',
  EVENT_GRID_WEBHOOK_URL: 'http://127.0.0.1:7071/api/v1/calls/answer',
};

test('a taken port is named, with the variable that moves it', async (context) => {
  const certificate = await loadCertificate();
  const [first, second] = [new EmulatorServer(certificate, silent), new EmulatorServer(certificate, silent)];
  context.after(() => Promise.all([first.close(), second.close()]));
  const { tls } = await first.listen('127.0.0.1', { plain: 0, tls: 0 });
  await assert.rejects(second.listen('127.0.0.1', { plain: 0, tls }), {
    code: 'config.invalid',
    message: new RegExp(`Port ${tls} is taken.*EMULATOR_TLS_PORT`),
  });
});

/** A server with services that read addresses, and a way to send it a request as it stands. */
async function listening(context: TestContext) {
  const server = new EmulatorServer(await loadCertificate(), silent, ['emulator.example']);
  context.after(() => server.close());
  server.mount(
    new StatusService(() => ({ ready: true, calls: 3 })),
    new PhoneNetwork({ log: silent, clock: systemClock, speak: undefined }),
    new OpenAiService({ log: silent, key: 'key' }),
  );
  const { plain: port } = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  /** The status of the answer; 0 where the connection ended without one. */
  const send = (line: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; text: string }>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      const done = () => {
        socket.destroy();
        resolve({ status: Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? 0), text });
      };
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (text.includes('\r\n\r\n')) done();
      });
      socket.on('close', done).on('error', done);
      const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      );
      socket.write([`${line} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
    });
  return { port, send };
}

const UPGRADE = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

test('no request line can end the emulator (H11)', async (context) => {
  const { send } = await listening(context);
  const paths = [
    '//',
    '///',
    'http://',
    'http:///',
    '//[',
    '/%',
    '/%E0%A4%A',
    '*',
    '/calling//[',
    '/\\[',
    'http://[/',
    '/emulator//[',
  ];
  for (const path of paths) {
    for (const headers of [{}, UPGRADE]) {
      const { status } = await send(`GET ${path}`, headers);
      assert.ok([400, 404].includes(status), `${path}: ${status}`);
    }
  }
  assert.equal((await send('GET /healthz')).status, 200);
});

test('a service that throws costs its own request, and no other (H11)', async (context) => {
  const server = new EmulatorServer(await loadCertificate(), silent);
  context.after(() => server.close());
  const fail = () => {
    throw new Error('to order');
  };
  server.mount({ handle: ({ url }) => url === '/fail' && fail(), handleUpgrade: fail });
  const { plain } = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  assert.equal((await fetch(`http://127.0.0.1:${plain}/fail`)).status, 500);
  await assert.rejects(
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${plain}/fail`);
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error('refused'));
    }),
    /refused/,
  );
  assert.equal((await fetch(`http://127.0.0.1:${plain}/other`)).status, 404);
});

test('only programs and pages of this machine are answered, over HTTP and on sockets (Lesser: local ports)', async (context) => {
  const { port, send } = await listening(context);
  const phone = 'GET /emulator/phone?number=%2B15550001111';
  const statuses = async (headers: Record<string, string>) => [
    (await send('GET /emulator/status', headers)).status,
    (await send(phone, { ...UPGRADE, ...headers })).status,
  ];
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: `http://evil.example:${port}` },
    { origin: 'null' },
    { origin: 'ftp://localhost' },
    { origin: 'http://localhost.evil.example' },
    { host: `evil.example:${port}` },
    // A name that was pointed at this machine makes its page's origin the same as ours.
    { host: `evil.example:${port}`, origin: `http://evil.example:${port}` },
    { host: 'localhost@evil.example' },
  ]) {
    assert.deepEqual(await statuses(headers), [403, 403], JSON.stringify(headers));
  }
  for (const headers of [
    {},
    { origin: 'http://localhost:8080' },
    { origin: 'http://127.0.0.1:8080' },
    { host: `[::1]:${port}`, origin: 'http://[::1]:8080' },
    { host: 'emulator:8090' },
    { host: 'emulator.example:8090' },
    { host: '192.168.1.7:8090', origin: 'http://192.168.1.7:8080' },
  ]) {
    assert.deepEqual(await statuses(headers), [200, 101], JSON.stringify(headers));
  }
});

test('status is for local pages, readiness tells of the models, and other paths are told that they are none', async (context) => {
  const server = new EmulatorServer(await loadCertificate(), silent);
  context.after(() => server.close());
  let ready = false;
  server.mount(new StatusService(() => ({ ready, calls: 3 })));
  const { plain } = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${plain}${path}`, { method });
  assert.equal((await get('/healthz')).status, 200);
  assert.equal((await get('/readyz')).status, 503);
  ready = true;
  assert.equal((await get('/readyz')).status, 200);
  const page = 'http://localhost:8080';
  const status = await fetch(`http://127.0.0.1:${plain}/emulator/status`, { headers: { origin: page } });
  assert.equal(status.headers.get('access-control-allow-origin'), page);
  assert.deepEqual(await status.json(), { ready: true, calls: 3 });
  assert.equal((await get('/emulator/say', 'OPTIONS')).status, 204);
  assert.equal((await get('/nothing?key=secret')).status, 404);
});

test('settings have defaults but for the keys, and a bad one is named without its value', () => {
  const settings = loadSettings(ENOUGH);
  assert.deepEqual([settings.EMULATOR_PORT, settings.EMULATOR_TLS_PORT, settings.SPEECH_MODEL], [8090, 8443, 'tiny']);
  assert.throws(
    () => loadSettings({ ...ENOUGH, EMULATOR_ACCESS_KEY: 'no base64!' }),
    (error: Error) => {
      assert.match(error.message, /EMULATOR_ACCESS_KEY/);
      assert.ok(!error.message.includes('no base64!'));
      return true;
    },
  );
  assert.throws(() => loadSettings({ ...ENOUGH, OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' }), /OPENAI_MODEL/);
  assert.throws(() => loadSettings({ ...ENOUGH, EMULATOR_PORT: '', EMULATOR_TLS_PORT: '99999' }), /EMULATOR_TLS_PORT/);
  assert.equal(loadSettings({ ...ENOUGH, SPEECH_WORKERS: '2' }).SPEECH_WORKERS, 2);
  assert.throws(() => loadSettings({ ...ENOUGH, SPEECH_WORKERS: '0' }), /SPEECH_WORKERS/);
});
