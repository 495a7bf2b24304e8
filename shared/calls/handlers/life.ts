import type { CallEvent } from '../../carrier/call-events.ts';
import type { Session, SessionPatch } from '../../sessions/session.ts';
import { isOver, nextState } from '../call-state.ts';
import type { EndReason } from '../end-reasons.ts';
import type { Handler } from './consequences.ts';

const UNTOLD = 'call-gone' satisfies EndReason;

/** It stands. Times are the event's own, because events may arrive late. */
export const stands: Handler = (session, event) => {
  const { status, connectedAt = Number.POSITIVE_INFINITY } = session;
  return {
    ...patchOf({
      ...move(session, event),
      ...(event.at < connectedAt && { connectedAt: event.at }),
    }),
    // We gave the call up (its request got no answer), but it stands.
    ...(status === 'failed' && { follow: ['hang-up'] }),
  };
};

/** It is over, or never came about. A reason that was set on purpose stays; `call-gone`, that nobody told one, gives way to it. */
export const ends: Handler = (session, event) => {
  const moved = move(session, event);
  const known = session.endReason === UNTOLD ? undefined : session.endReason;
  const endReason = known ?? whyOf(session, event);
  const endDetail = detailOf(event);
  return {
    ...patchOf({
      ...moved,
      ...((session.endedAt === undefined || !isOver(session.status)) && { endedAt: event.at }),
      ...(session.endReason !== endReason && { endReason }),
      ...(session.endDetail === undefined && endDetail !== '' && { endDetail }),
    }),
    // The carrier closes the media socket too; this is for the replica that does not notice.
    ...(!isOver(session.status) && { commands: [{ type: 'end', reason: endReason }] }),
    // The session may be over since its host lost the line: the bill ends with the call.
    follow: ['over', 'reconcile-now'],
  };
};

const move = ({ status }: Session, { kind }: CallEvent): SessionPatch => {
  const next = nextState(status, kind);
  return next === status ? {} : { status: next };
};

const patchOf = (patch: SessionPatch) => (Object.keys(patch).length === 0 ? {} : { patch });

/** Of what we have found out ourselves (`CallSweep`) the message is the reason. */
function whyOf({ answeredBy }: Session, event: CallEvent): string {
  if ('why' in event && event.why !== undefined) {
    // The network hangs up once it has said its announcement: that was no person.
    const isAnnouncement = event.why === 'caller-ended' && answeredBy === 'unavailable';
    return (isAnnouncement ? 'unavailable' : event.why) satisfies EndReason;
  }
  if (event.result?.code === undefined && event.result?.message) return event.result.message;
  return (event.kind === 'failed' ? 'call-failed' : 'carrier-ended') satisfies EndReason;
}

/** `acs.CallDisconnected` → `CallDisconnected 200/560000 The conversation has ended.` */
function detailOf({ name, result: { code, subCode, message } = {} }: CallEvent): string {
  if (code === undefined) return '';
  const codes = [code, subCode].filter((part) => part !== undefined).join('/');
  return [name.slice(name.indexOf('.') + 1), codes, message]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}
