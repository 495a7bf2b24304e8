import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that systems give to connections and to port 0, which would take one before it is used. */
const [LOWEST, HIGHEST] = [10_000, 32_000];

/** Ports that nobody listens on now, for what cannot be started on port 0 because others must know its address before. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until all are found, so that none is given twice.
  const held: [port: number, server: Server][] = [];
  while (held.length < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) held.push([port, server]);
  }
  await Promise.all(held.map(([, server]) => once(server.close(), 'close')));
  return held.map(([port]) => port);
}
