import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * How long a request may take to come, its headers first. A second or two is plenty: nothing here takes a body, and a
 * socket's upgrade is one packet.
 */
export const REQUEST_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2000,
} as const;

/** Connections that are no session's socket. A page opens six at most. */
const MOST_CONNECTIONS = 1000;

/**
 * Bounds the connections that say nothing, or little: beyond the limit the one that came first is cut, so that a new one,
 * which may be a call, is always heard. Sockets of sessions have places of their own and are not counted here.
 */
export function boundConnections(server: Server, most = MOST_CONNECTIONS): void {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    const [oldest] = connections;
    if (connections.size > most) oldest?.destroy();
  });
  server.on('upgrade', ({ socket }) => connections.delete(socket));
}
