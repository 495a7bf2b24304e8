import type { Usage } from '../../shared/records/usage.ts';

/**
 * Takes what was used of services that are paid for, for the record of a session and its totals. Never waits and never
 * throws. What a call can be played again from goes to an `InputSink`.
 */
export interface Recorder {
  used(usage: Usage): void;
}
