import type { CallEvent, CallEventKind } from '../../carrier/call-events.ts';
import type { Session } from '../../sessions/session.ts';
import { type Consequences, type Handler, onlyTold } from './consequences.ts';
import { keyPressed } from './keys.ts';
import { ends, stands } from './life.ts';
import { operationFailed, operationSucceeded, participantsChanged, recordingChanged } from './operations.ts';
import { mediaLost, streamTold, wordsLost } from './streams.ts';

/** What each kind of event changes. A kind that is not here does not compile. */
const HANDLERS: Readonly<Record<CallEventKind, Handler>> = {
  connected: stands,
  ended: ends,
  failed: ends,
  'media-started': (session, event) => ({ ...streamTold(session, event), ...stands(session, event) }),
  'media-stopped': mediaLost,
  'media-failed': mediaLost,
  'transcription-started': streamTold,
  'transcription-updated': streamTold,
  'transcription-stopped': wordsLost,
  'transcription-failed': wordsLost,
  participants: participantsChanged,
  'operation-succeeded': operationSucceeded,
  'operation-failed': operationFailed,
  'operation-cancelled': operationFailed,
  key: keyPressed,
  'recording-state': recordingChanged,
  'play-started': onlyTold,
  other: onlyTold,
};

export const consequencesOf = (session: Session, event: CallEvent): Consequences =>
  HANDLERS[event.kind](session, event);
