import type { Clock } from '../../shared/clock.ts';
import { isInOtherMode } from '../../shared/modes/written-down.ts';
import type { Session } from '../../shared/sessions/session.ts';

/** The carrier closes the line of a call that ends, and tells why a moment later. */
const LOOKS = 6;
const LOOK_MS = 80;

/**
 * Why a call has ended whose line the carrier has closed, where that is told within half a second. Whoever takes the session
 * up again waits for as long: where its mode was changed meanwhile nothing has ended, and nothing is waited for.
 * @param held as whoever speaks for it has it
 * @returns undefined: nobody has told. Never rejects
 */
export async function whyEnded(
  held: Pick<Session, 'id' | 'mode'>,
  find: (sessionId: string) => Promise<Session | undefined>,
  clock: Pick<Clock, 'after'>,
): Promise<string | undefined> {
  for (let look = 0; ; look += 1) {
    const found = await find(held.id).catch(() => undefined);
    if (found?.endReason !== undefined) return found.endReason;
    if (look === LOOKS || (found && isInOtherMode(found, held))) return undefined;
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}
