import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Cancel, Clock } from '../shared/clock.ts';
import { DependencyError, messageOf, ParleyError } from '../shared/errors.ts';
import type { NewId } from '../shared/ids.ts';
import type { Logger } from '../shared/log.ts';
import { redisFailure } from '../shared/sessions/session-errors.ts';

/** How long a finished piece of work is remembered. Event Grid repeats an event for a day at most. */
const KEEP_MS = 86_400_000;
/** Renewed while the work goes on, so it only runs out under a process that died: soon, because the sender waits. */
const LEASE_MS = 3_000;
const RENEW_EVERY_MS = 1_000;

const attemptKey = (key: string): string => `parley:attempt:${key}`;

const ledgerEntry = z.object({ fingerprint: z.string(), answer: z.unknown().optional() });

/** KEYS entry. ARGV our mark. Each looks whether the entry is ours still: a process that slept may have lost it. */
const SCRIPTS = {
  parleyOnceRenew: `
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  parleyOnceForget: `
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('DEL', KEYS[1])`,
  /** A mark that ran out while nobody else came is as good as ours. */
  parleyOnceFinish: `
    local found = redis.call('GET', KEYS[1])
    if found and found ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1`,
} as const;

interface OnceRedis extends Redis {
  parleyOnceRenew(key: string, mine: string, leaseMs: number): Promise<0 | 1>;
  parleyOnceForget(key: string, mine: string): Promise<0 | 1>;
  parleyOnceFinish(key: string, mine: string, entry: string, keepMs: number): Promise<0 | 1>;
}

/**
 * Does a piece of work once, however often and wherever it is asked for: a repeated event, a repeated request. Unlike a
 * mark "seen", it forgets work that failed, so that the sender's next attempt does it; and work whose process died can
 * be done again when its lease has run out.
 */
export class Once {
  readonly #redis: OnceRedis;
  readonly #clock: Clock;
  readonly #newId: NewId;

  constructor(options: { readonly redis: Redis; readonly clock: Clock; readonly newId: NewId }) {
    for (const [name, lua] of Object.entries(SCRIPTS)) options.redis.defineCommand(name, { numberOfKeys: 1, lua });
    this.#redis = options.redis as OnceRedis;
    this.#clock = options.clock;
    this.#newId = options.newId;
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
    const mine = JSON.stringify({ fingerprint, owner: this.#newId() });
    if (!(await this.#begin(redisKey, mine))) return this.#earlier(redisKey, fingerprint);
    const stopRenewing = this.#renew(redisKey, mine);
    let answer: Answer;
    try {
      answer = await work().finally(stopRenewing);
    } catch (error) {
      await this.#redis.parleyOnceForget(redisKey, mine).catch((failure) => this.#leaveToLease(log, failure));
      throw error;
    }
    // The work is done and cannot be undone: that it could not be noted must not make the sender repeat it.
    const entry = JSON.stringify({ fingerprint, answer: answer ?? null });
    const noted = this.#redis.parleyOnceFinish(redisKey, mine, entry, KEEP_MS);
    await noted.catch((failure) => this.#leaveToLease(log, failure));
    return { first: true, answer };
  }

  /**
   * The id by which an attempt at a piece of work is known, which is there before anything is done. Whoever comes after one who
   * died over it has that one's, and looks by it how far it had come.
   */
  async attempt(key: string): Promise<{ readonly id: string; readonly isFirst: boolean }> {
    const id = this.#newId();
    try {
      if ((await this.#redis.set(attemptKey(key), id, 'PX', KEEP_MS, 'NX')) === 'OK') return { id, isFirst: true };
      const found = await this.#redis.get(attemptKey(key));
      return found === null ? { id, isFirst: true } : { id: found, isFirst: false };
    } catch (error) {
      throw redisFailure(error);
    }
  }

  /** Nothing came of the attempt: the next one is the first. */
  async forgetAttempt(key: string): Promise<void> {
    try {
      await this.#redis.del(attemptKey(key));
    } catch (error) {
      throw redisFailure(error);
    }
  }

  async #begin(redisKey: string, mine: string): Promise<boolean> {
    try {
      return (await this.#redis.set(redisKey, mine, 'PX', LEASE_MS, 'NX')) === 'OK';
    } catch (error) {
      throw redisFailure(error);
    }
  }

  /**
   * A renewal that fails is made up for by the next one, or not: without Redis the work cannot be noted anyway.
   * @returns stops renewing
   */
  #renew(redisKey: string, mine: string): Cancel {
    let cancel: Cancel = () => {};
    const renewLater = () => {
      cancel = this.#clock.after(RENEW_EVERY_MS, () => {
        this.#redis.parleyOnceRenew(redisKey, mine, LEASE_MS).catch(() => {});
        renewLater();
      });
    };
    renewLater();
    return () => cancel();
  }

  async #earlier(redisKey: string, fingerprint: string): Promise<{ first: false; answer: unknown }> {
    const found = await this.#redis.get(redisKey).catch((error: unknown) => {
      throw redisFailure(error, 'read');
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
