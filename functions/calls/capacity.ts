import type { SessionStore } from '../../shared/sessions/session-store.ts';

/** Whether somebody could take one more call now: no replica of the stream host is alive, all are full (or too busy), or one has room. */
export type Capacity = 'none-alive' | 'full' | 'free';

export async function capacityOf(store: SessionStore): Promise<Capacity> {
  const hosts = await store.hosts();
  if (hosts.length === 0) return 'none-alive';
  return hosts.some((host) => host.sessions < host.maxSessions) ? 'free' : 'full';
}
