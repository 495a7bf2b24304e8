import { type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
import { callerOf } from '../../shared/calls/parties.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';

interface KeyListening {
  readonly ports: Pick<OperationPorts, 'carrier'>;
  /** The call may become known after its socket was picked up. */
  readonly find: (sessionId: string) => Promise<Session | undefined>;
  readonly session: Session;
  readonly log: Logger;
}

/** Has the carrier tell of the caller's keys by events, too, where it can, or no more. Never rejects. */
export async function listenForKeys({ ports, find, session, log }: KeyListening, on: boolean): Promise<void> {
  const { carrier } = ports;
  if (!carrier.capabilities.has('listen-for-keys')) return;
  const caller = callerOf(session);
  try {
    const callId = session.callConnectionId ?? (await find(session.id))?.callConnectionId;
    if (callId === undefined) return;
    if (on) await carrier.listenForKeys(callId, caller, 'keys');
    else await carrier.stopListeningForKeys(callId, caller, 'keys');
  } catch (error) {
    // The media stream tells of them as well.
    log.info({ reason: reasonOf(error) }, 'the carrier tells of no keys');
  }
}
