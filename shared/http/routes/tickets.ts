import { z } from 'zod';
import { TICKET_KINDS } from '../../tickets/ticket-kinds.ts';
import { defineRoute } from '../route.ts';

const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    'must be an origin without a path, such as https://app.example',
  )
  .meta({ example: 'https://app.example' });

/** Of ids that a socket’s address names. */
const id = z.string().min(1).max(256);

export const makeTicket = defineRoute({
  name: 'tickets-make',
  half: 'both',
  method: 'POST',
  path: '/api/v1/tickets',
  access: 'api',
  summary: 'Makes a ticket, with which a browser or a dashboard opens one socket',
  description:
    'A ticket is used once, within a minute, for the session and by the page that it was made for. Bring it as `ticket=` in the address of the socket, or as the subprotocol `parley.ticket.<ticket>`. The functions make tickets for whoever may use the API, as a customer’s own server; the stream host makes them for its own page, for whoever has signed in (SIGN_IN) or brings a token of the API.',
  body: z
    .strictObject({
      kind: z
        .enum(TICKET_KINDS)
        .describe('`browser`: a conversation. `dashboard`: what is said in a session or a call.'),
      session_id: id
        .describe('The session that is opened or watched. Without it: a new one; or of a dashboard, all of them.')
        .exactOptional(),
      call_connection_id: id.describe('Of a dashboard: the call that is watched.').exactOptional(),
      origin: origin
        .describe(
          'The page that opens the socket; that of the request where it comes from a page. Without it: a program.',
        )
        .exactOptional(),
    })
    .meta({ id: 'MakeTicket' }),
  maxBodyBytes: 4096,
  answers: {
    200: z
      .object({
        ticket: z.string().meta({ example: 'Zr2t0b3n8mYp1wq9c5v7x4k6h0j2l8d1s3f5g7a9b1c' }),
        expires_at: z.iso.datetime().meta({ example: '2026-05-29T09:31:00.000Z' }),
        session_id: z.string().nullable().describe('The session that it is for; null where it is for all, or a call.'),
      })
      .meta({ id: 'Ticket', description: 'The ticket.' }),
  },
  errors: [
    'redis.unavailable',
    'redis.refused',
    'session.id-invalid',
    'origin.refused',
    'ticket.sign-in',
    'ticket.foreign-session',
    'relay.session-missing',
    'client.too-many-opens',
  ],
});
