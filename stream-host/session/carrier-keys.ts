import { type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
import { callerOf } from '../../shared/calls/parties.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';

export interface CarrierKeysOptions {
  readonly ports: Pick<OperationPorts, 'carrier'>;
  /** The call may become known after its socket was picked up. */
  readonly find: (sessionId: string) => Promise<Session | undefined>;
  /** Keeps keys out of Redis that the carrier tells of; see `CallInbox.keepKeysOut`. */
  readonly keepKeysOut: ((sessionId: string, forMs: number) => Promise<void>) | undefined;
  readonly session: Session;
  readonly log: Logger;
}

/** What the carrier tells of the caller's keys beside the media stream, by way of Redis. Neither makes anybody wait, nor throws. */
export class CarrierKeys {
  readonly #options: CarrierKeysOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CarrierKeysOptions) {
    this.#options = options;
  }

  /** Has the carrier tell of them, where it can, or no more. What is asked last counts, however long the carrier takes. */
  listen(on: boolean): void {
    this.#last = this.#last.then(() => this.#listen(on));
  }

  /** Whatever the carrier has been asked and has not carried out: keys that it tells of are not written down. 0: they are again. */
  keepOut(forMs: number): void {
    const { keepKeysOut, session, log } = this.#options;
    keepKeysOut?.(session.id, forMs).catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, 'whether keys of the carrier are written down could not be noted'),
    );
  }

  async #listen(on: boolean): Promise<void> {
    const { ports, find, session, log } = this.#options;
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
      log.info({ on, reason: reasonOf(error) }, 'the carrier could not be asked about keys');
    }
  }
}
