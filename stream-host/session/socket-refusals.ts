import type { EndReason } from '../../shared/calls/end-reasons.ts';
import type { ErrorCode } from '../../shared/error-codes.ts';
import { NotFoundError, ParleyError, RequestError } from '../../shared/errors.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import type { Session } from '../../shared/sessions/session.ts';

/** A browser's session of which only the line was lost ends with such a reason: it may come back. */
const LINE_LOST = 'socket-closed-';
const HOST_LOST = 'host-lost' satisfies EndReason;

/** @param code with which its socket was closed */
export const lineLost = (code: number): string => `${LINE_LOST}${code}`;

/** Whether a browser's session was ended on purpose. Such a session is never opened again. */
export function isOver({ status, endReason = LINE_LOST }: Session): boolean {
  return status === 'disconnected' && endReason !== HOST_LOST && !endReason.startsWith(LINE_LOST);
}

/** The session that a browser named was ended on purpose. */
export class SessionIsOver extends Error {
  readonly agent: string;

  constructor({ id, agent }: Session) {
    super(`The session ${id} is over.`);
    this.agent = agent;
  }
}

/** A refusal with the close code that the socket gets. */
class SocketRefusal extends ParleyError {
  readonly closeCode: number;

  constructor(closeCode: number, code: ErrorCode, message: string) {
    super(code, message);
    this.closeCode = closeCode;
  }
}

export const over = () =>
  new SocketRefusal(
    CLOSE.unauthorised,
    'ticket.invalid',
    'The session is over, and this ticket opens no other. Ask for a new one.',
  );

export const alreadyConnected = () =>
  new SocketRefusal(CLOSE.alreadyConnected, 'session.held', 'Another socket speaks for this session.');

/** With which a socket is closed for it. */
export function closeCodeOf(error: unknown): number {
  if (error instanceof SocketRefusal) return error.closeCode;
  if (error instanceof NotFoundError) return CLOSE.unknownCall;
  if (error instanceof RequestError) return CLOSE.malformed;
  return CLOSE.internal;
}
