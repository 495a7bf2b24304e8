import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { LiveSessions } from './live-sessions.ts';

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
  readonly live: Pick<LiveSessions, 'count' | 'maxSessions' | 'draining' | 'overload'>;
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
  const refusal = refusalOf(live);
  const checks: Record<string, Check> = Object.fromEntries(results);
  const broken = results.some(([, check]) => !check.ok);
  checks.admission = refusal === undefined ? { ok: true } : { ok: false, reason: refusal };
  const status = live.draining ? 'draining' : broken ? 'not-ready' : refusal === undefined ? 'ready' : 'full';
  return { status, checks, sessions: live.count, maxSessions: live.maxSessions };
}

const TOO_MUCH = {
  loopDelayMs: 'Too busy: the event loop is late.',
  speechLaneMs: 'Too busy: voice activity detection is late.',
  cpu: 'Too busy: no CPU is left for one more.',
} as const;

function refusalOf({ count, maxSessions, overload }: ReadinessOptions['live']): string | undefined {
  if (count >= maxSessions) return 'No place is free (MAX_SESSIONS).';
  return overload === undefined ? undefined : TOO_MUCH[overload];
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
