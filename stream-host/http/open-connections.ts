import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * How long a request may take to come, its headers first. A second or two is plenty: bodies are small here, and a
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
 * which may be a call, is always heard. A socket that asks to be let in is one of them until it is.
 *
 * @returns takes a connection out of the count, as sockets that were let in have places of their own
 */
export function boundConnections(server: Server, most = MOST_CONNECTIONS): (connection: Duplex) => void {
  const connections = new Set<Duplex>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    const [oldest] = connections;
    if (connections.size > most) oldest?.destroy();
  });
  return (connection) => {
    connections.delete(connection);
  };
}
