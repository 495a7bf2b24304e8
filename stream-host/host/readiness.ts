import type { Clock } from '../../shared/clock.ts';
import { CHECK_LIMITS_MS, Dependency } from '../../shared/dependency.ts';
import type { ErrorCode } from '../../shared/error-codes.ts';
import type { Logger } from '../../shared/log.ts';
import type { LiveSessions } from './live-sessions.ts';

export interface Check {
  readonly ok: boolean;
  readonly elapsedMs?: number;
  /** Why not: a stable code, and what it says. Neither tells more than anybody may know. */
  readonly code?: ErrorCode;
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
  readonly log: Logger;
}

/** How long the answers of the dependencies are good for: probes, and whoever else asks, come from everywhere. */
const KEEP_MS = 1_000;

/**
 * Whether this host can take a session now. Not being ready takes it out of the rotation and harms no session that it
 * has; liveness, which would, is another question.
 */
export class HostReadiness {
  readonly #options: ReadinessOptions;
  readonly #dependencies: readonly (readonly [name: string, dependency: Dependency])[];
  #latest: { readonly checks: Promise<Record<string, Check>>; readonly untilMs: number } | undefined;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#dependencies = Object.entries(options.dependencies).map(([name, probe]) => [
      name,
      new Dependency({ name, probe, limitMs: CHECK_LIMITS_MS.streamHost, clock, log }),
    ]);
  }

  /** The dependencies as they were within the last second, and the places as they are now. */
  async check(): Promise<Readiness> {
    const { live, clock } = this.#options;
    if (this.#latest === undefined || this.#latest.untilMs <= clock.now()) {
      this.#latest = { checks: this.#checkAll(), untilMs: clock.now() + KEEP_MS };
    }
    const checks = { ...(await this.#latest.checks) };
    const broken = Object.values(checks).some(({ ok }) => !ok);
    const refusal = refusalOf(live);
    checks.admission = refusal === undefined ? { ok: true } : { ok: false, reason: refusal };
    const status = live.draining ? 'draining' : broken ? 'not-ready' : refusal === undefined ? 'ready' : 'full';
    return { status, checks, sessions: live.count, maxSessions: live.maxSessions };
  }

  async #checkAll(): Promise<Record<string, Check>> {
    const results = this.#dependencies.map(async ([name, dependency]) => [name, await dependency.check()] as const);
    return Object.fromEntries(await Promise.all(results));
  }
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
