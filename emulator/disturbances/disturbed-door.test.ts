import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { FALLIBLE } from '../../shared/protocol/faults.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { listening } from '../../shared/testing/listening.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Inbox } from '../acs/testing/inbox.ts';
import type { EmulatedService } from '../server.ts';
import { Disturbances } from './disturbances.ts';
import { DisturbedDoor } from './disturbed-door.ts';

/** Where each is asked. */
const PLACES = {
  model: '/openai/v1/chat/completions',
  voice: '/tts/cognitiveservices/websocket/v1',
  recogniser: '/stt/speech/universal/v2',
  realtime: '/voice-live/realtime',
  acs: '/calling/callConnections/x',
  identity: '/msi/token',
  blob: '/devstoreaccount1/call-records',
  telemetry: '/v2.1/track',
} as const;
const SPEECH = '/tts/cognitiveservices/websocket/v1';

async function start(t: TestContext) {
  const clock = new VirtualClock();
  const disturbances = new Disturbances({ clock, log: pino({ level: 'silent' }) });
  const sockets = new WebSocketServer({ noServer: true });
  const atService = new Inbox<WebSocket>();
  const anything: EmulatedService = {
    handle: (_, response) => {
      response.end('{}');
      return true;
    },
    handleUpgrade: (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (accepted) => atService.put(accepted));
      return true;
    },
  };
  const door = new DisturbedDoor([anything], disturbances);
  const server = createServer((request, response) => void door.handle(request, response));
  server.on('upgrade', (request, socket, head) => void door.handleUpgrade(request, socket, head));
  const url = `http://127.0.0.1:${await listening(server)}`;
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  const line = disturbances.forPhone(() => {});
  const ask = (path: string) =>
    fetch(url + path).then(
      async (response) => ({
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: await response.text().catch(() => 'broke off'),
      }),
      (error: Error) => ({ status: error.name, retryAfter: null, body: '' }),
    );
  const open = (path = SPEECH) => {
    const socket = new WebSocket(url.replace('http', 'ws') + path);
    const heard = new Inbox<string>();
    const ended = new Inbox<number>();
    socket.on('message', (data) => heard.put(data.toString()));
    socket.on('close', (code) => ended.put(code));
    socket.on('error', () => {});
    socket.on('unexpected-response', (_, { statusCode = 0 }) => ended.put(statusCode));
    return { socket, heard, ended };
  };
  return { clock, disturbances, line, url, ask, open, atService };
}

test('each service fails where it is asked, and nothing else does', async (t) => {
  const { line, ask, disturbances } = await start(t);
  for (const [name, path] of Object.entries(PLACES)) {
    line.want(`${name}=refused`);
    assert.equal((await ask(path)).status, 401, name);
    for (const other of Object.values(PLACES).filter((each) => each !== path)) {
      assert.equal((await ask(other)).status, 200, `${other} while ${name} fails`);
    }
    assert.equal(disturbances.status[0]?.felt, 1);
  }
  const elsewhere = ['redis', 'functions', 'stream-host'];
  assert.deepEqual(
    Object.keys(FALLIBLE).filter((name) => !(name in PLACES)),
    elsewhere,
  );
});

test('a request is late, refused, throttled, broken off, or gets no answer; and is answered again afterwards', async (t) => {
  const { clock, disturbances, line, ask } = await start(t);
  line.want('model=throttled:1500ms');
  const throttled = await ask(PLACES.model);
  assert.deepEqual([throttled.status, throttled.retryAfter], [429, '2']);
  line.want('model=down');
  assert.equal((await ask(PLACES.model)).status, 'TypeError');
  line.want('model=garbled');
  const garbled = ask(PLACES.model);
  await eventually(() => clock.pending > 0);
  await clock.advance(50);
  assert.deepEqual(await garbled, { status: 200, retryAfter: null, body: 'broke off' });

  line.want('model=slow:7s');
  const slow = ask(PLACES.model);
  await eventually(() => clock.pending > 0);
  await clock.advance(6_999);
  assert.equal(await Promise.race([slow, new Promise((resolve) => setImmediate(() => resolve('waits')))]), 'waits');
  await clock.advance(1);
  assert.equal((await slow).status, 200);

  line.want('model=silent');
  const silent = ask(PLACES.model);
  await eventually(() => disturbances.at('model')?.count.felt === 1);
  line.want('');
  assert.equal((await silent).status, 'TypeError');
  assert.equal((await ask(PLACES.model)).status, 200);
});

test('many slow requests on one connection leave no listeners on it (reader: disturbed-door)', async (t) => {
  const { clock, line, url } = await start(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const warnings: string[] = [];
  const warn = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  line.want('model=slow:1s');
  for (let n = 0; n < 15; n += 1) {
    const asked = once(get(url + PLACES.model, { agent }), 'response');
    await eventually(() => clock.pending > 0);
    await clock.advance(1_000);
    const [response] = await asked;
    await response.resume().toArray();
  }
  assert.deepEqual(warnings, []);
});

test('what a socket says is late by so much, in its order, and on time again', async (t) => {
  const { clock, line, open, atService } = await start(t);
  const { socket, heard } = open();
  await once(socket, 'open');
  const service = await atService.first('the socket');
  line.want('voice=slow:2s');
  service.send('one');
  await eventually(() => clock.pending > 0);
  await clock.advance(1_000);
  service.send('two');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await clock.advance(1_000);
  await heard.first('the first');
  assert.deepEqual(heard.entries, ['one']);
  line.want('');
  service.send('three');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(heard.entries, ['one'], 'nothing overtakes what is held');
  await clock.advance(1_000);
  await heard.first('the last', (text) => text === 'three');
  assert.deepEqual(heard.entries, ['one', 'two', 'three']);
});

test('a socket that is silent says what it had to say afterwards; one that is garbled says nonsense', async (t) => {
  const { line, open, atService } = await start(t);
  const { socket, heard } = open();
  await once(socket, 'open');
  const service = await atService.first('the socket');
  line.want('voice=silent');
  service.send('{"kept":"as it was said"}');
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(heard.entries, []);
  line.want('voice=garbled');
  await heard.first('what was held');
  assert.deepEqual(heard.entries, ['{"kept":"as it was said"}']);
  service.send('{"kept":"as it was said"}');
  const said = await heard.first('nonsense', (text) => text.startsWith('?'));
  assert.throws(() => JSON.parse(said));
  const [whole, nonsense] = heard.entries.map(({ length }) => length);
  assert.equal(nonsense, whole);
});

test('sockets that stand break where a service goes away, and none opens until it is back', async (t) => {
  for (const [fault, refusal] of [
    ['down', 1006],
    ['throttled:20s', 429],
    ['refused', 401],
  ] as const) {
    const { line, open, disturbances } = await start(t);
    const first = open();
    await once(first.socket, 'open');
    line.want(`voice=${fault},recogniser=down@1s`);
    assert.equal(await first.ended.first('its end'), 1006);
    assert.equal(await open().ended.first('a refusal'), refusal);
    assert.equal(disturbances.at('voice')?.count.felt, 2);
    const other = open('/stt/speech/universal/v2');
    await once(other.socket, 'open');
    line.over();
    await once(open().socket, 'open');
  }
});

test('a socket passes long messages in both directions as they are, while nothing fails', async (t) => {
  const { open, atService } = await start(t);
  const { socket, heard } = open();
  await once(socket, 'open');
  const service = await atService.first('the socket');
  const long = 'parley '.repeat(200_000);
  service.on('message', (data) => service.send(data.toString()));
  socket.send(long);
  assert.equal(await heard.first('the echo'), long);
  const closed = once(socket, 'close');
  service.close(1001, 'done');
  assert.deepEqual((await closed)[0], 1001);
});
