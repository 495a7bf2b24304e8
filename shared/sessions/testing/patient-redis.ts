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
