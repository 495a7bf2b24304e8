/** What an operation answers with, and what it sets going. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** The call that it is about, for the log. */
  readonly call?: string;
  /** Done once, when the answer is on its way. */
  readonly afterwards?: () => void;
}
