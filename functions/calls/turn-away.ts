import type { IncomingCall } from '../../shared/carrier/announcement.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import type { Logger } from '../../shared/log.ts';
import type { Parts } from '../composition.ts';

/**
 * Turns a ringing call away as INCOMING_WHEN_FULL says: to somebody else, or with the busy signal. What cannot be redirected,
 * such as a call of Teams Phone, is busy.
 * @throws {CarrierError} transient
 */
export async function turnAway(
  call: Pick<IncomingCall, 'ticket' | 'redirectable'>,
  { calls, config }: Pick<Parts, 'calls' | 'config'>,
  log: Logger,
): Promise<'redirected' | 'rejected'> {
  const target = config.INCOMING_WHEN_FULL;
  if (target !== 'busy' && calls.capabilities.has('redirect')) {
    try {
      await calls.redirect(call, target);
      return 'redirected';
    } catch (error) {
      if (!(error instanceof CarrierError) || error.transient) throw error;
      log.warn({ code: error.code }, 'a call could not be redirected');
    }
  }
  await calls.reject(call.ticket);
  return 'rejected';
}
