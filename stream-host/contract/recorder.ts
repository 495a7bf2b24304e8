import type { ModelTokens, PaidService, Usage } from '../../shared/records/usage.ts';

/**
 * One request to a service on behalf of a session, told once it is over, well or not. Times are on the session's clock.
 * It says nothing of what was asked or answered.
 */
export interface ServedRequest {
  readonly service: Extract<PaidService, 'chat-model' | 'realtime' | 'speech-synthesis'>;
  /** The deployment, the model or the voice. */
  readonly model?: string | undefined;
  /** The address that was asked, where a service may have several. */
  readonly url?: string | undefined;
  readonly startedAtMs: number;
  /** When its first word or sound came; undefined where none did. */
  readonly firstAtMs?: number | undefined;
  readonly endedAtMs: number;
  readonly tokens?: ModelTokens | undefined;
  /** Why it ended, in the service's own word. */
  readonly finishReason?: string | undefined;
  /** The HTTP status that refused it. */
  readonly status?: number | undefined;
  /** Why it failed: a stable code. Undefined where it did not, or was broken off because nobody wanted the rest. */
  readonly error?: string | undefined;
}

/**
 * Takes what was used of services that are paid for, for the record of a session and its totals. Never waits and never
 * throws. What a call can be played again from goes to an `InputSink`.
 */
export interface Recorder {
  used(usage: Usage): void;
  /** Told how each request went, for telemetry. A recorder without it does not want to know. */
  served?(request: ServedRequest): void;
}

export type OnServed = (request: ServedRequest) => void;
