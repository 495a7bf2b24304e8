import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { MediaSocket } from './media-socket.ts';
import { encodeFrame, OPCODE } from './web-socket-frames.ts';

type Decide = 'accept' | 'refuse' | 'hang-up';

/** A server of the `ws` package, as the stream host is one, and a media socket to it. */
async function connected(decide: Decide = 'accept') {
  const opened = new AsyncDisposableStack();
  const http = createServer();
  opened.defer(() => void http.close());
  const server = new WebSocketServer({ noServer: true });
  const accepted = Promise.withResolvers<{ peer: WebSocket; url: string; token: string }>();
  http.on('upgrade', (request, socket, head) => {
    const answer = '{"error":{"code":"host.full"}}';
    if (decide === 'hang-up') socket.destroy();
    else if (decide === 'refuse')
      socket.end(`HTTP/1.1 503 Service Unavailable\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`);
    else
      server.handleUpgrade(request, socket, head, (peer) => {
        opened.defer(() => peer.terminate());
        peer.send('first');
        accepted.resolve({ peer, url: request.url ?? '', token: request.headers.authorization ?? '' });
      });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const seen = { texts: [] as string[], opened: 0, refused: [] as [number, string][] };
  const closed = Promise.withResolvers<[number, string]>();
  const texts = Promise.withResolvers<void>();
  const { port } = http.address() as AddressInfo;
  const socket = new MediaSocket(
    `ws://127.0.0.1:${port}/media?session_id=7`,
    { authorization: 'Bearer t' },
    {
      onOpen: () => seen.opened++,
      onRefused: (status, body) => seen.refused.push([status, body]),
      onText: (frame) => {
        seen.texts.push(frame.copy().toString());
        if (seen.texts.length === 3) texts.resolve();
      },
      onClose: (code, reason) => closed.resolve([code, reason]),
    },
  );
  return { socket, seen, accepted: accepted.promise, closed: closed.promise, texts: texts.promise, opened };
}

test('it sends and receives, pings are answered, and the first frame may come with the upgrade', async () => {
  const { socket, seen, accepted, texts, opened } = await connected();
  await using _ = opened;
  const { peer, url, token } = await accepted;
  assert.deepEqual([url, token], ['/media?session_id=7', 'Bearer t']);
  const long = 'x'.repeat(40_000);
  peer.send('second');
  peer.send(long);
  await texts;
  assert.deepEqual(seen.texts, ['first', 'second', long]);
  assert.deepEqual([seen.opened, socket.isOpen, socket.localPort > 0], [1, true, true]);

  const [message] = await Promise.all([
    once(peer, 'message'),
    socket.send(encodeFrame(OPCODE.text, Buffer.from('hello'), 99)),
  ]);
  assert.equal(String(message[0]), 'hello');
  peer.ping('are you there');
  assert.equal(String((await once(peer, 'pong'))[0]), 'are you there');
});

test('a close by the server has its code and reason, and is answered', async () => {
  const { socket, accepted, closed, opened } = await connected();
  await using _ = opened;
  const { peer } = await accepted;
  const answered = once(peer, 'close');
  peer.close(4100, 'Handed over.');
  assert.deepEqual(await closed, [4100, 'Handed over.']);
  assert.equal(socket.isOpen, false);
  assert.equal((await answered)[0], 4100);
});

test('a hang-up is a proper close for the server', async () => {
  const { socket, accepted, closed, opened } = await connected();
  await using _ = opened;
  const { peer } = await accepted;
  while (!socket.isOpen) await new Promise((resolve) => setImmediate(resolve));
  socket.close(1000, 'The caller has hung up.');
  socket.close(1000, 'Again.');
  const [code, reason] = await once(peer, 'close');
  assert.deepEqual([code, String(reason)], [1000, 'The caller has hung up.']);
  assert.deepEqual(await closed, [1000, 'The caller has hung up.']);
});

test('a connection that breaks was not closed', async () => {
  const { accepted, closed, opened } = await connected();
  await using _ = opened;
  (await accepted).peer.terminate();
  assert.deepEqual(await closed, [1006, '']);
});

test('a refusal has its status and body, and a server that hangs up has none', async () => {
  const refused = await connected('refuse');
  await using _ = refused.opened;
  assert.deepEqual(await refused.closed, [1006, '']);
  assert.deepEqual(refused.seen.refused, [[503, '{"error":{"code":"host.full"}}']]);

  const dropped = await connected('hang-up');
  await using __ = dropped.opened;
  assert.deepEqual(await dropped.closed, [1006, '']);
  assert.deepEqual([dropped.seen.refused, dropped.seen.opened], [[], 0]);
});
