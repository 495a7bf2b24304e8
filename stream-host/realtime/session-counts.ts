/** Names of unknown events that are told; a service that makes up more has lost its way. */
const MAX_NAMES = 20;

/** What was counted in a session and did not end it. */
export class SessionCounts {
  /** Deltas of responses that nobody wanted any more. */
  late = 0;
  /** Complaints that mean nothing: a response was cancelled that had just ended. */
  benign = 0;
  /** Events that were not as they must be. */
  malformed = 0;
  /** Truncations that would have been refused: nothing of the item was cut off, or it has no audio. */
  needless = 0;
  /** Calls of tools beyond those that one response may make. */
  refusedCalls = 0;
  /** What was asked before the session was ready, beyond what may wait. */
  unsent = 0;
  readonly #unknown = new Map<string, number>();

  /** @returns whether it is the first of that name */
  unknown(name: string): boolean {
    const count = this.#unknown.get(name) ?? 0;
    if (count > 0 || this.#unknown.size < MAX_NAMES) this.#unknown.set(name, count + 1);
    return count === 0;
  }

  /** For the log: what is not nothing. */
  told(droppedAudioMs: number): Readonly<Record<string, unknown>> {
    const { late, benign, malformed, needless, refusedCalls, unsent } = this;
    const all = { late, benign, malformed, needless, refusedCalls, unsent, droppedAudioMs };
    const counted = Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
    return this.#unknown.size === 0 ? counted : { ...counted, unknown: Object.fromEntries(this.#unknown) };
  }
}
