import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { eventually } from '../../shared/testing/eventually.ts';
import { boundConnections, REQUEST_LIMITS } from './open-connections.ts';

const sockets: Socket[] = [];
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
  for (const socket of sockets) socket.destroy();
});

async function serve(most: number, limits: Partial<Record<keyof typeof REQUEST_LIMITS, number>> = {}) {
  const server = createServer({ ...REQUEST_LIMITS, ...limits }, (_, response) => response.end('here'));
  const letIn = boundConnections(server, most);
  server.on('upgrade', (_, socket: Socket) => {
    letIn(socket);
    sockets.push(socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return {
    server,
    /** A connection that sends so much, and what becomes of it. */
    open: async (text: string) => {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      const state = { open: true, answered: '' };
      socket.on('error', () => {});
      socket.on('close', () => {
        state.open = false;
      });
      socket.on('data', (data) => {
        state.answered += data;
      });
      await once(socket, 'connect');
      socket.write(text);
      return state;
    },
  };
}

const UPGRADE = 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

test('of connections that say nothing the oldest goes, and a new one is heard (Lesser: half-open sockets)', async () => {
  const { open } = await serve(20);
  const call = await open(UPGRADE);
  await eventually(() => call.answered.includes('101'));
  const halfOpen: { open: boolean }[] = [];
  for (let i = 0; i < 60; i++) halfOpen.push(await open('GET / HTTP/1.1\r\nx: '));
  const caller = await open(UPGRADE);
  await eventually(() => caller.answered.includes('101'));
  await eventually(() => halfOpen.filter((socket) => socket.open).length <= 20);
  assert.equal(halfOpen.at(-1)?.open, true);
  assert.equal(call.open, true, 'a session’s socket is none of them');
});

test('a request that does not come to its end is answered with 408 and closed (Lesser: slow bodies)', async () => {
  const { open } = await serve(20, { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 });
  const halfOpen = await open('GET / HTTP/1.1\r\nx: ');
  const slowBody = await open('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nslow');
  await eventually(() => !halfOpen.open && !slowBody.open);
  assert.match(halfOpen.answered, /^HTTP\/1\.1 408 /);
});
