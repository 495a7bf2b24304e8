import { makeTicket } from '../../shared/http/routes/tickets.ts';
import { ticketAnswer, wantedGrant } from '../../shared/tickets/ticket-request.ts';
import { functionRoute } from '../http/route.ts';

/** Makes a ticket for whoever may use the API: a customer's own server, for its page. */
export const ticketsRoute = functionRoute(makeTicket, async ({ body }, { tickets, newId }) =>
  ticketAnswer(tickets, wantedGrant(body, undefined, newId)),
);
