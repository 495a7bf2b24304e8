/** The subprotocol that this page speaks. One of them must be agreed on beside the ticket, or the ticket would be. */
const PROTOCOL = 'parley';
const TICKET_PROTOCOL = 'parley.ticket.';

/** How long the server may take. */
const PATIENCE_MS = 5000;

export interface TicketWish {
  readonly kind: 'browser' | 'dashboard';
  readonly session_id?: string;
}

/** The server lets this page have no ticket, and would not a moment later either. */
export class TicketRefused extends Error {}

/**
 * Asks the server for the right to open one socket.
 * @returns undefined where the server knows no tickets
 * @throws {TicketRefused} it gives this page none: nobody has signed in
 * @throws {Error} it does not answer, or not now
 */
export async function fetchTicket(wish: TicketWish): Promise<string | undefined> {
  const response = await fetch('/api/v1/tickets', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.ok) return ((await response.json()) as { readonly ticket: string }).ticket;
  if (response.status === 404 || response.status === 405) return undefined;
  const message = `A ticket was refused with ${response.status}.`;
  throw response.status === 401 || response.status === 403 ? new TicketRefused(message) : new Error(message);
}

/** Opens a socket with its ticket, which travels where no log of addresses has it. */
export function openSocket(address: URL, ticket: string | undefined): WebSocket {
  return ticket === undefined ? new WebSocket(address) : new WebSocket(address, [PROTOCOL, TICKET_PROTOCOL + ticket]);
}
