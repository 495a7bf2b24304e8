import type { ModelTokens, PaidService, Usage } from '../../shared/records/usage.ts';

/**
 * One request to a service on behalf of a session, told once it is over, well or not. Times are on the session's clock.
 * It says nothing of what was asked or answered. Of a recogniser's connections, and of a speech-to-speech service's, those
 * that failed are told: what they did well is in the turns.
 */
export interface ServedRequest {
  readonly service: Exclude<PaidService, 'line'>;
  /** The deployment, the model or the voice. */
  readonly model?: string | undefined;
  /** Which of several was asked, such as `chat-model-fallback`; without it, the first. */
  readonly provider?: string | undefined;
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

/** One try of one provider at a request that others may be tried for, too. Without an `error` it is the one that does it. */
export type Attempted = Pick<ServedRequest, 'provider' | 'startedAtMs' | 'endedAtMs' | 'error' | 'status'>;
export type OnAttempt = (attempt: Attempted) => void;
