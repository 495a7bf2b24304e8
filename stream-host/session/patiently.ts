import type { Clock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
/** A minute, and what each try takes. */
const TRIES = 15;

/**
 * Asks Redis for what nobody else will ask again, until it answers. What is asked must be as good twice as once.
 * @param isOver nobody wants it from here any more
 * @throws what it was refused with, or {@link DependencyError}: it stays away
 */
export async function patiently<Reply>(
  ask: () => Promise<Reply>,
  clock: Pick<Clock, 'after'>,
  isOver: () => boolean,
): Promise<Reply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DependencyError) || attempt === TRIES || isOver()) throw error;
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      if (isOver()) throw error;
    }
  }
}
