import type { Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';

export interface Check {
  readonly ok: boolean;
  readonly elapsedMs?: number;
  readonly reason?: string;
}

export interface Readiness {
  readonly status: 'ready' | 'full' | 'not-ready' | 'draining';
  readonly checks: Readonly<Record<string, Check>>;
  readonly sessions: number;
  readonly maxSessions: number;
}

export interface ReadinessOptions {
  readonly clock: Clock;
  /** Each resolves when the thing works and rejects, with the reason, when it does not. The signal ends a late one. */
  readonly dependencies: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;
  readonly live: { readonly count: number; readonly maxSessions: number; readonly draining: boolean };
  /** How long one dependency may take. */
  readonly checkMs?: number;
}

/**
 * Whether this host can take a session now. Not being ready takes it out of the rotation and harms no session that it
 * has; liveness, which would, is another question.
 */
export async function checkReadiness(options: ReadinessOptions): Promise<Readiness> {
  const { dependencies, live, clock, checkMs = 1000 } = options;
  const results = await Promise.all(
    Object.entries(dependencies).map(async ([name, check]) => [name, await timed(check, checkMs, clock)] as const),
  );
  const hasRoom = live.count < live.maxSessions;
  const checks: Record<string, Check> = Object.fromEntries(results);
  const broken = results.some(([, check]) => !check.ok);
  checks.admission = hasRoom ? { ok: true } : { ok: false, reason: 'No place is free (MAX_SESSIONS).' };
  const status = live.draining ? 'draining' : broken ? 'not-ready' : hasRoom ? 'ready' : 'full';
  return { status, checks, sessions: live.count, maxSessions: live.maxSessions };
}

async function timed(check: (signal: AbortSignal) => Promise<unknown>, limitMs: number, clock: Clock): Promise<Check> {
  const startMs = clock.now();
  const ended = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(limitMs, () => late.reject(new Error(`No answer within ${limitMs} ms.`)));
  try {
    await Promise.race([check(ended.signal), late.promise]);
    return { ok: true, elapsedMs: Math.round(clock.now() - startMs) };
  } catch (error) {
    return { ok: false, elapsedMs: Math.round(clock.now() - startMs), reason: messageOf(error) };
  } finally {
    cancel();
    ended.abort();
  }
}
