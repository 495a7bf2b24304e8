import type { Redis } from 'ioredis';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { METRIC, ROLE } from '../../shared/telemetry/names.ts';
import type { SpanSink } from '../../shared/telemetry/span.ts';
import { SpanIntake } from '../../shared/telemetry/span-intake.ts';
import type { Telemetry } from './telemetry.ts';

/** Between two looks while there are more than one takes, while spans come, and while none do. */
const MORE_MS = 50;
const BUSY_MS = 250;
const IDLE_MS = 1_000;
/** What one look takes at most: five hundred kept the event loop, and with it the sound of calls, for as long as a frame. */
const AT_ONCE = 100;
const LAST_LOOKS = 5;

/**
 * Sends on what the functions have done for calls, under their name. Every stream host does it; each span is one's. A span
 * that was taken and not sent, by a host that died then, is lost.
 */
export class RelayedSpans {
  readonly #intake: Pick<SpanIntake, 'take'>;
  readonly #sink: SpanSink;
  readonly #onDropped: (spans: number) => void;
  readonly #clock: Clock;
  readonly #log: Logger;
  #cancel: Cancel = () => {};
  #closed = false;

  constructor(options: {
    readonly intake: Pick<SpanIntake, 'take'>;
    /** Exports under the functions' role. */
    readonly sink: SpanSink;
    readonly onDropped?: (spans: number) => void;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#intake = options.intake;
    this.#sink = options.sink;
    this.#onDropped = options.onDropped ?? (() => {});
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Looks from now on, until it is closed. */
  start(): void {
    void this.#round();
  }

  /** Looks a last time, for what came before. Never rejects. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel();
    for (let looks = 0; looks < LAST_LOOKS && (await this.#take()) === MORE_MS; looks += 1);
  }

  async #round(): Promise<void> {
    const waitMs = await this.#take();
    if (this.#closed) return;
    this.#cancel = this.#clock.after(waitMs, () => void this.#round());
  }

  /** @returns when to look again, ms */
  async #take(): Promise<number> {
    try {
      const { spans, dropped } = await this.#intake.take(AT_ONCE);
      for (const span of spans) this.#sink.record(span);
      if (dropped > 0) this.#onDropped(dropped);
      if (spans.length >= AT_ONCE) return MORE_MS;
      return spans.length > 0 ? BUSY_MS : IDLE_MS;
    } catch (error) {
      this.#log.debug({ reason: messageOf(error) }, 'spans of the functions could not be taken now');
      return IDLE_MS;
    }
  }
}

/** Sends on what the functions hand over through this Redis, from now on. */
export function relayFunctionsSpans({
  redis,
  telemetry,
  clock,
  log,
}: {
  readonly redis: Redis;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Logger;
}): RelayedSpans {
  const relayed = new RelayedSpans({
    intake: new SpanIntake(redis),
    sink: telemetry.spansOf(ROLE.functions),
    onDropped: (spans) => telemetry.metrics.record(METRIC.spansDropped, spans),
    clock,
    log,
  });
  relayed.start();
  return relayed;
}
