import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { acsLine } from '../../shared/carrier/acs/acs-line.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Transport } from '../contract/line.ts';
import { BrowserTransport } from './browser-transport.ts';
import { CallTransport } from './call-transport.ts';
import { LiveSocket } from './live-socket.ts';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
after(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});
await once(server, 'listening');
const options = { clock: systemClock, log: pino({ level: 'silent' }) };

/** Both ends of a real socket. */
async function connect(): Promise<{ near: WebSocket; far: WebSocket }> {
  const far = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  far.on('error', () => {});
  const [[near]] = await Promise.all([once(server, 'connection'), once(far, 'open')]);
  return { near: near as WebSocket, far };
}

const frame = new Uint8Array(640);
const lines: readonly { name: string; open: (socket: WebSocket) => Transport }[] = [
  { name: 'phone', open: (socket) => new CallTransport(socket, { ...options, line: acsLine }) },
  { name: 'browser', open: (socket) => new BrowserTransport(socket, { ...options, sampleRate: 48_000 }) },
];

for (const { name, open } of lines) {
  test(`a ${name} that does not read loses frames beyond a bound, and still gets the stop command later`, async () => {
    const { near, far } = await connect();
    const line = open(near);
    far.pause();
    let sent = 0;
    while (line.sendAudio(frame) && sent < 50_000) {
      sent += 1;
      // The network takes what it can.
      if (sent % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sent < 50_000, 'the line said that it is full');
    assert.equal(line.sendAudio(frame), false);
    assert.equal(line.counts.dropped, 2);
    assert.ok(near.bufferedAmount < 300_000, `${near.bufferedAmount} bytes wait`);

    line.stopAudio('voice');
    const texts: string[] = [];
    far.on('message', (data) => texts.push(String(data)));
    far.resume();
    while (!/StopAudio|tts_cancelled/.test(texts.at(-1) ?? '')) await once(far, 'message');
    assert.equal(texts.length, sent + 1);
    assert.equal(line.sendAudio(frame), true, 'a reader that caught up gets audio again');
    line.close(1000, 'done');
  });
}

test('a peer that stops answering pings is given up after two of them', async () => {
  const { near, far } = await connect();
  const socket = new LiveSocket(near, { ...options, pingEveryMs: 30 });
  far.pause();
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.events.on('closed', resolve);
  assert.equal(await promise, 1006);
  assert.equal(near.readyState >= WebSocket.CLOSING, true);
});

test('a peer that answers pings stays, and a probe finds it alive', async () => {
  const { near, far } = await connect();
  const socket = new LiveSocket(near, { ...options, pingEveryMs: 10 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(socket.open, true);
  assert.equal(await socket.probe(1000), true);
  far.pause();
  assert.equal(await socket.probe(50), false);
  far.terminate();
});

test('what comes after a close is not heard, and a second close changes nothing', async () => {
  const { near, far } = await connect();
  const socket = new LiveSocket(near, options);
  const heard: unknown[] = [];
  socket.events.on('text', (text) => heard.push(text));
  socket.events.on('closed', (code, reason) => heard.push([code, reason]));
  socket.close(4400, 'é'.repeat(100));
  socket.close(1000, 'again');
  far.send('late');
  const [code, reason] = await once(far, 'close');
  assert.equal(code, 4400);
  assert.match(String(reason), /^é{50,61}$/);
  assert.deepEqual(heard, [[4400, 'é'.repeat(100)]]);
  assert.equal(socket.send('later'), false);
});

test('a listener that throws does not take the socket down', async () => {
  const { near, far } = await connect();
  const socket = new LiveSocket(near, options);
  socket.events.on('text', () => {
    throw new Error('broken listener');
  });
  far.send('one');
  const heard = new Promise((resolve) => socket.events.on('binary', resolve));
  far.send(Buffer.from([1, 2]));
  await heard;
  assert.equal(socket.open, true);
  socket.close(1000, 'done');
});

test('a peer that begins to close and never finishes does not keep its session from ending', async () => {
  const { near, far } = await connect();
  const socket = new LiveSocket(near, options);
  const closed: [number, string][] = [];
  socket.events.on('closed', (code, reason) => void closed.push([code, reason]));
  far.pause();
  far.close(1000, 'begun');
  while (socket.open) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(near.readyState, WebSocket.CLOSING);
  socket.close(4409, 'Another server speaks for this session now.');
  assert.deepEqual(closed, [[4409, 'Another server speaks for this session now.']]);
  await once(near, 'close');
  assert.equal(closed.length, 1);
});
