import type { PagePaths } from '../shared/client/page-paths.ts';

const PATH = '/api/v1/tickets' satisfies keyof PagePaths;
/** How long the server may take. */
const PATIENCE_MS = 5000;

type MakeTicket = PagePaths['/api/v1/tickets']['post'];
export type TicketWish = MakeTicket['requestBody']['content']['application/json'];
type Ticket = MakeTicket['responses'][200]['content']['application/json'];

/** The server lets this page have no ticket, and would not a moment later either. */
export class TicketRefused extends Error {}

/**
 * Asks the server for the right to open one socket.
 * @returns undefined where the server knows no tickets
 * @throws {TicketRefused} it gives this page none: nobody has signed in
 * @throws {Error} it does not answer, or not now
 */
export async function fetchTicket(wish: TicketWish): Promise<string | undefined> {
  const response = await fetch(PATH, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.ok) return ((await response.json()) as Ticket).ticket;
  if (response.status === 404 || response.status === 405) return undefined;
  const message = `A ticket was refused with ${response.status}.`;
  throw response.status === 401 || response.status === 403 ? new TicketRefused(message) : new Error(message);
}
