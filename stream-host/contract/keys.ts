/** What keys of the telephone are wanted of a caller, and when they are right. */
export interface KeysWanted {
  /** What they are, such as `pin`: for the record and the model. */
  readonly name: string;
  /** So many are enough, and end an attempt. */
  readonly most: number;
  /** One of these ends an attempt, and is none of the keys. */
  readonly terminators: string;
  /** How often the caller may try. */
  readonly attempts: number;
  /** How long the first key is waited for, from when the agent was heard to its end. */
  readonly firstKeyMs: number;
  /** A pause of this length ends an attempt. */
  readonly betweenKeysMs: number;
  /** What is pressed stays in this process's memory: no log, record, event, history or model has it. */
  readonly secret: boolean;
  /** Said after an attempt that was not right, where there is another one. */
  readonly retry: string;
  /** Whether they are right. Bounded by whoever gives it; one that fails is told as `failed`. */
  check(keys: string): Promise<KeysChecked>;
}

export interface KeysChecked {
  readonly right: boolean;
  /** What the check itself brought, as plain JSON. */
  readonly data?: unknown;
}

/** What has come of it. It may be told to anybody: of a secret it holds nothing. */
export interface KeysOutcome {
  readonly name: string;
  /** `replaced`: other keys are wanted by now. `failed`: nobody could say whether they are right. */
  readonly status: 'right' | 'not_right' | 'nothing' | 'failed' | 'replaced' | 'call_over';
  readonly attempts: number;
  /** What was pressed; of a secret, a name for it by which tools get it. */
  readonly keys?: string;
  readonly handle?: string;
  readonly checked?: unknown;
}
