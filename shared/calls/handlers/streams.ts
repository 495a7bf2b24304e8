import { isOver } from '../call-state.ts';
import { TRANSFERRED } from '../end-reasons.ts';
import { type Handler, NOTHING } from './consequences.ts';

/** Its media is gone. A call that was to be ended may stand all the same, which is looked into. */
export const mediaLost: Handler = (session, event) => {
  const told = detailsOf(event);
  if (isOnPurpose(event) || isOver(session.status) || session.endReason === TRANSFERRED) return { told };
  return { told, follow: ['media-lost'] };
};

/** The carrier's words are gone; the call goes on without them where they do not come back. */
export const wordsLost: Handler = (session, event) => {
  const told = detailsOf(event);
  if (isOnPurpose(event) || isOver(session.status) || session.endReason !== undefined) return { told };
  return { told, follow: ['words-lost'] };
};

/** Nothing is to be mended. */
export const streamTold: Handler = (_, event) => ({ ...NOTHING, told: detailsOf(event) });

const isOnPurpose = (event: Parameters<Handler>[1]): boolean => 'onPurpose' in event && event.onPurpose;

const detailsOf = (event: Parameters<Handler>[1]) => ('details' in event ? { mediaDetails: event.details } : {});
