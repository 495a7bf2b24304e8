import type { Session, SessionPatch } from '../sessions/session.ts';
import type { StreamingMode } from './streaming-modes.ts';

const MODE: StreamingMode = 'transcription';

/** What a call's session becomes that is written down from now on; undefined where it is so already. */
export const writtenDown = ({ mode }: Session): SessionPatch | undefined =>
  mode === MODE ? undefined : { mode: MODE };

/** The mode in which a call is written down, for whoever must name it. */
export const writtenDownMode = (): StreamingMode => MODE;
