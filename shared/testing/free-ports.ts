import { once } from 'node:events';
import { createServer } from 'node:net';
import { listening } from './listening.ts';

/** Ports that nobody listens on now, for what cannot be started on port 0 because others must know its address before. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until all are found, so that none is given twice.
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(listening));
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
