import type { Clock } from './clock.ts';
import { ERROR_CODES, type ErrorCode } from './error-codes.ts';
import { DependencyError, messageOf, ParleyError, publicMessageOf } from './errors.ts';
import type { Logger } from './log.ts';
import { within } from './within.ts';

/**
 * How long a check of readiness may take. The functions ask the stream host for its own: it must have found out who is
 * late before they count it as late itself.
 */
export const CHECK_LIMITS_MS = { functions: 1_000, streamHost: 750 } as const;

/** How a dependency is. Anybody may read it: why it fails is told by the error's code and what that code says. */
export type DependencyState =
  | { readonly ok: true; readonly elapsedMs: number }
  | { readonly ok: false; readonly elapsedMs: number; readonly code: ErrorCode; readonly reason: string };

export interface DependencyOptions {
  readonly name: string;
  /** Resolves when the thing works and rejects, with the reason, when it does not. The signal ends a late one. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>;
  readonly limitMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Something that a process needs, and how to find out whether it works. What its failure says in its own words, addresses
 * among them, goes into the log, once for each kind of failure however often it is asked for.
 */
export class Dependency {
  readonly #options: DependencyOptions;
  #failing: ErrorCode | undefined;

  constructor(options: DependencyOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async check(): Promise<DependencyState> {
    const { probe, limitMs, clock, name, log } = this.#options;
    const startMs = clock.now();
    const elapsedMs = () => Math.round(clock.now() - startMs);
    const ended = new AbortController();
    try {
      await within(clock, limitMs, probe(ended.signal), () => {
        throw new DependencyError('dependency.late', `No answer within ${limitMs} ms.`);
      });
      if (this.#failing !== undefined) log.info({ dependency: name }, 'a dependency works again');
      this.#failing = undefined;
      return { ok: true, elapsedMs: elapsedMs() };
    } catch (error) {
      const { code, reason } = publicly(error);
      if (code !== this.#failing) {
        log.warn(
          { dependency: name, code, reason: messageOf(error), cause: causeOf(error) },
          'a dependency does not work',
        );
      }
      this.#failing = code;
      return { ok: false, elapsedMs: elapsedMs(), code, reason };
    } finally {
      ended.abort();
    }
  }
}

function publicly(error: unknown): { readonly code: ErrorCode; readonly reason: string } {
  if (error instanceof ParleyError) return { code: error.code, reason: publicMessageOf(error) };
  return { code: 'dependency.failed', reason: ERROR_CODES['dependency.failed'].meaning };
}

function causeOf(error: unknown): string | undefined {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : undefined;
}
