import type { Clock } from '../../shared/clock.ts';
import type { Dependency, DependencyReport, DependencySpec, Rhythm } from '../../shared/health/dependency.ts';
import { DependencyBoard } from '../../shared/health/dependency-board.ts';
import type { Logger } from '../../shared/log.ts';
import type { LiveSessions } from './live-sessions.ts';

export type HostStatus = 'ready' | 'degraded' | 'full' | 'not-ready' | 'draining';

export interface HostHealthOptions {
  readonly clock: Clock;
  /**
   * The parts of this process that it cannot do without. Each resolves when the part works and rejects, with the reason,
   * when it does not. The signal ends a late one.
   */
  readonly parts: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>>;
  /**
   * Those of them that mend by themselves, as soon as somebody has written a file again: without one the host is not
   * ready, and it is never ended for it.
   */
  readonly mending?: readonly string[] | undefined;
  /** What is needed of others. */
  readonly services: readonly DependencySpec[];
  readonly live: Pick<LiveSessions, 'count' | 'maxSessions' | 'mostSessions' | 'draining' | 'overload'>;
  /** Whether another host can take what this one is too busy for. Without it: yes. */
  readonly othersHaveRoom?: () => boolean;
  /** A part has not worked for minutes, and is none of those that mend by themselves. Told once. */
  readonly onBroken?: ((error: Error) => void) | undefined;
  readonly log: Logger;
  readonly rhythm?: Partial<Rhythm> | undefined;
}

/** What is told of a host to whoever may know. */
export interface HostReport {
  readonly status: HostStatus;
  /** What of its own keeps the host from taking one more session: one line each. */
  readonly problems: readonly string[];
  readonly dependencies: readonly DependencyReport[];
}

const PARTS_EVERY_MS = 2_000;
const PART_LIMIT_MS = 750;
/** A part that failed so often in a row is given up: some five minutes. A pause of the process is one failure. */
const BROKEN_AFTER = 120;

/**
 * Whether this host can take a session now. Not being ready takes it out of the rotation and harms no session that it
 * has; liveness, which would, is another question. All is asked in the background: a probe is told what is known. Why it is
 * not ready is a line in the log, and so is another reason, and that it is ready again.
 */
export class HostHealth {
  readonly #live: HostHealthOptions['live'];
  readonly #othersHaveRoom: () => boolean;
  readonly #parts: DependencyBoard;
  readonly #services: DependencyBoard;
  readonly #onBroken: (error: Error) => void;
  readonly #mending: readonly string[];
  readonly #log: Logger;
  /** How often each part has failed in a row. */
  readonly #failures = new Map<string, number>();
  /** What the log has said last. */
  #told: string | undefined;

  constructor(given: HostHealthOptions) {
    const { parts, services, live, othersHaveRoom = () => true, onBroken = () => {}, mending = [], ...options } = given;
    this.#live = live;
    this.#othersHaveRoom = othersHaveRoom;
    this.#onBroken = onBroken;
    this.#mending = mending;
    this.#log = options.log;
    this.#services = new DependencyBoard({ ...options, dependencies: services, onFinding: () => this.#tell() });
    this.#parts = new DependencyBoard({
      clock: options.clock,
      log: options.log,
      onFinding: (part) => {
        this.#count(part);
        this.#tell();
      },
      dependencies: Object.entries(parts).map(([name, probe]) => ({
        name,
        late: 'dependency.late' as const,
        gates: false,
        everyMs: PARTS_EVERY_MS,
        limitMs: PART_LIMIT_MS,
        check: async ({ signal }) => {
          await probe(signal);
          return {};
        },
      })),
    });
  }

  /** Resolves when each part and each service has answered once, or has been given up once. */
  get first(): Promise<unknown> {
    return Promise.all([this.#parts.first, this.#services.first]);
  }

  get status(): HostStatus {
    if (this.#live.draining) return 'draining';
    if (this.#parts.degraded || !this.#services.admitted) return 'not-ready';
    // With nobody left in the rotation, a call that has lost its host would find none.
    const isLast = this.#live.count < this.#live.mostSessions && !this.#othersHaveRoom();
    if (refusalOf(this.#live) !== undefined) return isLast ? 'degraded' : 'full';
    return this.#services.degraded ? 'degraded' : 'ready';
  }

  report(): HostReport {
    const broken = this.#parts.reports().filter(({ state }) => state !== 'accepted');
    const awaited = this.#services.objections.filter(({ kind }) => kind === 'unknown');
    const refusal = refusalOf(this.#live);
    return {
      status: this.status,
      problems: [
        ...broken.map(({ name, advice }) => `${name}: ${advice}`),
        ...awaited.map(({ name, reason }) => `${name}: ${reason}.`),
        ...(refusal === undefined ? [] : [refusal]),
      ],
      dependencies: this.#services.reports(),
    };
  }

  start(): void {
    this.#parts.start();
    this.#services.start();
  }

  /** Idempotent. */
  close(): void {
    this.#parts.close();
    this.#services.close();
  }

  #count({ name, complaint }: Dependency): void {
    if (this.#mending.includes(name)) return;
    const failures = complaint ? (this.#failures.get(name) ?? 0) + 1 : 0;
    this.#failures.set(name, failures);
    if (failures === BROKEN_AFTER) this.#onBroken(new Error(`"${name}" does not work any more: ${complaint?.reason}.`));
  }

  #tell(): void {
    // While it starts there is nothing to say: each is given up after some seconds.
    if (!this.#parts.isKnown || !this.#services.isKnown) return;
    const reasons = [...this.#parts.complaints, ...this.#services.objections];
    const told = reasons.map(({ name, kind }) => `${name} ${kind}`).join();
    if (told === this.#told) return;
    this.#told = told;
    const why = reasons.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
    if (why === '') this.#log.info('this host is ready for calls');
    else this.#log.warn(`this host is not ready for calls: ${why}`);
  }
}

const TOO_MUCH = {
  loopDelayMs: 'Too busy: the event loop is late.',
  speechLaneMs: 'Too busy: voice activity detection is late.',
  cpu: 'Too busy: no CPU is left for one more.',
} as const;

function refusalOf({ count, maxSessions, overload }: HostHealthOptions['live']): string | undefined {
  if (count >= maxSessions) return 'No place is free (MAX_SESSIONS).';
  return overload === undefined ? undefined : TOO_MUCH[overload];
}
