import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AcsError } from './acs-error.ts';

/** The service refuses a request whose date is further from its own clock than this. */
const MAX_SKEW_MS = 5 * 60_000;

export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as on the wire. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether it came over TLS. */
  readonly encrypted: boolean;
}

export interface Proofs {
  /** base64, as in the connection string. Without one no signature is taken. */
  readonly accessKey: string | undefined;
  readonly nowMs: number;
  readonly isAccessToken: (token: string) => boolean;
}

/**
 * Checks who sends a request, as ACS does: an HMAC of method, target, date, host and content hash with the resource's
 * access key; or, over TLS only, a token of Entra that is made out to ACS.
 *
 * @throws {AcsError} 401, which says in its message what is wrong
 */
export function authenticate(request: SignedRequest, { accessKey, nowMs, isAccessToken }: Proofs): 'hmac' | 'bearer' {
  const authorization = request.headers.authorization ?? '';
  if (authorization.startsWith('Bearer ')) {
    if (!request.encrypted) throw denied('A bearer token is accepted over TLS only.');
    if (!isAccessToken(authorization.slice('Bearer '.length))) throw denied('The bearer token is not a good one.');
    return 'bearer';
  }
  const given = /^HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=(\S+)$/.exec(authorization);
  if (!given?.[1])
    throw denied('The request has no HMAC-SHA256 authorization over x-ms-date;host;x-ms-content-sha256.');

  if (accessKey === undefined) throw denied('This resource takes tokens only: local authentication is off.');
  const date = headerOf(request.headers, 'x-ms-date');
  const sentAtMs = Date.parse(date);
  if (Number.isNaN(sentAtMs)) throw denied('The x-ms-date header is missing or no date.');
  if (Math.abs(nowMs - sentAtMs) > MAX_SKEW_MS) throw denied('The x-ms-date header is more than five minutes off.');

  const contentHash = createHash('sha256').update(request.body).digest('base64');
  if (!sameText(headerOf(request.headers, 'x-ms-content-sha256'), contentHash)) {
    throw denied('The x-ms-content-sha256 header is not the hash of the body.');
  }
  const signed = `${request.method}\n${request.target}\n${date};${request.headers.host ?? ''};${contentHash}`;
  const signature = createHmac('sha256', Buffer.from(accessKey, 'base64')).update(signed).digest('base64');
  if (!sameText(given[1], signature)) throw denied('The signature does not match: is the access key the right one?');
  return 'hmac';
}

const denied = (message: string): AcsError => new AcsError(401, 'Denied', message);

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
