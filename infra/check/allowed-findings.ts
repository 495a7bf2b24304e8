/** A finding of compiler, linter or type data that is right where it stands. */
export interface AllowedFinding {
  /** Of the compiler (`BCP…`), the linter, or `types`. */
  readonly rule: string;
  /** The file, or for `types` the type of the resource and the path in it. */
  readonly where: string;
  readonly why: string;
}

/** Each names its rule and its place, and says why it is right. One that allows nothing any more is a finding itself. */
export const ALLOWED_FINDINGS: readonly AllowedFinding[] = [];
