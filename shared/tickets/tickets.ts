import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { ParleyError } from '../errors.ts';
import type { NewId } from '../ids.ts';
import { jsonOf } from '../json.ts';
import { sessionKeys, ticketKey } from '../sessions/keys.ts';
import { askRedis } from '../sessions/session-errors.ts';
import { TICKET_KINDS, type TicketKind } from './ticket-kinds.ts';

const grantSchema = z.object({
  kind: z.enum(TICKET_KINDS),
  sessionId: z.string().exactOptional(),
  callConnectionId: z.string().exactOptional(),
  origin: z.string().exactOptional(),
  visitor: z.string().exactOptional(),
  resumes: z.literal(true).exactOptional(),
});

/** What a ticket is good for: one socket of its kind. */
export interface TicketGrant {
  readonly kind: TicketKind;
  /** The session that is opened or watched. Always there for a browser; a dashboard may have a call, or all sessions. */
  readonly sessionId?: string;
  readonly callConnectionId?: string;
  /** The page that opens it. Absent: a program, which sends no Origin. */
  readonly origin?: string;
  /** Who has signed in for it. */
  readonly visitor?: string;
  /** Takes up a session that goes on, and opens none. */
  readonly resumes?: true;
}

/** What a socket is that brings a ticket. */
export interface TicketUse {
  readonly kind: TicketKind;
  readonly sessionId?: string | undefined;
  readonly callConnectionId?: string | undefined;
  readonly origin?: string | undefined;
}

export interface TicketsOptions {
  /** Stays the caller's to close. */
  readonly redis: Redis;
  readonly clock: Clock;
  /** What nobody can guess, and a header and an address can carry. */
  readonly newSecret: NewId;
  /** How long a browser may be away from its session, and how long a session is known to be somebody's. */
  readonly sessionTtlSeconds: number;
}

const TICKET_MS = 60_000;
const USED = 'used';
const SHAPE = /^[\w-]{16,128}$/;

/** KEYS ticket. ARGV how long it is remembered -> what it was good for, or that it was used, or nil. Each is taken once. */
const TAKE_LUA = `
  local grant = redis.call('GET', KEYS[1])
  if grant then redis.call('SET', KEYS[1], '${USED}', 'PX', ARGV[1]) end
  return grant`;

/** Whose a session is that was opened for a caller of the API. */
const NOBODY = '';

/** KEYS visitor, session. ARGV visitor, ttl, kind -> 1 where the session is his by now. One that is not there is nobody's. */
const CLAIM_LUA = `
  local holder = redis.call('GET', KEYS[1])
  local exists = redis.call('EXISTS', KEYS[2]) == 1
  if exists and (holder or '${NOBODY}') ~= ARGV[1] then return 0 end
  if not exists and ARGV[1] ~= '${NOBODY}' then
    if ARGV[3] == 'dashboard' or (holder and holder ~= ARGV[1]) then return 0 end
  end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`;

interface TicketRedis extends Redis {
  parleyTakeTicket(key: string, rememberMs: number): Promise<string | null>;
  parleyClaimVisitor(
    ...args: [visitorKey: string, sessionKey: string, visitor: string, ttlMs: number, kind: TicketKind]
  ): Promise<0 | 1>;
}

/**
 * The right to open one socket, for whoever cannot send a header with it. A ticket is used once, within a minute, by the
 * page and for the session that it was made for. Redis holds no ticket, only its hash.
 */
export class Tickets {
  readonly #redis: TicketRedis;
  readonly #options: TicketsOptions;

  constructor(options: TicketsOptions) {
    options.redis.defineCommand('parleyTakeTicket', { numberOfKeys: 1, lua: TAKE_LUA });
    options.redis.defineCommand('parleyClaimVisitor', { numberOfKeys: 2, lua: CLAIM_LUA });
    this.#redis = options.redis as TicketRedis;
    this.#options = options;
  }

  /** @returns the ticket, and when it is no good any more, in milliseconds since 1970 */
  issue(grant: TicketGrant): Promise<{ readonly ticket: string; readonly expiresAtMs: number }> {
    return this.#issue(grant, TICKET_MS);
  }

  /**
   * The right to come back to a session after its line was lost: as a ticket, but good for as long as the session is
   * kept, because nobody knows when that will be.
   */
  async issueReturn(grant: Omit<TicketGrant, 'kind' | 'resumes'> & { readonly sessionId: string }): Promise<string> {
    const lifeMs = this.#options.sessionTtlSeconds * 1000;
    return (await this.#issue({ ...grant, kind: 'browser', resumes: true }, lifeMs)).ticket;
  }

  /**
   * Uses a ticket. It is gone after this, also where it does not fit.
   * @throws {ParleyError} `ticket.invalid`, `ticket.used`, `ticket.mismatch`
   */
  async take(ticket: string, use: TicketUse): Promise<TicketGrant> {
    const stored = SHAPE.test(ticket)
      ? await askRedis(() => this.#redis.parleyTakeTicket(keyOf(ticket), TICKET_MS))
      : null;
    if (stored === USED) throw new ParleyError('ticket.used', 'The ticket was used before. Each opens one socket.');
    const grant = stored === null ? undefined : grantOf(stored);
    if (grant === undefined) throw new ParleyError('ticket.invalid', 'The ticket is unknown, or older than a minute.');
    const problem = misfitOf(grant, use);
    if (problem !== undefined) throw new ParleyError('ticket.mismatch', `The ticket was made for ${problem}.`);
    return grant;
  }

  /**
   * Makes a session a visitor's own, where it is; or where he opens it, and there is none of this id yet that somebody
   * else is about to open. Whoever only watches makes nothing his own. One that a caller of the API opens is no visitor's,
   * whoever has named it before.
   * @param visitor undefined: for a caller of the API
   * @throws {ParleyError} `ticket.foreign-session`
   * @throws {RequestError} `session.id-invalid`
   */
  async claim(sessionId: string, visitor: string | undefined, kind: TicketKind): Promise<void> {
    const keys = sessionKeys(sessionId);
    const ttlMs = this.#options.sessionTtlSeconds * 1000;
    const claim = [keys.visitor, keys.session, visitor ?? NOBODY, ttlMs, kind] as const;
    const isHis = await askRedis(() => this.#redis.parleyClaimVisitor(...claim));
    if (!isHis) throw foreignSession();
  }

  async #issue(grant: TicketGrant, lifeMs: number) {
    const ticket = this.#options.newSecret();
    const expiresAtMs = this.#options.clock.wallMs() + lifeMs;
    await askRedis(() => this.#redis.set(keyOf(ticket), JSON.stringify(grant), 'PX', lifeMs));
    return { ticket, expiresAtMs };
  }
}

export const foreignSession = () =>
  new ParleyError(
    'ticket.foreign-session',
    'The session is not one that you have opened. Leave session_id out for a new one.',
  );

const keyOf = (ticket: string): string => ticketKey(createHash('sha256').update(ticket).digest('base64url'));

/** What another release wrote may not be known here. */
const grantOf = (stored: string): TicketGrant | undefined => grantSchema.safeParse(jsonOf(stored)).data;

/** What the ticket was made for that this socket is not. Never the values: they may be somebody else's. */
function misfitOf(grant: TicketGrant, use: TicketUse): string | undefined {
  if (grant.kind !== use.kind) return `a ${grant.kind}’s socket`;
  if (grant.origin !== use.origin) {
    return grant.origin === undefined
      ? 'a program, which sends no Origin: name the page’s origin when you ask for it'
      : 'the page of another origin';
  }
  for (const name of ['sessionId', 'callConnectionId'] as const) {
    if (use[name] !== undefined && use[name] !== grant[name]) return 'another session or call';
  }
  return undefined;
}
