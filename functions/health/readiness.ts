import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { within } from '../../shared/within.ts';

export interface DependencyCheck {
  readonly component: string;
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly check_time_ms: number;
  readonly error?: string;
  readonly details?: string;
}

export interface ReadinessReport {
  /** `unhealthy`: something that no request can do without has failed. `degraded`: something else has. */
  readonly status: 'ready' | 'degraded' | 'unhealthy';
  readonly response_time_ms: number;
  readonly checks: readonly DependencyCheck[];
}

interface Dependency {
  readonly component: string;
  readonly critical: boolean;
  readonly details: string;
  readonly probe: (signal: AbortSignal) => Promise<void>;
}

const CHECK_MS = 1_000;
const KEEP_MS = 2_000;

/** Asks each dependency, all at once and each within a second. A result is kept for a moment: probes come from everywhere. */
export class Readiness {
  readonly #clock: Clock;
  readonly #dependencies: readonly Dependency[];
  #latest: { readonly report: Promise<ReadinessReport>; readonly untilMs: number } | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly pingRedis: () => Promise<void>;
    /** Resolves when the tokens of ACS can be checked. */
    readonly requireKeys: () => Promise<void>;
    readonly streamHostUrl: string;
  }) {
    this.#clock = options.clock;
    this.#dependencies = [
      { component: 'redis', critical: true, details: 'sessions', probe: options.pingRedis },
      // Without keys no callback and no media socket is believed, so no call is answered.
      { component: 'acs', critical: true, details: 'signing keys of callbacks', probe: options.requireKeys },
      {
        component: 'stream-host',
        critical: false,
        details: 'media and browser sockets',
        probe: (signal) => expectOk(`${options.streamHostUrl}/readyz`, signal),
      },
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
    const checks = await Promise.all(this.#dependencies.map((dependency) => this.#check(dependency)));
    const statuses = new Set(checks.map((check) => check.status));
    return {
      status: statuses.has('unhealthy') ? 'unhealthy' : statuses.has('degraded') ? 'degraded' : 'ready',
      response_time_ms: Math.round(this.#clock.now() - startedAt),
      checks,
    };
  }

  async #check({ component, critical, details, probe }: Dependency): Promise<DependencyCheck> {
    const startedAt = this.#clock.now();
    const abort = new AbortController();
    const elapsedMs = () => Math.round(this.#clock.now() - startedAt);
    try {
      await within(this.#clock, CHECK_MS, probe(abort.signal), () => {
        const late = new Error(`no answer within ${CHECK_MS} ms`);
        abort.abort(late);
        throw late;
      });
      return { component, status: 'healthy', check_time_ms: elapsedMs(), details };
    } catch (error) {
      const status = critical ? 'unhealthy' : 'degraded';
      return { component, status, check_time_ms: elapsedMs(), error: messageOf(error), details };
    }
  }
}

async function expectOk(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`answered ${response.status}`);
}
