import type { Session, SessionPatch } from '../sessions/session.ts';
import type { StreamingMode } from './streaming-modes.ts';

const MODE: StreamingMode = 'transcription';

export const isWrittenDown = ({ mode }: Pick<Session, 'mode'>): boolean => mode === MODE;

/** What a call's session becomes that is written down from now on; undefined where it is so already. */
export const toWrittenDown = (session: Session): SessionPatch | undefined =>
  isWrittenDown(session) ? undefined : { mode: MODE };

/** The mode in which a call is written down, for whoever must name it. */
export const writtenDownMode = (): StreamingMode => MODE;

/** Whether a session is to be gone on with in another mode than it is held in. */
export const isInOtherMode = (found: Pick<Session, 'mode'>, held: Pick<Session, 'mode'>): boolean =>
  found.mode !== held.mode;
