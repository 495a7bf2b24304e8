import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { acsLine } from '../../shared/carrier/acs/acs-line.ts';
import { parseAppFrame } from '../../shared/carrier/acs/media-frames.ts';
import { systemClock } from '../../shared/clock.ts';
import { browserMessage } from '../../shared/protocol/browser.ts';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../shared/virtual-clock.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { BrowserTransport } from './browser-transport.ts';
import { CallTransport } from './call-transport.ts';
import { LiveSocket } from './live-socket.ts';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
after(() => {
  for (const socket of server.clients) socket.terminate();
  server.close();
});
await once(server, 'listening');
const log = pino({ level: 'silent' });

/** Both ends of a real socket, and what came to the far one. */
async function connect(): Promise<{ near: WebSocket; far: WebSocket; texts: string[] }> {
  const far = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const texts: string[] = [];
  far.on('error', () => {});
  far.on('message', (data) => texts.push(String(data)));
  const [[near]] = await Promise.all([once(server, 'connection'), once(far, 'open')]);
  return { near: near as WebSocket, far, texts };
}

const noEvents = () => new SessionEvents(systemClock);
const SESSION = { sessionId: 's', agent: 'orders', mode: 'media', greeting: 'Hello.', resumed: false, scripted: false };

async function messagesOfAnswer(longestMessageMs?: number): Promise<number[]> {
  const { near, far, texts } = await connect();
  const line = new CallTransport(near, {
    line: acsLine,
    clock: systemClock,
    log,
    ...(longestMessageMs !== undefined && { longestMessageMs }),
  });
  assert.equal(line.sendAudio(new Uint8Array(20 * 640)), true);
  assert.equal(line.sendAudio(new Uint8Array(5 * 640)), true);
  line.close(1000, 'done');
  await once(far, 'close');
  return texts.map((text) => {
    const frame = parseAppFrame(text);
    return frame.kind === 'audio' ? frame.pcm.length / 32 : 0;
  });
}

test('a message to ACS is as long as playout makes it, unless a setting bounds it (review 4.16)', async () => {
  assert.deepEqual(await messagesOfAnswer(), [400, 100]);
  assert.deepEqual(await messagesOfAnswer(20), Array(25).fill(20));
  assert.deepEqual(await messagesOfAnswer(150), [140, 140, 120, 100]);
});

test('audio is a sign of life: whoever talks and does not answer a ping keeps the session (H10)', async () => {
  const { near, far } = await connect();
  const socket = new LiveSocket(near, { clock: systemClock, log });
  near.ping = () => {};
  const talking = setInterval(() => far.send(new Uint8Array(640)), 20);
  assert.equal(await socket.probe(1000), true);
  clearInterval(talking);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await socket.probe(50), false);
  far.terminate();
});

test('what a browser is told has its times from the clock, and the shape of the protocol (review 3.7)', async () => {
  const { near, far, texts } = await connect();
  const clock = new VirtualClock();
  const line = new BrowserTransport(near, { clock, log, sampleRate: 16_000 });
  const events = noEvents();
  line.introduce(SESSION);
  line.follow(events, 16_000);
  line.sendAudio(new Uint8Array(640));
  line.stopAudio('voice');
  line.end('done');
  await once(far, 'close');
  const messages = texts.map((text) => browserMessage.parse(JSON.parse(text)));
  assert.deepEqual(
    messages.map(({ type }) => type),
    ['session_ready', 'audio_data', 'control', 'session_end'],
  );
  assert.deepEqual(messages.at(-1), {
    type: 'session_end',
    reason: 'done',
    ts: new Date(VIRTUAL_EPOCH_MS).toISOString(),
  });
});

test('what is typed before there is a session waits for it, behind the message that says whose it is', async () => {
  const { near, far } = await connect();
  const line = new BrowserTransport(near, { clock: systemClock, log, sampleRate: 16_000 });
  const typed: string[] = [];
  far.send('What is the status');
  far.send('{"type":"text","text":"of order 1042?"}');
  // Audio comes behind both, and is counted.
  far.send(new Uint8Array(640));
  while (line.counts.early === 0) await new Promise((resolve) => setImmediate(resolve));
  line.introduce(SESSION);
  line.follow(noEvents(), 16_000);
  line.events.on('text', (text) => typed.push(text));
  while (typed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(typed, ['What is the status of order 1042?']);
  line.close(1000, 'done');
});

test('an end that is asked for before there is a session comes when there is one (newcomer: lost on open)', async () => {
  const { near, far } = await connect();
  const line = new BrowserTransport(near, { clock: systemClock, log, sampleRate: 16_000 });
  far.send('{"type":"end"}');
  far.send(new Uint8Array(640));
  while (line.counts.early === 0) await new Promise((resolve) => setImmediate(resolve));
  line.introduce(SESSION);
  line.follow(noEvents(), 16_000);
  await new Promise<void>((resolve) => line.events.on('endRequested', () => resolve()));
  line.close(1000, 'done');
});

test('audio that nobody hears yet is counted, and not passed on later', async () => {
  const { near, far } = await connect();
  const line = new BrowserTransport(near, { clock: systemClock, log, sampleRate: 16_000 });
  const heard: number[] = [];
  far.send(new Uint8Array(640));
  while (line.counts.early === 0) await new Promise((resolve) => setImmediate(resolve));
  line.introduce(SESSION);
  line.follow(noEvents(), 16_000);
  line.events.on('audio', (pcm) => heard.push(pcm.length));
  far.send(new Uint8Array(320));
  while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(heard, [320]);
  assert.equal(line.counts.early, 1);
  line.close(1000, 'done');
});
