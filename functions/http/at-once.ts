import { TooMuchError } from '../../shared/errors.ts';

/** More than any plan hands one process; a backstop where the platform hands on whatever comes. */
const MOST_AT_ONCE = 250;
const COME_AGAIN_MS = 1_000;

/** Bounds how many requests a process answers at a time: each may hold a body of 1 MB and wait for Redis or ACS. */
export class AtOnce {
  #running = 0;

  /**
   * @throws {TooMuchError} `request.too-many`
   */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= MOST_AT_ONCE) {
      throw new TooMuchError('request.too-many', `${MOST_AT_ONCE} requests are being answered already.`, COME_AGAIN_MS);
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}
