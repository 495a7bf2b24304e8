import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { ParleyError, RequestError } from '../../shared/errors.ts';
import { type RawRequest, readInput } from '../../shared/http/route.ts';
import { makeTicket } from '../../shared/http/routes/tickets.ts';
import type { NewId } from '../../shared/ids.ts';
import type { TicketKind } from '../../shared/tickets/ticket-kinds.ts';
import { ticketAnswer, wantedGrant } from '../../shared/tickets/ticket-request.ts';
import { foreignSession, type TicketGrant, type Tickets, type TicketUse } from '../../shared/tickets/tickets.ts';
import { clientOf } from './client-address.ts';
import { ClientLimits } from './client-limits.ts';
import { isOfThisMachine, type OriginRules, requireOrigin } from './origins.ts';
import type { Route } from './route.ts';
import { type SignIn, visitorOf } from './sign-in.ts';

/** How the sockets of browsers and dashboards are guarded. */
export interface TicketRules {
  /** Nobody gets in without a ticket or a sign-in, whoever he is. */
  readonly requireTickets: boolean;
  /** The emulator runs and nobody from outside can reach this port: its machine asks for tickets freely. */
  readonly servesThisMachineAlone: boolean;
  readonly signIn: SignIn;
  /** Whether a caller of the API has sent the request. Rejects when not. Without it: no token is known here. */
  readonly verifyCaller?: ((authorization: string) => Promise<unknown>) | undefined;
}

export interface TicketDoorOptions extends OriginRules, TicketRules {
  readonly tickets: Tickets;
  /** See {@link clientOf}. */
  readonly trustedProxyHops?: number | undefined;
  readonly newId: NewId;
  readonly clock: Clock;
}

/** What was found of whoever is let in. */
export interface Admitted extends Omit<TicketGrant, 'kind'> {
  /** By a ticket, which says what it is for. */
  readonly byTicket: boolean;
}

/** The subprotocol that brings a ticket where a header cannot be sent and an address would be written down. */
export const TICKET_PROTOCOL = 'parley.ticket.';

/** What one client may ask of Redis with tickets in a minute, good ones and bad: ten times what a page needs. */
const CLIENT_SHARE = { maxSessions: 1000, opensPerMinute: 120 };

/** Judges who may open a socket of a browser or a dashboard, and makes tickets for it. */
export class TicketDoor {
  readonly #options: TicketDoorOptions;
  readonly #clients: ClientLimits;

  constructor(options: TicketDoorOptions) {
    this.#options = options;
    this.#clients = new ClientLimits({ clock: options.clock, ...CLIENT_SHARE });
  }

  /** `POST /api/v1/tickets` */
  get route(): Route {
    return { contract: makeTicket, answer: (raw, request) => this.#make(raw, request) };
  }

  /**
   * Lets a socket in by its ticket, by the sign-in behind it, or because it comes from this machine, in this order.
   * @throws {ParleyError} `ticket.missing`, `ticket.invalid`, `ticket.used`, `ticket.mismatch`, `ticket.foreign-session`,
   * `client.too-many-opens`
   */
  async admit(
    request: IncomingMessage,
    url: URL,
    kind: TicketKind,
    asked: Omit<TicketUse, 'kind' | 'origin'>,
  ): Promise<Admitted> {
    const { tickets, requireTickets, servesThisMachineAlone } = this.#options;
    const { origin } = request.headers;
    const ticket = ticketIn(request, url);
    if (ticket !== undefined) {
      this.#count(request);
      const grant = await tickets.take(ticket, { kind, origin, ...asked });
      await this.#claim(grant);
      return { ...grant, byTicket: true };
    }
    const { sessionId, callConnectionId } = asked;
    const wanted: Admitted = {
      ...(sessionId !== undefined && { sessionId }),
      ...(callConnectionId !== undefined && { callConnectionId }),
      ...(origin !== undefined && { origin }),
      byTicket: false,
    };
    if (!requireTickets && servesThisMachineAlone && isOfThisMachine(request.headers)) return wanted;
    const visitor = visitorOf(this.#options.signIn, request.headers);
    if (visitor === undefined) {
      throw new ParleyError(
        'ticket.missing',
        'This socket needs a ticket: ask POST /api/v1/tickets for one, and bring it as ticket= or as the subprotocol parley.ticket.<ticket>.',
      );
    }
    this.#count(request);
    return { ...(await this.#ofVisitor(visitor, { kind, ...wanted })), byTicket: false };
  }

  async #make(raw: RawRequest, request: IncomingMessage): ReturnType<Route['answer']> {
    const { tickets, newId } = this.#options;
    requireOrigin(this.#options, request.headers);
    // Before anything of the body is read.
    const asker = await this.#askerOf(request);
    if (asker === undefined) {
      throw new ParleyError(
        'ticket.sign-in',
        'Tickets are made here for whoever has signed in (SIGN_IN) or brings a token of the API. A server of yours gets them from the functions.',
      );
    }
    this.#count(request);
    const { body } = await readInput(makeTicket, raw);
    const wanted = wantedGrant(body, request.headers.origin, newId);
    return ticketAnswer(tickets, asker === 'trusted' ? wanted : await this.#ofVisitor(asker, wanted));
  }

  /**
   * Lets whoever may know how this host is pass: a caller of the API, and this machine itself. A sign-in is not believed:
   * the platform lets probes and callers of the API by without one, so that anybody could write its header there.
   * @throws {ParleyError} status 401, 403 or 503
   */
  async requireKnown(request: IncomingMessage): Promise<void> {
    if (await this.#isTrusted(request)) return;
    throw new ParleyError(
      'auth.token-missing',
      'Bring a token of the API (API_AUTH=entra). With a key ask the functions.',
    );
  }

  /** A caller of the API and this machine itself may ask for any session; whoever has signed in, for his own. */
  async #askerOf(request: IncomingMessage): Promise<'trusted' | string | undefined> {
    return (await this.#isTrusted(request)) ? 'trusted' : visitorOf(this.#options.signIn, request.headers);
  }

  async #isTrusted({ headers }: IncomingMessage): Promise<boolean> {
    const { servesThisMachineAlone, verifyCaller } = this.#options;
    if (headers.authorization !== undefined && verifyCaller) {
      await verifyCaller(headers.authorization);
      return true;
    }
    return servesThisMachineAlone && isOfThisMachine(headers);
  }

  /** What somebody who has signed in may have of it: sessions that he has opened, and none by its call. */
  async #ofVisitor(visitor: string, wanted: TicketGrant): Promise<TicketGrant> {
    const { tickets, newId } = this.#options;
    if (wanted.callConnectionId !== undefined) throw foreignSession();
    const sessionId = wanted.sessionId ?? (wanted.kind === 'browser' ? newId() : undefined);
    if (sessionId === undefined) {
      throw new RequestError('relay.session-missing', 'Name the session that you want to watch: session_id.');
    }
    await tickets.claim(sessionId, visitor, wanted.kind);
    return { ...wanted, sessionId, visitor };
  }

  /** Between a ticket and its use somebody else may have opened the session. Who has not signed in watches any. */
  async #claim({ kind, sessionId, visitor }: TicketGrant): Promise<void> {
    const isForAll = sessionId === undefined || (kind === 'dashboard' && visitor === undefined);
    if (this.#options.signIn !== 'none' && !isForAll) await this.#options.tickets.claim(sessionId, visitor, kind);
  }

  /** Each try costs Redis a question. */
  #count(request: IncomingMessage): void {
    const { trustedProxyHops = 0 } = this.#options;
    const share = this.#clients.admit(clientOf(request, trustedProxyHops));
    if (typeof share === 'string') {
      throw new ParleyError('client.too-many-opens', 'You ask with too many tickets. Wait a minute.');
    }
    share();
  }
}

/** The ticket of a socket: a subprotocol, or in the address. */
function ticketIn(request: IncomingMessage, url: URL): string | undefined {
  const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(',');
  const protocol = offered.map((name) => name.trim()).find((name) => name.startsWith(TICKET_PROTOCOL));
  return protocol?.slice(TICKET_PROTOCOL.length) ?? (url.searchParams.get('ticket') || undefined);
}

/** Of the subprotocols that a client offers the one that is agreed on: one that is no ticket, where there is one. */
export function agreedProtocol(offered: ReadonlySet<string>): string | false {
  const names = [...offered];
  return names.find((name) => !name.startsWith(TICKET_PROTOCOL)) ?? names[0] ?? false;
}
