import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports that nobody listens on now, for what cannot be started on port 0 because others must know its address before. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until all are found, so that none is given twice.
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
