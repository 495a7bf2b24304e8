import type { Clock } from '../clock.ts';
import type { Carrier } from './carrier.ts';

/**
 * A carrier takes a moment to close a socket, longer where its far end does not answer, and opens none before. What is said
 * meanwhile nobody hears, so the first waits are short. 3 s in all.
 */
const WAITS_MS = [100, 200, 400, 600, 800, 900] as const;

/**
 * Has the carrier close a call's media socket and open another: for another host, or for the same one to take the session up anew.
 * @returns false where there was none to close; then none was opened
 * @throws {CarrierError} where it could not be opened within 3 s
 */
export async function restartMedia(
  calls: Pick<Carrier, 'stopMedia' | 'startMedia'>,
  callConnectionId: string,
  operationContext: string,
  clock: Clock,
): Promise<boolean> {
  if (!(await calls.stopMedia(callConnectionId))) return false;
  let failure: unknown;
  for (const waitMs of WAITS_MS) {
    await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    try {
      await calls.startMedia(callConnectionId, operationContext);
      return true;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
