import type { IncomingMessage } from 'node:http';

/**
 * Turns a request in absolute form (`GET http://host/path`, RFC 9112 §3.2.2), as if it was for a proxy, into the usual
 * one. The host that it names there is the one that it asks, whatever its Host header says, and is judged as that is.
 */
export function toOriginForm(request: IncomingMessage): void {
  const { url = '' } = request;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return;
  const { host, pathname, search } = new URL(url);
  request.headers.host = host;
  request.url = pathname + search;
}

/** The request's address. Its host does not matter and may be forged. */
export function urlOf(request: IncomingMessage): URL {
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
