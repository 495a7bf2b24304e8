import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { ParleyError } from '../../shared/errors.ts';

/** Names that a browser gives to the machine it runs on. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** The origin of pages at a public address, whose sockets are `ws:` or `wss:`. */
export const originOf = (publicUrl: string): string => new URL(publicUrl.replace(/^ws/, 'http')).origin;

/** Whether an address leads to the machine itself, as in development. */
export const isLoopback = (url: string): boolean => LOOPBACK_NAMES.includes(new URL(url).hostname);

/** Whether an origin is a page that this machine serves from that port. Plain http: nothing here speaks TLS. */
export function isLocalPage(origin: string, port: number | undefined): boolean {
  return port !== undefined && LOOPBACK_NAMES.some((name) => origin === new URL(`http://${name}:${port}`).origin);
}

/**
 * Whether a request to a port that only this machine reaches was made here: by a program or a page of it, and not by
 * somebody for whom a proxy or a tunnel on this machine stands.
 */
export function isOfThisMachine({ origin, forwarded, 'x-forwarded-for': forwardedFor }: IncomingHttpHeaders): boolean {
  const hops = String(forwardedFor ?? '').split(',');
  const isForwarded = forwarded !== undefined || hops.some((hop) => hop.trim() !== '' && !LOOPBACK.test(hop.trim()));
  return !isForwarded && (origin === undefined || isLocalOrigin(origin));
}

/** The addresses of the machine itself, as a socket has them. */
export const LOOPBACK = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/;

/** Whether an origin is a page of this machine, whatever serves it there. */
function isLocalOrigin(origin: string): boolean {
  if (!/^https?:/.test(origin) || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  return url.origin === origin && LOOPBACK_NAMES.includes(url.hostname);
}

export interface OriginRules {
  /** Sites whose pages may use this server, our own public one among them, as `https://host[:port]`. */
  readonly allowedOrigins: readonly string[];
  /** Pages of this machine may, too, as in development. */
  readonly allowLocalPages?: boolean;
}

/** Whether a page may use this server. Its own Host says nothing: a name that somebody else owns can be made to lead here. */
export const admitsOrigin = ({ allowedOrigins, allowLocalPages }: OriginRules, origin: string): boolean =>
  allowedOrigins.includes(origin) || (allowLocalPages === true && isLocalOrigin(origin));

const LONGEST_SHOWN = 200;

/**
 * A page of another site must not use this server by its visitor's browser. Programs send no origin.
 * @throws {ParleyError} `origin.refused`, which names the page, the host that it asked and the setting
 */
export function requireOrigin(rules: OriginRules, headers: IncomingHttpHeaders): void {
  const { origin, host = '' } = headers;
  if (origin === undefined || admitsOrigin(rules, origin)) return;
  throw new ParleyError(
    'origin.refused',
    `Pages of ${shown(origin)} may not use ${shown(host)}: name them in ALLOWED_ORIGINS, or open the page at STREAM_HOST_PUBLIC_URL.`,
  );
}

const shown = (text: string): string => JSON.stringify(text.slice(0, LONGEST_SHOWN));

/**
 * A name that somebody could buy and point at this machine is none of ours, and its pages would be of our own origin
 * (DNS rebinding). Asked where requests need no key.
 * @throws {ParleyError} `origin.refused`
 */
export function requireOwnHost(rules: OriginRules, host: string | undefined): void {
  const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';
  const isOurs =
    LOOPBACK_NAMES.includes(name) ||
    isIP(name.replace(/^\[|\]$/g, '')) !== 0 ||
    /^[\w-]+$/.test(name) ||
    rules.allowedOrigins.some((origin) => new URL(origin).hostname === name);
  if (isOurs) return;
  throw new ParleyError(
    'origin.refused',
    `This port does not answer as ${shown(host ?? '')}: name https://<that host> in ALLOWED_ORIGINS.`,
  );
}
