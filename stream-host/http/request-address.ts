import type { IncomingMessage } from 'node:http';
import { NotFoundError } from '../../shared/errors.ts';

/**
 * Turns a request in absolute form (`GET http://host/path`, RFC 9112 §3.2.2), as if it was for a proxy, into the usual
 * one. The host that it names there is the one that it asks, whatever its Host header says, and is judged as that is.
 */
export function toOriginForm(request: IncomingMessage): void {
  const { url = '' } = request;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return;
  request.headers.host = new URL(url).host;
  // The path as it was written: tidied here, it would pass urlOf.
  request.url = url.replace(/^https?:\/\/[^/?#]*\/?/i, '/');
}

/** What a parser of addresses takes for a step within a path. */
const STEP = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * The request's address. Its host does not matter and may be forged.
 *
 * A path with steps in it (`/healthz/../api/v1/tickets`) is refused: a proxy before us that lets paths by without its
 * sign-in may have read another path than we would. Clients take the steps before they ask.
 * @throws {NotFoundError} `route.unknown`
 */
export function urlOf(request: IncomingMessage): URL {
  const [path = ''] = (request.url ?? '').split(/[?#]/, 1);
  if (STEP.test(path)) throw new NotFoundError('route.unknown', 'The path has steps (. or ..) or backslashes in it.');
  const address = `http://host${request.url?.startsWith('/') ? request.url : '/'}`;
  return URL.canParse(address) ? new URL(address) : new URL('http://host/');
}

/** Whether the path can be read: each `%` in it begins a character. */
export function isReadable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
