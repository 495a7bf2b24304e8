import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import {
  attachSession,
  createRedisCommandExecutor,
  RedisServerState,
  SocketConnectionTransport,
} from 'js-redis-server/core';

/** How a command of a client begins. */
const ARRAY = '*'.charCodeAt(0);

/**
 * The embedded Redis. The library's own server is not used for two reasons: it leaves Nagle's algorithm on, so that with
 * the client's delayed acknowledgement each answer after the first of a batch takes 44 ms; and it listens on every
 * interface. Its parts on our own server have neither fault.
 */
const state = new RedisServerState({ databaseCount: 16 });
const executor = createRedisCommandExecutor();
const server = createServer({ noDelay: true, keepAlive: true }, serve);

server.listen((workerData as { port: number }).port, '127.0.0.1');
await once(server, 'listening');
parentPort?.postMessage((server.address() as AddressInfo).port);

function serve(socket: Socket): void {
  // A client that dies is no fault of the server; the transport ends its session.
  socket.on('error', () => {});
  socket.once('data', (first) => {
    // Any page can make its visitor's browser post to this port, and each line of the body would be a command. Redis
    // itself cuts off who speaks HTTP; here only the protocol of clients is spoken, which begins with an array.
    if (first[0] !== ARRAY) {
      socket.destroy();
      return;
    }
    const { done } = attachSession(new SocketConnectionTransport(socket), { state, executor });
    socket.unshift(first);
    done.catch(() => socket.destroy());
  });
}
