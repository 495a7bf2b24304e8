import { hostReadyz } from '../http/routes/health.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { CheckFailure, stateOfStatus } from './check.ts';
import type { DependencySpec } from './dependency.ts';

/**
 * The stream hosts: how many have spoken lately and, for the functions, whether one answers at the address by which they
 * are reached. They come and go with a deployment, so that they keep nobody from being ready.
 *
 * @param url where one answers plain HTTP; undefined for a stream host itself
 */
export const streamHostsDependency = (store: Pick<SessionStore, 'hosts'>, url?: string): DependencySpec => ({
  name: 'stream-hosts',
  late: url === undefined ? 'redis.unavailable' : 'stream-host.unreachable',
  gates: false,
  limitMs: 4_000,
  check: async ({ signal }) => {
    if (url !== undefined) await requireReady(url, signal);
    const count = await store.hosts.count();
    if (count === 0) throw new CheckFailure('unreachable', 'capacity.none-alive');
    return { count };
  },
});

async function requireReady(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${url}/readyz`, { signal }).catch((error: unknown) => {
    throw new CheckFailure('unreachable', 'stream-host.unreachable', error);
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return;
  const status = hostReadyz.answers[503].safeParse(body).data?.status;
  const cause = new Error(`it answered ${response.status}, ${status ?? 'and is no stream host'}`);
  if (status === 'full') throw new CheckFailure('throttled', 'capacity.exhausted', cause);
  if (status !== undefined) throw new CheckFailure('unreachable', 'stream-host.not-ready', cause);
  const refused = stateOfStatus(response.status) !== 'unreachable';
  throw refused
    ? new CheckFailure('refused', 'stream-host.foreign', cause)
    : new CheckFailure('unreachable', 'stream-host.unreachable', cause);
}
