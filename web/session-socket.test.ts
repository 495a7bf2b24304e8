import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import type { BrowserMessage } from '../shared/protocol/browser.ts';
import { CLOSE } from '../shared/protocol/close-codes.ts';
import type { Connection } from './connection.ts';
import { SessionSocket } from './session-socket.ts';
import { TicketRefused } from './tickets.ts';

const READY = JSON.stringify({
  type: 'session_ready',
  session_id: 's1',
  agent: 'orders',
  mode: 'media',
  sample_rate: 16_000,
  resumed: false,
  scripted: true,
} satisfies BrowserMessage);

/** A server on a real port, and a page's socket that leads there. */
async function connect(
  t: TestContext,
  mode?: string,
  ticketFor: (id: string) => Promise<string | undefined> = async () => undefined,
) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const urls: URL[] = [];
  const protocols: (string | undefined)[] = [];
  const accepted: WebSocket[] = [];
  const arrivals: (() => void)[] = [];
  server.on('connection', (socket, request) => {
    urls.push(new URL(request.url ?? '', 'ws://server'));
    protocols.push(request.headers['sec-websocket-protocol']);
    accepted.push(socket);
    for (const arrive of arrivals.splice(0)) arrive();
  });
  const states: Connection[] = [];
  const messages: BrowserMessage[] = [];
  const waiters: { until: () => boolean; done: () => void }[] = [];
  const look = () => {
    for (const waiter of waiters) if (waiter.until()) waiter.done();
  };
  const socket = new SessionSocket({
    origin: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessionId: 's1',
    mode,
    random: () => 0,
    ticketFor,
    onConnection: (connection) => {
      states.push(connection);
      look();
    },
    onMessage: (message) => {
      messages.push(message);
      look();
    },
  });
  t.after(() => {
    socket.close();
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const until = (condition: () => boolean) =>
    condition() ? Promise.resolve() : new Promise<void>((done) => waiters.push({ until: condition, done }));
  const accept = async (count: number): Promise<WebSocket> => {
    while (accepted.length < count) await new Promise<void>((arrive) => arrivals.push(arrive));
    const latest = accepted[count - 1];
    assert.ok(latest);
    return latest;
  };
  return { socket, states, messages, urls, protocols, until, accept };
}

test('asks for 16 kHz under its session id, and is open when the server says so', async (t) => {
  const { socket, states, urls, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  assert.equal(urls[0]?.pathname, '/api/v1/realtime/conversation');
  assert.equal(urls[0]?.searchParams.get('session_id'), 's1');
  assert.equal(urls[0]?.searchParams.get('sample_rate'), '16000');
  assert.deepEqual(
    states.map(({ name }) => name),
    ['connecting'],
  );
  server.send(READY);
  await until(() => socket.connection.name === 'open');
});

test('sends the microphone only while the line stands, and counts what it could not send', async (t) => {
  const { socket, until, accept } = await connect(t);
  socket.sendAudio(new ArrayBuffer(640));
  assert.equal(socket.droppedFrames, 1);
  socket.open();
  const server = await accept(1);
  server.send(READY);
  await until(() => socket.connection.name === 'open');
  const received = once(server, 'message');
  socket.sendAudio(new ArrayBuffer(640));
  const [data, isBinary] = await received;
  assert.equal(isBinary, true);
  assert.equal(data.length, 640);
  assert.equal(socket.droppedFrames, 1);
});

test('comes back under the same session id after a loss', async (t) => {
  const { socket, states, urls, until, accept } = await connect(t);
  socket.open();
  const first = await accept(1);
  first.send(READY);
  await until(() => socket.connection.name === 'open');
  first.terminate();
  const second = await accept(2);
  second.send(READY);
  await until(() => states.filter(({ name }) => name === 'open').length === 2);
  assert.deepEqual(
    states.map(({ name }) => name),
    ['connecting', 'open', 'waiting', 'connecting', 'open'],
  );
  assert.equal(urls[1]?.searchParams.get('session_id'), 's1');
});

test('comes back to the session that the server gave, where the one it asked for was over (5.2-6)', async (t) => {
  const { socket, urls, until, accept } = await connect(t);
  socket.open();
  const first = await accept(1);
  first.send(READY.replace('"s1"', '"s2"'));
  await until(() => socket.connection.name === 'open');
  first.terminate();
  await accept(2);
  assert.equal(urls[1]?.searchParams.get('session_id'), 's2');
});

test('asks for the mode that was chosen, and for none where none was', async (t) => {
  for (const mode of ['voice_live', undefined]) {
    const { socket, urls, accept } = await connect(t, mode);
    socket.open();
    await accept(1);
    assert.equal(urls[0]?.searchParams.get('streaming_mode'), mode ?? null);
  }
});

test('does not come back where another tab has the session', async (t) => {
  const { socket, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  server.close(CLOSE.alreadyConnected, 'in use');
  await until(() => socket.connection.name === 'closed');
  assert.deepEqual(socket.connection, { name: 'closed', trouble: 'other-tab', reason: 'in use' });
});

test('survives messages that it cannot read', async (t) => {
  const { socket, messages, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  for (const text of ['no json', '[]', 'null', '{}']) server.send(text);
  server.send(READY);
  await until(() => messages.length > 0);
  assert.deepEqual(
    messages.map(({ type }) => type),
    ['session_ready'],
  );
});

test('a stop tells the server and closes the socket', async (t) => {
  const { socket, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  server.send(READY);
  await until(() => socket.connection.name === 'open');
  const received = once(server, 'message');
  const closed = once(server, 'close');
  socket.close();
  assert.deepEqual(JSON.parse(String((await received)[0])), { type: 'end' });
  assert.equal((await closed)[0], 1000);
  assert.deepEqual(socket.connection, { name: 'closed' });
});

test('brings a ticket as a subprotocol, comes back by the right that it was given, and asks for another where that fails', async (t) => {
  const asked: string[] = [];
  const { socket, protocols, urls, until, accept } = await connect(t, undefined, async (id) => {
    asked.push(id);
    return `ticket-${asked.length}`;
  });
  socket.open();
  const first = await accept(1);
  first.send(READY.replace('}', ',"return_ticket":"return-1"}'));
  await until(() => socket.connection.name === 'open');
  first.terminate();
  // The right to come back is used up by this try, which fails.
  (await accept(2)).terminate();
  await accept(3);
  assert.deepEqual(
    protocols,
    [1, 0, 2].map((n) => `parley, parley.ticket.${n === 0 ? 'return-1' : `ticket-${n}`}`),
  );
  assert.deepEqual(asked, ['s1', 's1']);
  assert.ok(urls.every((url) => !url.href.includes('ticket')));
});

test('stops where the server gives it no ticket, and tries again where it does not answer', async (t) => {
  let failure: Error = new Error('no answer');
  const { socket, until } = await connect(t, undefined, async () => {
    throw failure;
  });
  socket.open();
  await until(() => socket.connection.name === 'waiting');
  failure = new TicketRefused('401');
  await until(() => socket.connection.name === 'closed');
  assert.deepEqual(socket.connection, { name: 'closed', trouble: 'not-allowed' });
});

test('a talk that is ended here still hears what it has come to, and nothing else (stranger: a stale count)', async (t) => {
  const { socket, messages, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  server.send(READY);
  await until(() => messages.length === 1);
  const asked = once(server, 'message');
  socket.close();
  assert.deepEqual(JSON.parse(String((await asked)[0])), { type: 'end' });
  server.send(JSON.stringify({ type: 'user_partial', content: 'late' }));
  server.send(JSON.stringify({ type: 'call_spent', totals: [], cost: null }));
  await until(() => messages.length === 2);
  assert.equal(messages[1]?.type, 'call_spent');
  server.close(1000);
});

test('a line that takes nothing for ten seconds is left for another: after a change of network nobody closes it', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const { socket, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  server.send(READY);
  await until(() => socket.connection.name === 'open');
  server.pause();
  const speak = () => socket.sendAudio(new ArrayBuffer(64_000));
  // What the two machines keep of it is theirs to say.
  while (socket.droppedFrames === 0) speak();
  t.mock.timers.tick(9_000);
  speak();
  assert.equal(socket.connection.name, 'open', 'a line may stand still for a moment');
  t.mock.timers.tick(1_000);
  speak();
  assert.deepEqual(socket.connection, {
    ...{ name: 'waiting', attempt: 0, trouble: 'connection-lost', retryInMs: 320 },
  });
});

test('a talk whose microphone was unplugged can go on: the server is not told that it is over', async (t) => {
  const { socket, until, accept } = await connect(t);
  socket.open();
  const server = await accept(1);
  server.send(READY);
  await until(() => socket.connection.name === 'open');
  const heard: string[] = [];
  server.on('message', (data) => heard.push(String(data)));
  const closed = once(server, 'close');
  socket.leave();
  await closed;
  assert.deepEqual([heard, socket.connection], [[], { name: 'closed' }]);
});
