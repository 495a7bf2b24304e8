import type { Clock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { Breaker } from '../../shared/providers/breaker.ts';
import type { OpenRealtime, RealtimeSession } from '../contract/realtime.ts';
import type { RealtimeService } from './realtime-service.ts';

/** A call gives a session up that is not ready after 3 s. */
const LATE_MS = 2_500;

/**
 * Opens no session while the service fails again and again: the call is told at once, and for good, so that another mode
 * goes on with it, and its caller does not wait for what others have waited for already.
 */
export const guardedRealtime =
  (service: Pick<RealtimeService, 'open' | 'rateHz'>, breaker: Breaker, clock: Clock): OpenRealtime =>
  (options, events) => {
    const attempt = breaker.enter();
    if (!attempt) {
      const error = new DependencyError('realtime.away', 'The speech-to-speech service has failed too often.');
      const cancel = clock.after(0, () => events.onClosed(error, true));
      return { ...NO_SESSION, rateHz: service.rateHz(options.rateHz), close: cancel };
    }
    const cancelLate = clock.after(LATE_MS, () => attempt.failed('realtime.silent'));
    const session = service.open(options, {
      ...events,
      onReady: () => {
        cancelLate();
        attempt.worked();
        events.onReady();
      },
      onClosed: (error, final) => {
        cancelLate();
        attempt.failed(error.code);
        events.onClosed(error, final);
      },
    });
    return closedBy(session, () => {
      // A caller who leaves before it is ready says nothing of the service.
      cancelLate();
      attempt.dropped();
    });
  };

/** The session as it is, and somebody who is told that whoever has opened it closes it: `onClosed` does not say so. */
const closedBy = (session: RealtimeSession, onClose: () => void): RealtimeSession => ({
  rateHz: session.rateHz,
  get speaksVerbatim() {
    return session.speaksVerbatim;
  },
  get expiresAtMs() {
    return session.expiresAtMs;
  },
  audio: (pcm) => session.audio(pcm),
  typed: (text) => session.typed(text),
  restore: (history) => session.restore(history),
  respond: (request) => session.respond(request),
  cancel: () => session.cancel(),
  truncate: (itemId, audioEndMs) => session.truncate(itemId, audioEndMs),
  toolResult: (callId, output) => session.toolResult(callId, output),
  close() {
    onClose();
    session.close();
  },
});

const nothing = () => {};
const NO_SESSION: Omit<RealtimeSession, 'rateHz' | 'close'> = {
  speaksVerbatim: false,
  expiresAtMs: undefined,
  audio: nothing,
  typed: nothing,
  restore: nothing,
  respond: () => 'none',
  cancel: nothing,
  truncate: nothing,
  toolResult: nothing,
};
