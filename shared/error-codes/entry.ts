/** What one code says. Codes are public: they are added, never renamed. */
export interface ErrorCodeEntry<Status extends number = ErrorStatus> {
  /** The HTTP status where the error becomes an answer; 500 where it never should. */
  readonly status: Status;
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What its reader can do about it. */
  readonly remedy: string;
}

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 426 | 429 | 500 | 502 | 503;

/** An entry of the tables in this folder. */
export const is = <const Status extends ErrorStatus>(
  status: Status,
  meaning: string,
  remedy: string,
): ErrorCodeEntry<Status> => ({ status, meaning, remedy });
