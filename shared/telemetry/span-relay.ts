import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Cancel, Clock } from '../clock.ts';
import { SPANS_KEY } from '../sessions/keys.ts';
import { askRedis } from '../sessions/session-errors.ts';
import type { FinishedSpan, SpanSink } from './span.ts';

/** Spans that wait in Redis at most; the oldest go first. */
const KEPT = 10_000;
/** So long they wait for a stream host. */
const KEPT_MS = 3_600_000;
/** Spans that wait in this process at most. */
const WAITING = 1_000;
/** So many go at once; Lua takes no more than some thousand arguments. */
const AT_ONCE = 200;
/** Batches that are under way at most: with Redis away, memory does not grow. */
const UNDER_WAY = 8;
/** How long a span waits for others where no request's end sends it. */
const GATHER_MS = 100;

const SCRIPTS = {
  /** KEYS spans. ARGV most, ttl, then spans. -> how many had no room */
  parleySpansAdd: `
    local cut = redis.call('RPUSH', KEYS[1], unpack(ARGV, 3)) - ARGV[1]
    if cut > 0 then redis.call('LTRIM', KEYS[1], cut, -1) end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return math.max(0, cut)`,
  /** KEYS spans. ARGV how many at most. -> these; they are nobody else's any more */
  parleySpansTake: `
    local taken = redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)
    if #taken > 0 then redis.call('LTRIM', KEYS[1], #taken, -1) end
    return taken`,
} as const;

interface SpansRedis extends Redis {
  parleySpansAdd(key: string, most: number, ttlMs: number, ...spans: readonly string[]): Promise<number>;
  parleySpansTake(key: string, most: number): Promise<string[]>;
}

function withScripts(redis: Redis): SpansRedis {
  for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { numberOfKeys: 1, lua });
  return redis as SpansRedis;
}

/**
 * Hands the spans of a process that exports none itself to one that does, by way of Redis: the functions load no exporter.
 * Nobody waits for it. What there is no room for, or no Redis, is dropped and counted; the count goes with the next spans.
 */
export class SpanRelay implements SpanSink {
  readonly #redis: SpansRedis;
  readonly #clock: Pick<Clock, 'after'>;
  #waiting: string[] = [];
  #underWay = 0;
  #dropped = 0;
  #cancel: Cancel | undefined;

  constructor({ redis, clock }: { readonly redis: Redis; readonly clock: Pick<Clock, 'after'> }) {
    this.#redis = withScripts(redis);
    this.#clock = clock;
  }

  record(span: FinishedSpan): void {
    if (this.#waiting.length >= WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(JSON.stringify(span));
    this.#cancel ??= this.#clock.after(GATHER_MS, () => this.flush());
  }

  /** Sends what there is, now: a function may have no life after its answer. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, AT_ONCE);
      if (this.#underWay >= UNDER_WAY) this.#dropped += batch.length;
      else void this.#send(batch);
    }
  }

  /** Idempotent. */
  close(): void {
    this.flush();
  }

  async #send(spans: readonly string[]): Promise<void> {
    const dropped = this.#dropped;
    const lines = dropped > 0 ? [...spans, JSON.stringify({ dropped })] : spans;
    this.#dropped = 0;
    this.#underWay += 1;
    try {
      this.#dropped += await this.#redis.parleySpansAdd(SPANS_KEY, KEPT, KEPT_MS, ...lines);
    } catch {
      // Without Redis there are greater troubles, and they are in the log.
      this.#dropped += dropped + spans.length;
    } finally {
      this.#underWay -= 1;
    }
  }
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
    kind: z.enum(['internal', 'server', 'client', 'producer', 'consumer']),
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

/** Takes what {@link SpanRelay}s have handed over, each span once, whoever asks. */
export class SpanIntake {
  readonly #redis: SpansRedis;

  constructor(redis: Redis) {
    this.#redis = withScripts(redis);
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

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
