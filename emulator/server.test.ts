import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmulatorServer } from './server.ts';
import { loadSettings } from './settings.ts';
import { StatusService } from './status-service.ts';
import { loadCertificates } from './tls/certificates.ts';

const ENOUGH = {
  EMULATOR_ACCESS_KEY: 'c2VjcmV0',
  EMULATOR_RESOURCE_ID: 'resource',
  EMULATOR_SPEECH_KEY: 'speech',
  EMULATOR_OPENAI_KEY: 'model',
  EVENT_GRID_WEBHOOK_URL: 'http://127.0.0.1:7071/api/v1/calls/answer',
};

test('a taken port is named, with the variable that moves it', async (context) => {
  const certificates = await loadCertificates();
  const [first, second] = [new EmulatorServer(certificates), new EmulatorServer(certificates)];
  context.after(() => Promise.all([first.close(), second.close()]));
  const { tls } = await first.listen('127.0.0.1', { plain: 0, tls: 0 });
  await assert.rejects(second.listen('127.0.0.1', { plain: 0, tls }), {
    code: 'config.invalid',
    message: new RegExp(`Port ${tls} is taken.*EMULATOR_TLS_PORT`),
  });
});

test('status is for any origin, readiness tells of the models, and other paths are told that they are none', async (context) => {
  const server = new EmulatorServer(await loadCertificates());
  context.after(() => server.close());
  let ready = false;
  server.mount(new StatusService(() => ({ ready, calls: 3 })));
  const { plain } = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${plain}${path}`, { method });
  assert.equal((await get('/healthz')).status, 200);
  assert.equal((await get('/readyz')).status, 503);
  ready = true;
  assert.equal((await get('/readyz')).status, 200);
  const status = await get('/emulator/status');
  assert.equal(status.headers.get('access-control-allow-origin'), '*');
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
