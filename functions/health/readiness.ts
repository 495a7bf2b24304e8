import type { Clock } from '../../shared/clock.ts';
import { CHECK_LIMITS_MS, Dependency } from '../../shared/dependency.ts';
import type { ErrorCode } from '../../shared/error-codes.ts';
import { DependencyError } from '../../shared/errors.ts';
import { hostReadyz } from '../../shared/http/routes/health.ts';
import type { Logger } from '../../shared/log.ts';

export interface DependencyCheck {
  readonly component: string;
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly check_time_ms: number;
  /** Why it is not healthy: a stable code, and what it says. Neither tells more than anybody may know. */
  readonly code?: ErrorCode;
  readonly error?: string;
  readonly details?: string;
}

export interface ReadinessReport {
  /** `unhealthy`: something that no request can do without has failed. `degraded`: something else has. */
  readonly status: 'ready' | 'degraded' | 'unhealthy';
  readonly response_time_ms: number;
  readonly checks: readonly DependencyCheck[];
}

interface Part {
  readonly component: string;
  readonly critical: boolean;
  readonly details: string;
  readonly dependency: Dependency;
}

const KEEP_MS = 2_000;

/** Asks each dependency, all at once and each within a second. A result is kept for a moment: probes come from everywhere. */
export class Readiness {
  readonly #clock: Clock;
  readonly #parts: readonly Part[];
  #latest: { readonly report: Promise<ReadinessReport>; readonly untilMs: number } | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly pingRedis: () => Promise<void>;
    /** Resolves when the tokens of ACS can be checked. */
    readonly requireKeys: () => Promise<void>;
    readonly streamHostUrl: string;
    readonly log: Logger;
  }) {
    const { clock, log } = options;
    this.#clock = clock;
    const part = (
      component: string,
      details: string,
      probe: (signal: AbortSignal) => Promise<void>,
      critical = true,
    ): Part => {
      const limitMs = CHECK_LIMITS_MS.functions;
      return {
        component,
        critical,
        details,
        dependency: new Dependency({ name: component, probe, limitMs, clock, log }),
      };
    };
    this.#parts = [
      part('redis', 'sessions', options.pingRedis),
      // Without keys no callback and no media socket is believed, so no call is answered.
      part('acs', 'signing keys of callbacks', options.requireKeys),
      part('stream-host', 'media and browser sockets', (signal) => requireReady(options.streamHostUrl, signal), false),
    ];
  }

  check(): Promise<ReadinessReport> {
    if (this.#latest === undefined || this.#latest.untilMs <= this.#clock.now()) {
      this.#latest = { report: this.#checkAll(), untilMs: this.#clock.now() + KEEP_MS };
    }
    return this.#latest.report;
  }

  async #checkAll(): Promise<ReadinessReport> {
    const startedAt = this.#clock.now();
    const checks = await Promise.all(this.#parts.map(checkPart));
    const statuses = new Set(checks.map((check) => check.status));
    return {
      status: statuses.has('unhealthy') ? 'unhealthy' : statuses.has('degraded') ? 'degraded' : 'ready',
      response_time_ms: Math.round(this.#clock.now() - startedAt),
      checks,
    };
  }
}

async function checkPart({ component, critical, details, dependency }: Part): Promise<DependencyCheck> {
  const state = await dependency.check();
  if (state.ok) return { component, status: 'healthy', check_time_ms: state.elapsedMs, details };
  const { elapsedMs, code, reason } = state;
  return {
    component,
    status: critical ? 'unhealthy' : 'degraded',
    check_time_ms: elapsedMs,
    code,
    error: reason,
    details,
  };
}

/** What the stream host says of itself counts, and which of its checks fails: it may not be the one to blame. */
async function requireReady(url: string, signal: AbortSignal): Promise<void> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`${url}/readyz`, { signal });
    body = response.ok ? await response.body?.cancel() : await response.json().catch(() => undefined);
  } catch (error) {
    throw new DependencyError('stream-host.unreachable', 'The stream host could not be reached.', error);
  }
  if (response.ok) return;
  const { data } = hostReadyz.answers[503].safeParse(body);
  const failing = Object.entries(data?.checks ?? {}).filter(([name, { ok }]) => !ok && /^\w{1,40}$/.test(name));
  const names = failing.map(([name]) => name).join(', ') || data?.status || `it answered ${response.status}`;
  throw new DependencyError('stream-host.not-ready', `The stream host cannot take a session now: ${names}.`);
}
