import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { connectRedis } from '../connect.ts';

const PATIENCE_MS = 60_000;

/**
 * A test's own connection to a Redis that stands. On a busy machine each command may take longer than a call could wait, and
 * no test that uses it is about that.
 */
export const patientRedis = (url = process.env.REDIS_URL ?? ''): Redis =>
  connectRedis(url, pino({ level: 'silent' }), { commandTimeoutMs: PATIENCE_MS });

/**
 * For whoever connects as in production, and is started by a test that is not about a Redis that is away: what the URL says is
 * stronger than what the code says. (`ioredis` takes only a number for the time of a command: with a text there is no limit.)
 */
export const patientUrl = (url: string): string => `${url}?commandTimeout=none&socketTimeout=${2 * PATIENCE_MS}`;
