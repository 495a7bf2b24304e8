/** Turns of phrase of one language, each list separated by commas. */
export interface CueLists {
  /** Only an answering machine or a mailbox says it. */
  readonly voicemail: string;
  /** Only the network says it: nobody can be had under this number now. */
  readonly unavailable: string;
  /** Only a menu says it, which waits for keys or for words. */
  readonly menu: string;
  /** A recording says it of itself; a person hardly ever, and then not alone. */
  readonly recorded: string;
  /** Recordings say it, and so does whoever answers for a firm, or for somebody else: it tells nothing by itself. */
  readonly formal: string;
  /** A person says it who has answered. */
  readonly person: string;
}
