import type { Cancel, Clock } from '../../../shared/clock.ts';

/** A caller who has pressed no further key for so long has pressed all of them. */
const LAST_KEY_MS = 2000;
const MAX_KEYS = 64;

/** Puts the keys of the telephone together that a caller presses one after the other. `#` ends a row, as callers know it. */
export class PressedKeys {
  readonly #clock: Clock;
  readonly #onKeys: (keys: string, lastMs: number) => void;
  #keys = '';
  #lastMs = 0;
  #cancel: Cancel = () => {};

  /** @param onKeys is told also when the last of them was pressed */
  constructor(clock: Clock, onKeys: (keys: string, lastMs: number) => void) {
    this.#clock = clock;
    this.#onKeys = onKeys;
  }

  press(tone: string): void {
    this.#cancel();
    this.#keys += tone;
    this.#lastMs = this.#clock.now();
    if (tone === '#' || this.#keys.length >= MAX_KEYS) this.#done();
    else this.#cancel = this.#clock.after(LAST_KEY_MS, () => this.#done());
  }

  /** What was pressed, and may not be all: whoever takes it has it. */
  take(): string {
    const keys = this.#keys;
    this.close();
    return keys;
  }

  /** Forgets what was pressed. Idempotent. */
  close(): void {
    this.#cancel();
    this.#keys = '';
  }

  #done(): void {
    const keys = this.#keys;
    this.#keys = '';
    this.#onKeys(keys, this.#lastMs);
  }
}
