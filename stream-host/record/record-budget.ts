/** What all records of a process may keep in memory together while their store is away. */
export class RecordBudget {
  #left: number;

  /** @param bytes 64 MB where nothing is said */
  constructor(bytes = 64 * 1024 * 1024) {
    this.#left = bytes;
  }

  /** False where there is no room for so much. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}
