import { ATTRIBUTE } from '../../shared/telemetry/names.ts';
import type { Attributes } from '../../shared/telemetry/span.ts';
import type { TurnLatency, WaitFilling } from '../contract/events.ts';

/**
 * The turn under way, of which the span is told when it is over. Its stages are told before it, and stand under its id. It
 * has no number before the session tells of it, as it may be a draft that comes to nothing.
 */
export class OpenTurn {
  readonly spanId: string;
  number: number | undefined;
  latency: TurnLatency | undefined;
  bargeInBy: string | undefined;
  /** The last thing that went wrong in it. */
  fault: string | undefined;
  callerText: string | undefined;
  heardText: string | undefined;
  #startMs: number;
  #waits = 0;
  #lastFilling: WaitFilling | undefined;

  constructor(spanId: string, startMs: number) {
    this.spanId = spanId;
    this.#startMs = startMs;
  }

  /** On the session's clock. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Something of it began then: a draft is begun before the caller has finished. */
  began(atMs: number): void {
    this.#startMs = Math.min(this.#startMs, atMs);
  }

  filled(kind: WaitFilling): void {
    this.#waits += 1;
    this.#lastFilling = kind;
  }

  get attributes(): Attributes {
    return {
      ...(this.number !== undefined && { [ATTRIBUTE.turn]: this.number }),
      ...(this.bargeInBy !== undefined && { [ATTRIBUTE.bargeInBy]: this.bargeInBy }),
      ...(this.#waits > 0 && { [ATTRIBUTE.waitsFilled]: this.#waits }),
      ...(this.#lastFilling !== undefined && { [ATTRIBUTE.lastFilling]: this.#lastFilling }),
    };
  }
}
