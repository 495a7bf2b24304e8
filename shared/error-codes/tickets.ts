import { is } from './entry.ts';

/** Who may open a socket of a browser or a dashboard. */
export const TICKET_ERRORS = {
  'ticket.foreign-session': is(
    403,
    'The session belongs to somebody else.',
    'Ask for a session that you have opened, or leave session_id out for a new one.',
  ),
  'ticket.invalid': is(
    401,
    'The ticket is unknown, or older than a minute.',
    'Ask POST /api/v1/tickets for another one, and use it at once.',
  ),
  'ticket.mismatch': is(
    403,
    'The ticket was made for another kind of socket, another session or another page.',
    'Ask for one with the kind, the session_id and the origin that the socket has.',
  ),
  'ticket.missing': is(
    401,
    'The socket brings no ticket.',
    'Ask POST /api/v1/tickets for one, and bring it as `ticket=` in the address or as the subprotocol `parley.ticket.<ticket>`; `npm run token -- browser` prints one.',
  ),
  'ticket.sign-in': is(
    401,
    'Nobody whom the stream host knows asks for a ticket.',
    'Sign in where SIGN_IN says, or ask the functions for it from a server of your own.',
  ),
  'ticket.used': is(
    401,
    'The ticket was used before.',
    'Ask POST /api/v1/tickets for another one: each opens one socket.',
  ),
};
