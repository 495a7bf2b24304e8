import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jsonOf } from '../json.ts';
import { SPANS_KEY } from '../sessions/keys.ts';
import { askRedis } from '../sessions/session-errors.ts';
import type { FinishedSpan } from './span.ts';

/** KEYS spans. ARGV how many at most. -> these; they are nobody else's any more */
const TAKE_LUA = `
    local taken = redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)
    if #taken > 0 then redis.call('LTRIM', KEYS[1], #taken, -1) end
    return taken`;

interface SpansRedis extends Redis {
  parleySpansTake(key: string, most: number): Promise<string[]>;
}

const spanId = z.string().regex(/^[0-9a-f]{16}$/);
const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const line = z.union([
  z.object({ dropped: z.int().nonnegative() }),
  z.object({
    traceId,
    spanId,
    parentSpanId: spanId.exactOptional(),
    name: z.string(),
    kind: z.enum(['internal', 'server', 'client']),
    startMs: z.number(),
    endMs: z.number(),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    error: z.string().exactOptional(),
    links: z.array(z.object({ traceId, spanId })).exactOptional(),
  }) satisfies z.ZodType<FinishedSpan, unknown>,
]);

/** What others have handed over. */
export interface RelayedSpans {
  readonly spans: readonly FinishedSpan[];
  /** How many were lost on the way. */
  readonly dropped: number;
}

/** Takes what relays (`span-relay.ts`) have handed over, each span once, whoever asks. */
export class SpanIntake {
  readonly #redis: SpansRedis;

  constructor(redis: Redis) {
    redis.defineCommand('parleySpansTake', { numberOfKeys: 1, lua: TAKE_LUA });
    this.#redis = redis as SpansRedis;
  }

  /** @throws {ParleyError} `redis.unavailable`, `redis.refused` */
  async take(most: number): Promise<RelayedSpans> {
    const taken = await askRedis(() => this.#redis.parleySpansTake(SPANS_KEY, most));
    const read = taken.map((text) => line.safeParse(jsonOf(text)).data);
    const told = read.map((each) => (each === undefined ? 1 : 'dropped' in each ? each.dropped : 0));
    return {
      spans: read.flatMap((each) => (each === undefined || 'dropped' in each ? [] : [each])),
      dropped: told.reduce((sum, count) => sum + count, 0),
    };
  }
}
