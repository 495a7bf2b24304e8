import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { eventually } from '../shared/testing/eventually.ts';
import { CallWatch } from './call-watch.ts';

const partial = (call_id: string | null, content: string) =>
  JSON.stringify({ type: 'user_partial', content, session_id: 's', call_id });

async function watchOn(t: TestContext) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/api/v1/realtime/dashboard/relay' });
  await once(server, 'listening');
  const protocols: (string | undefined)[] = [];
  server.on('connection', (_, request) => protocols.push(request.headers['sec-websocket-protocol']));
  const connected = once(server, 'connection');
  const words: string[] = [];
  let lost = 0;
  const watch = new CallWatch({
    origin: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onMessage: (message) => words.push(message.type === 'user_partial' ? message.content : message.type),
    onLost: () => {
      lost += 1;
    },
    ticket: async () => 'a-ticket',
  });
  t.after(() => {
    watch.close();
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const [socket] = (await connected) as [WebSocket];
  return { watch, words, socket, protocols, lost: () => lost };
}

test('only the phone’s own call is shown, with what was said before the phone knew of it (5.2-7)', async (t) => {
  const { watch, words, socket } = await watchOn(t);
  socket.send(partial('mine', 'one'));
  socket.send(partial('other', 'not for us'));
  socket.send(partial(null, 'a talk in a browser'));
  await eventually(async () => words.length === 0);
  socket.send('no json');
  socket.send(partial('mine', 'two'));
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;
  watch.follow('mine');
  assert.deepEqual(words, ['one', 'two']);
  socket.send(partial('mine', 'three'));
  await eventually(async () => words.length === 3);
});

test('a watch that is lost says so', async (t) => {
  const { socket, lost, protocols } = await watchOn(t);
  assert.deepEqual(protocols, ['parley, parley.ticket.a-ticket']);
  socket.terminate();
  await eventually(async () => lost() === 1);
});
