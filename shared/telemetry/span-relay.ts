import type { Redis } from 'ioredis';
import type { Cancel, Clock } from '../clock.ts';
import { SPANS_KEY } from '../sessions/keys.ts';
import type { FinishedSpan, SpanSink } from './span.ts';

/** Spans that wait in Redis at most; the oldest go first. */
const KEPT = 10_000;
/** So long they wait for a stream host. */
const KEPT_MS = 3_600_000;
/** Spans that wait in this process at most. */
const WAITING = 1_000;
/** So many go at once; Lua takes no more than some thousand arguments. */
const AT_ONCE = 200;
/** Batches that are under way at most, one a request; more wait. With Redis away, memory does not grow. */
const UNDER_WAY = 64;
/** How long a span waits for others where no request's end sends it. */
const GATHER_MS = 100;

/** KEYS spans. ARGV most, ttl, then spans. -> how many had no room */
const ADD_LUA = `
    local cut = redis.call('RPUSH', KEYS[1], unpack(ARGV, 3)) - ARGV[1]
    if cut > 0 then redis.call('LTRIM', KEYS[1], cut, -1) end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return math.max(0, cut)`;

interface SpansRedis extends Redis {
  parleySpansAdd(key: string, most: number, ttlMs: number, ...spans: readonly string[]): Promise<number>;
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
    redis.defineCommand('parleySpansAdd', { numberOfKeys: 1, lua: ADD_LUA });
    this.#redis = redis as SpansRedis;
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
    while (this.#waiting.length > 0 && this.#underWay < UNDER_WAY) void this.#send(this.#waiting.splice(0, AT_ONCE));
  }

  async #send(spans: readonly string[]): Promise<void> {
    const dropped = this.#dropped;
    const lines = dropped > 0 ? [...spans, JSON.stringify({ dropped })] : spans;
    this.#dropped = 0;
    this.#underWay += 1;
    try {
      // Not added to at once: `+=` would take the count as it was before the wait, and other batches count meanwhile.
      const cut = await this.#redis.parleySpansAdd(SPANS_KEY, KEPT, KEPT_MS, ...lines);
      this.#dropped += cut;
    } catch {
      // Without Redis there are greater troubles, and they are in the log.
      this.#dropped += dropped + spans.length;
    } finally {
      this.#underWay -= 1;
      if (this.#waiting.length > 0) this.flush();
    }
  }
}
