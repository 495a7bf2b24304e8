import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { DependencyError, messageOf, ParleyError } from '../shared/errors.ts';
import type { Logger } from '../shared/log.ts';
import { redisFailure } from '../shared/sessions/session-errors.ts';

/** How long a finished piece of work is remembered. Event Grid repeats an event for a day at most. */
const KEEP_MS = 86_400_000;
/** Renewed while the work goes on, so it only runs out under a process that died: soon, because the sender waits. */
const LEASE_MS = 3_000;
const RENEW_EVERY_MS = 1_000;

const ledgerEntry = z.object({ fingerprint: z.string(), answer: z.unknown().optional() });

/**
 * Does a piece of work once, however often and wherever it is asked for: a repeated event, a repeated request. Unlike a
 * mark "seen", it forgets work that failed, so that the sender's next attempt does it; and work whose process died can
 * be done again when its lease has run out.
 */
export class Once {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /**
   * @param key names the work
   * @param input what the work is made from; the same key with another input is a mistake of the sender's
   * @param work its answer (JSON) is remembered and given to whoever asks again
   * @throws {ParleyError} `once.input-differs`, status 409
   * @throws {DependencyError} `once.running`, status 503: somebody is at it; ask again
   */
  async run<Answer>(
    key: string,
    input: string,
    log: Logger,
    work: () => Promise<Answer>,
  ): Promise<{ readonly first: true; readonly answer: Answer } | { readonly first: false; readonly answer: unknown }> {
    const redisKey = `parley:once:${key}`;
    const fingerprint = createHash('sha256').update(input).digest('base64url');
    const mine = JSON.stringify({ fingerprint });
    if (!(await this.#begin(redisKey, mine))) return this.#earlier(redisKey, fingerprint);
    const renewal = setInterval(() => this.#renew(redisKey), RENEW_EVERY_MS);
    let answer: Answer;
    try {
      answer = await work().finally(() => clearInterval(renewal));
    } catch (error) {
      await this.#redis.del(redisKey).catch((failure: unknown) => this.#leaveToLease(log, failure));
      throw error;
    }
    // The work is done and cannot be undone: that it could not be noted must not make the sender repeat it.
    await this.#redis
      .set(redisKey, JSON.stringify({ fingerprint, answer: answer ?? null }), 'PX', KEEP_MS)
      .catch((failure: unknown) => this.#leaveToLease(log, failure));
    return { first: true, answer };
  }

  async #begin(redisKey: string, mine: string): Promise<boolean> {
    try {
      return (await this.#redis.set(redisKey, mine, 'PX', LEASE_MS, 'NX')) === 'OK';
    } catch (error) {
      throw redisFailure(error);
    }
  }

  /** A renewal that fails is made up for by the next one, or not: without Redis the work cannot be noted anyway. */
  #renew(redisKey: string): void {
    this.#redis.pexpire(redisKey, LEASE_MS).catch(() => {});
  }

  async #earlier(redisKey: string, fingerprint: string): Promise<{ first: false; answer: unknown }> {
    const found = await this.#redis.get(redisKey).catch((error: unknown) => {
      throw redisFailure(error);
    });
    const entry = found === null ? undefined : ledgerEntry.parse(JSON.parse(found));
    if (entry !== undefined && entry.fingerprint !== fingerprint) {
      throw new ParleyError('once.input-differs', 'This was sent before with the same key and another body.');
    }
    if (entry?.answer === undefined) {
      throw new DependencyError('once.running', 'The same request is being worked on; send it again in a moment.');
    }
    return { first: false, answer: entry.answer };
  }

  #leaveToLease(log: Logger, failure: unknown): void {
    log.warn({ reason: messageOf(failure) }, 'could not note the end of a piece of work; its lease will run out');
  }
}
