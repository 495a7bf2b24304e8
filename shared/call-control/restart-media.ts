import type { Clock } from '../clock.ts';
import type { CallControl } from './call-control.ts';

/** ACS takes a moment to close a socket, longer where its far end does not answer, and opens none before. */
const START_AGAIN_MS = 500;
const START_ATTEMPTS = 6;

/**
 * Has ACS close a call's media socket and open another: for another host, or for the same one to take the session up anew.
 * @returns false where there was none to close; then none was opened
 * @throws {CallControlError} where it could not be opened within 3 s
 */
export async function restartMedia(
  calls: Pick<CallControl, 'stopMediaStreaming' | 'startMediaStreaming'>,
  callConnectionId: string,
  operationContext: string,
  clock: Clock,
): Promise<boolean> {
  if (!(await calls.stopMediaStreaming(callConnectionId))) return false;
  for (let attempt = 1; ; attempt++) {
    await new Promise<void>((resolve) => clock.after(START_AGAIN_MS, resolve));
    try {
      await calls.startMediaStreaming(callConnectionId, operationContext);
      return true;
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}
