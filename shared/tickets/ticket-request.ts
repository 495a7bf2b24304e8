import { RequestError } from '../errors.ts';
import type { Answer, Input } from '../http/route.ts';
import type { makeTicket } from '../http/routes/tickets.ts';
import type { NewId } from '../ids.ts';
import { isSessionId } from '../sessions/keys.ts';
import type { TicketGrant, Tickets } from './tickets.ts';

type TicketRequest = Input<typeof makeTicket>['body'];

/**
 * What a request for a ticket asks for. A browser without a session gets a new one.
 * @param origin the page that asks, where one does
 * @throws {RequestError} `session.id-invalid`, `request.invalid`
 */
export function wantedGrant(body: TicketRequest, origin: string | undefined, newId: NewId): TicketGrant {
  const { kind, session_id: asked, call_connection_id: callConnectionId } = body;
  if (asked !== undefined && !isSessionId(asked)) {
    throw new RequestError('session.id-invalid', 'session_id has 1 to 128 letters, digits or the characters _ - . : ~');
  }
  if (callConnectionId !== undefined && kind === 'browser') {
    throw new RequestError('request.invalid', 'call_connection_id is for a dashboard: a browser opens a session.');
  }
  if (origin !== undefined && body.origin !== undefined && origin !== body.origin) {
    throw new RequestError('request.invalid', 'origin is not that of the page that asks: leave it out there.');
  }
  const page = origin ?? body.origin;
  const sessionId = kind === 'browser' ? (asked ?? newId()) : asked;
  return {
    kind,
    ...(sessionId !== undefined && { sessionId }),
    ...(callConnectionId !== undefined && { callConnectionId }),
    ...(page !== undefined && { origin: page }),
  };
}

/** Makes the ticket, and the answer that tells it. */
export async function ticketAnswer(tickets: Tickets, grant: TicketGrant): Promise<Answer<typeof makeTicket>> {
  const { ticket, expiresAtMs } = await tickets.issue(grant);
  const expires_at = new Date(expiresAtMs).toISOString();
  return { status: 200, body: { ticket, expires_at, session_id: grant.sessionId ?? null } };
}
