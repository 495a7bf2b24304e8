import { ATTRIBUTE, CONTENT } from '../../shared/telemetry/names.ts';
import type { Attributes } from '../../shared/telemetry/span.ts';
import type { TurnLatency, WaitFilling } from '../contract/events.ts';
import { measured } from './request-span.ts';

/**
 * The turn under way, of which the span is told when it is over. Its stages are told before it, and stand under its id. It
 * has no number before the session tells of it, as it may be a draft that comes to nothing. Times are on the session's clock.
 */
export class OpenTurn {
  readonly spanId: string;
  number: number | undefined;
  latency: TurnLatency | undefined;
  bargeInBy: string | undefined;
  /** The last thing that it came to less by. */
  fault: string | undefined;
  callerText: string | undefined;
  heardText: string | undefined;
  #startMs: number;
  #lastMs: number;
  #gaveUpAtMs: number | undefined;
  #waits = 0;
  #lastFilling: WaitFilling | undefined;

  constructor(spanId: string, startMs: number) {
    this.spanId = spanId;
    this.#startMs = startMs;
    this.#lastMs = startMs;
  }

  get startMs(): number {
    return this.#startMs;
  }

  /** The last thing of it that was told: one of which nothing was heard ends with it, as nobody tells its end. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Something of it was done: a draft is begun before the caller has finished. */
  lasted(fromMs: number, toMs: number): void {
    this.#startMs = Math.min(this.#startMs, fromMs);
    this.#lastMs = Math.max(this.#lastMs, toMs);
  }

  /** When the wait for its answer was given up, and its caller told so, or taken back: what is asked later is not of it. */
  get gaveUpAtMs(): number | undefined {
    return this.#gaveUpAtMs;
  }

  giveUp(atMs: number): void {
    this.#gaveUpAtMs ??= atMs;
    this.fault ??= 'reply.stalled';
  }

  filled(kind: WaitFilling): void {
    this.#waits += 1;
    this.#lastFilling = kind;
  }

  /** @param content with what was said */
  attributes(content: boolean): Attributes {
    const { latency, callerText, heardText } = this;
    return {
      ...(this.number !== undefined && { [ATTRIBUTE.turn]: this.number }),
      ...(this.bargeInBy !== undefined && { [ATTRIBUTE.bargeInBy]: this.bargeInBy }),
      ...(this.#waits > 0 && { [ATTRIBUTE.waitsFilled]: this.#waits }),
      ...(this.#lastFilling !== undefined && { [ATTRIBUTE.lastFilling]: this.#lastFilling }),
      ...(latency && measured(measurementsOf(latency))),
      ...(content && callerText !== undefined && { [CONTENT.callerText]: callerText }),
      ...(content && heardText !== undefined && { [CONTENT.agentText]: heardText }),
    };
  }
}

const measurementsOf = ({ wordsMs, recognisedMs, firstTokenMs, firstVoiceMs, firstAudioMs, typed }: TurnLatency) => ({
  ...(!typed && { words_ms: wordsMs, recognised_ms: recognisedMs }),
  ...{ first_token_ms: firstTokenMs, first_voice_ms: firstVoiceMs, first_audio_ms: firstAudioMs },
});
