import type { Clock } from '../../shared/clock.ts';

export interface ClientLimitsOptions {
  readonly clock: Clock;
  /** Sessions that one client may have at a time. */
  readonly maxSessions: number;
  /** Sessions that one client may open in a minute, and as many at once after a minute without any. */
  readonly opensPerMinute: number;
}

/** Why a client gets no session now: it has too many, or has opened too many in the last minute. */
export type ClientRefusal = 'too-many' | 'too-often';

interface Client {
  sessions: number;
  /** Sessions that it may open at once, as of `atMs`. */
  opens: number;
  atMs: number;
}

/** Clients without a session that are remembered. Whoever has more addresses than this is not stopped by limits on them. */
const MOST_REMEMBERED = 10_000;
const MINUTE_MS = 60_000;

/** What one client, who needs no credential, may have of a host's places. */
export class ClientLimits {
  readonly #options: ClientLimitsOptions;
  /** In the order of their last openings. */
  readonly #clients = new Map<string, Client>();

  constructor(options: ClientLimitsOptions) {
    this.#options = options;
  }

  /** Lets a client open one more session, until the returned function is called, or says why not. */
  admit(name: string): (() => void) | ClientRefusal {
    const { clock, maxSessions, opensPerMinute } = this.#options;
    const nowMs = clock.now();
    const known = this.#clients.get(name) ?? { sessions: 0, opens: opensPerMinute, atMs: nowMs };
    const earned = ((nowMs - known.atMs) / MINUTE_MS) * opensPerMinute;
    const opens = Math.min(opensPerMinute, known.opens + earned);
    if (known.sessions >= maxSessions) return 'too-many';
    if (opens < 1) return 'too-often';
    const client = Object.assign(known, { sessions: known.sessions + 1, opens: opens - 1, atMs: nowMs });
    this.#clients.delete(name);
    this.#clients.set(name, client);
    this.#forget();
    let held = true;
    return () => {
      if (held) client.sessions -= 1;
      held = false;
    };
  }

  /** Drops who opened a session longest ago and has none. */
  #forget(): void {
    if (this.#clients.size <= MOST_REMEMBERED) return;
    for (const [name, { sessions }] of this.#clients) {
      if (sessions > 0) continue;
      this.#clients.delete(name);
      return;
    }
  }
}
