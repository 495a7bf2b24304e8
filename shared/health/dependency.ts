import type { Cancel, Clock } from '../clock.ts';
import { ERROR_CODES, type ErrorCode } from '../error-codes.ts';
import { messageOf, ParleyError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { within } from '../within.ts';
import { type Asked, type BreakerState, type Check, CheckFailure, type DependencyState, type Seen } from './check.ts';

export interface DependencySpec {
  /** As it is told, such as `chat-model`. */
  readonly name: string;
  /** Which one it is, where the settings choose between several, such as `Azure Voice Live`. */
  readonly service?: string | undefined;
  /** Undefined: no setting names such a service. */
  readonly check: Check | undefined;
  /** What is told where it does not answer in time. Its remedy names the settings. */
  readonly late: ErrorCode;
  /** Where it refuses us from the start, this process is not ready. */
  readonly gates: boolean;
  /** Whether calls may ask it now, where they go by that. */
  readonly breaker?: () => BreakerState;
  readonly limitMs?: number;
  readonly everyMs?: number;
}

/** What is known of a service. */
export interface DependencyReport {
  readonly name: string;
  /** Which one it is, where several can be set up. */
  readonly service?: string;
  readonly state: DependencyState;
  /** How long the last check took. */
  readonly latencyMs?: number;
  /** How long ago it ended. */
  readonly ageMs?: number;
  readonly count?: number;
  /** Whether calls ask it now, where they go by that. */
  readonly breaker?: BreakerState;
  readonly code?: ErrorCode;
  /** What happened and what to do, in one line: it names settings, and no address, key or name of ours. */
  readonly advice?: string;
}

/** What is wrong with a service. */
export interface Complaint {
  readonly name: string;
  /** The same for as long as it is wrong in the same way. */
  readonly kind: string;
  readonly reason: string;
}

export interface Rhythm {
  /** From the end of a check to the next. */
  readonly everyMs: number;
  readonly limitMs: number;
  /** How old the last thorough check may be. One that failed is followed by thorough ones alone. */
  readonly thoroughEveryMs: number;
}

/**
 * Half a minute, so that a service that fails is told within one. What costs (a word of a voice, some tokens of a model)
 * is done four times an hour: `docs/health.md` has the price.
 */
export const USUAL_RHYTHM: Rhythm = { everyMs: 30_000, limitMs: 8_000, thoroughEveryMs: 900_000 };

/** Until a service has taken us once, it is asked sooner. */
const FIRST_PAUSE_MS = 1_000;
/** And one that is away, so that nobody is told so for long after it is back. One that throttles or refuses us is not. */
const AWAY_PAUSE_MS = 10_000;
/** A check that has not ended so long after it was told to never will: it is waited for no more. */
const ABANDONED_AFTER_MS = 30_000;
/** Services start beside us: so long, their absence after our own start is no news. */
const GRACE_MS = 20_000;

interface Finding extends Seen {
  readonly state: Exclude<DependencyState, 'not configured'>;
  readonly code?: ErrorCode;
  readonly advice?: string;
  readonly latencyMs: number;
  readonly endedMs: number;
}

/**
 * A service that this process needs, asked in the background how it stands to us: one check at a time, each bounded. A
 * change is one line in the log. Whoever wants to know is told what the last check found, and never waits for one.
 */
export class Dependency {
  readonly #spec: DependencySpec;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rhythm: Rhythm;
  readonly #onFinding: () => void;
  #latest: Finding | undefined;
  /** What the log has said last: a state and its code. */
  #told = 'accepted';
  #startedMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #thoroughAtMs = Number.NEGATIVE_INFINITY;
  #everAccepted = false;
  /** The check that has not ended yet, and when it was begun. */
  #running: { readonly sinceMs: number } | undefined;
  #closed = false;
  #cancel: Cancel = () => {};
  #end = new AbortController();

  constructor(
    spec: DependencySpec,
    options: { readonly clock: Clock; readonly log: Logger; readonly rhythm?: Partial<Rhythm> | undefined },
    onFinding: () => void,
  ) {
    const { everyMs, limitMs } = spec;
    this.#spec = spec;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#rhythm = {
      ...USUAL_RHYTHM,
      ...(everyMs !== undefined && { everyMs }),
      ...(limitMs !== undefined && { limitMs }),
      ...options.rhythm,
    };
    this.#onFinding = onFinding;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** It has answered once, or need not: something is known. */
  get isKnown(): boolean {
    return this.#spec.check === undefined || this.#latest !== undefined;
  }

  /** It keeps a process that was never ready from becoming so. */
  get holds(): boolean {
    return this.#spec.gates && this.#latest?.state === 'refused';
  }

  get state(): DependencyState | undefined {
    return this.#spec.check === undefined ? 'not configured' : this.#latest?.state;
  }

  /** Why it is not accepted, in its own words, for the log alone; undefined where it is, or is not configured. */
  get complaint(): Complaint | undefined {
    const { name, state } = this;
    if (state === 'accepted' || state === 'not configured') return undefined;
    if (state === undefined) return { name, kind: 'unknown', reason: 'it has not answered yet' };
    return { name, kind: `${state} ${this.#latest?.code}`, reason: this.#logCause };
  }

  /** What the last check found; before it, that nobody has answered yet. */
  report(): DependencyReport {
    const { name, service, check, late, breaker } = this.#spec;
    if (check === undefined) return { name, state: 'not configured' };
    const which = { name, ...(service !== undefined && { service }) };
    const calls = breaker && { breaker: breaker() };
    if (this.#latest === undefined) {
      return { ...which, state: 'unreachable', ...calls, code: late, advice: adviceOf(late) };
    }
    const { endedMs, ...finding } = this.#latest;
    return { ...which, ...finding, ...calls, ageMs: Math.round(this.#clock.now() - endedMs) };
  }

  start(): void {
    this.#startedMs = this.#clock.now();
    if (this.#spec.check !== undefined) void this.#run(this.#spec.check);
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#end.abort();
  }

  async #run(check: Check): Promise<void> {
    if (this.#closed) return;
    if (this.#isBusy) this.#found(this.#lateFinding(this.#rhythm.limitMs));
    else this.#found(await this.#ask(check));
    if (this.#closed) return;
    this.#cancel = this.#clock.after(this.#nextPauseMs(), () => void this.#run(check));
  }

  /** One that does not even end when it is told to is waited for, and its service does not answer; but not for ever. */
  get #isBusy(): boolean {
    if (this.#running === undefined) return false;
    const runsMs = this.#clock.now() - this.#running.sinceMs;
    if (runsMs < this.#rhythm.limitMs + ABANDONED_AFTER_MS) return true;
    const fields = { dependency: this.name, runsMs: Math.round(runsMs) };
    this.#log.error(fields, 'a check has not ended though it was told to; another one is begun');
    this.#running = undefined;
    return false;
  }

  async #ask(check: Check): Promise<Finding> {
    const { limitMs, thoroughEveryMs } = this.#rhythm;
    const startMs = this.#clock.now();
    const thorough = this.#latest?.state !== 'accepted' || startMs - this.#thoroughAtMs >= thoroughEveryMs;
    const end = new AbortController();
    this.#end = end;
    const running = { sinceMs: startMs };
    this.#running = running;
    const asked = begun(check, { signal: end.signal, thorough }).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    try {
      const seen = await within(this.#clock, limitMs, asked, () => {
        throw new Late();
      });
      if (thorough) this.#thoroughAtMs = startMs;
      return { state: 'accepted', ...seen, ...this.#timesSince(startMs) };
    } catch (error) {
      asked.catch(() => {});
      if (error instanceof Late) return this.#lateFinding(this.#clock.now() - startMs);
      const { state, code } = failureOf(error);
      this.#logCause = causesOf(error);
      return { state, code, advice: adviceOf(code), ...this.#timesSince(startMs) };
    } finally {
      end.abort();
    }
  }

  /** In its own words, for the log. */
  #logCause = '';

  #lateFinding(latencyMs: number): Finding {
    const { late } = this.#spec;
    this.#logCause = `no answer within ${this.#rhythm.limitMs} ms`;
    const advice = `No answer within ${this.#rhythm.limitMs} ms. ${adviceOf(late)}`;
    return { state: 'unreachable', code: late, advice, latencyMs: Math.round(latencyMs), endedMs: this.#clock.now() };
  }

  #timesSince(startMs: number) {
    const endedMs = this.#clock.now();
    return { latencyMs: Math.round(endedMs - startMs), endedMs };
  }

  #nextPauseMs(): number {
    const { everyMs } = this.#rhythm;
    if (this.#everAccepted) return this.#latest?.state === 'unreachable' ? Math.min(everyMs, AWAY_PAUSE_MS) : everyMs;
    const pauseMs = Math.min(this.#pauseMs, everyMs);
    this.#pauseMs *= 2;
    return pauseMs;
  }

  #found(finding: Finding): void {
    if (this.#closed) return;
    this.#latest = finding;
    this.#tell(finding);
    if (finding.state === 'accepted') this.#everAccepted = true;
    this.#onFinding();
  }

  #tell({ state, code, advice }: Finding): void {
    const told = code === undefined ? state : `${state} ${code}`;
    if (told === this.#told) return;
    const isYoung = !this.#everAccepted && this.#clock.now() - this.#startedMs < GRACE_MS;
    if (isYoung && state === 'unreachable') return;
    this.#told = told;
    const { name } = this;
    if (state === 'accepted') this.#log.info({ dependency: name }, 'a dependency works again');
    else if (state === 'refused')
      this.#log.error({ dependency: name, code, reason: this.#logCause }, advice ?? 'refused');
    else this.#log.warn({ dependency: name, state, code, reason: this.#logCause }, advice ?? state);
  }
}

class Late extends Error {}

/** What throws before it has begun rejects like all else. */
const begun = async (check: Check, asked: Asked): Promise<Seen> => check(asked);

function failureOf(error: unknown): Pick<CheckFailure, 'state' | 'code'> {
  // Whatever was to be shown to the service: there is nothing to show.
  if (hasNoToken(error)) return { state: 'refused', code: 'identity.no-token' };
  if (error instanceof CheckFailure) return error;
  return { state: 'unreachable', code: error instanceof ParleyError ? error.code : 'dependency.failed' };
}

const hasNoToken = (error: unknown): boolean =>
  error instanceof Error &&
  ((error instanceof ParleyError && error.code === 'identity.no-token') || hasNoToken(error.cause));

/** What a code says, and no word of the failure itself, which may hold names and addresses of ours. */
const adviceOf = (code: ErrorCode): string => `${ERROR_CODES[code].meaning} ${ERROR_CODES[code].remedy}`;

/** The causes one under the other; the second is often the one that says something. */
function causesOf(error: unknown): string {
  const messages: string[] = [];
  for (
    let each = error;
    each !== undefined && messages.length < 4;
    each = each instanceof Error ? each.cause : undefined
  )
    messages.push(messageOf(each));
  return [...new Set(messages)].join(': ');
}
