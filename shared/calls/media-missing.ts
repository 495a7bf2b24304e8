import type { CallEvent } from '../carrier/call-events.ts';

/**
 * Of a call whose media socket we had closed and that got no other: the carrier tells that as a stop on purpose, from which
 * nothing follows. Taken in as if the carrier had told of a loss, so that it is asked for a socket until there is one.
 * @param at in milliseconds since 1970
 */
export const mediaMissing = (sessionId: string, callId: string, at: number): CallEvent => ({
  ...{ id: `media-missing:${sessionId}:${at}`, name: 'call.media-missing', at, callId },
  ...{ kind: 'media-failed', onPurpose: false },
});
