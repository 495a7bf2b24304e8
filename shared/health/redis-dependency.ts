import type { Redis } from 'ioredis';
import type { NewId } from '../ids.ts';
import { redisFailure } from '../sessions/session-errors.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { CheckFailure } from './check.ts';
import type { DependencySpec } from './dependency.ts';

/** How Redis says that it does not know us, or does not let us do what we must. */
const DENIAL = /\b(WRONGPASS|NOAUTH|NOPERM)\b|invalid username-password|AUTH failed/i;

/**
 * Redis, by a value that is written and read back on the process's own connection. A connection that is not let in never
 * takes a command: why, only its `error` event says.
 */
export function redisDependency(redis: Redis, store: Pick<SessionStore, 'echo'>, newId: NewId): DependencySpec {
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  redis.on('ready', () => {
    lastError = undefined;
  });
  return {
    name: 'redis',
    late: 'redis.unavailable',
    gates: true,
    // Beyond the time limit of a command, which says more.
    limitMs: 4_000,
    check: async () => {
      const wanted = newId();
      try {
        if ((await store.echo(wanted)) !== wanted) throw new Error('what was written is not what was read');
        return {};
      } catch (error) {
        const cause = lastError ?? error;
        if (isDenial(cause) || isDenial(error)) throw new CheckFailure('refused', 'redis.denied', cause);
        const { code } = redisFailure(error);
        throw new CheckFailure('unreachable', code, cause);
      }
    },
  };
}

const isDenial = (error: unknown): boolean =>
  error instanceof Error && (DENIAL.test(error.message) || (error.cause !== undefined && isDenial(error.cause)));
