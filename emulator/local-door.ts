import type { IncomingMessage } from 'node:http';

/**
 * What a request asks for. A request line may hold anything (`//`, `http://`): what is no path at all counts as `/`.
 * Never throws for a request.
 *
 * @param origin stands in front of the path
 */
export function addressOf(request: IncomingMessage, origin = 'http://emulator'): URL {
  // The path is appended, not resolved: `//x` would name another host.
  const address = origin + (request.url?.startsWith('/') ? request.url : '/');
  return URL.canParse(address) ? new URL(address) : new URL(origin);
}

/**
 * Why a request to a port of this machine is refused, where it is. Any web page can make its visitor's browser send
 * requests to local ports, and they need no key here. A page of another site shows by its `Origin`; one whose name was
 * pointed at this machine (DNS rebinding) by the `Host`, which then is a name that somebody could buy.
 *
 * @param ownHosts further names under which this server may be asked for, such as that of a tunnel to it
 */
export function refusalOf(request: IncomingMessage, ownHosts: readonly string[] = []): string | undefined {
  const { host, origin } = request.headers;
  const asked = host !== undefined && /^[\w.:[\]-]+$/.test(host) ? hostOf(`http://${host}`) : undefined;
  // HTTP/1.0 knows no Host, and browsers no HTTP/1.0.
  if (host !== undefined && !isOurs(asked, ownHosts)) {
    return 'This server answers to localhost and to addresses, not to that Host.';
  }
  if (origin === undefined || isLocalOrigin(origin)) return undefined;
  const from = /^https?:/i.test(origin) ? hostOf(origin) : undefined;
  if (from !== undefined && (from === asked || ownHosts.includes(from))) return undefined;
  return 'Pages of other sites may not ask this server.';
}

/** Whether a page comes from a server on this machine. */
export function isLocalOrigin(origin: string): boolean {
  return /^https?:\/\//i.test(origin) && isLoopback(hostOf(origin) ?? '');
}

/** A host that nobody from outside can make a name for: an address, or a name without a public top-level domain. */
function isOurs(host: string | undefined, ownHosts: readonly string[]): boolean {
  if (host === undefined) return false;
  return isLoopback(host) || isAddress(host) || /^[\w-]+$|\.internal$/.test(host) || ownHosts.includes(host);
}

const isLoopback = (host: string): boolean => /^(?:.+\.)?localhost$|^127(?:\.\d+){3}$|^\[::1\]$/.test(host);

const isAddress = (host: string): boolean => /^\d+(?:\.\d+){3}$|^\[[\da-f:.]+\]$/.test(host);

/** The name in an address, without its port, in lower case. */
const hostOf = (address: string): string | undefined =>
  URL.canParse(address) ? new URL(address).hostname || undefined : undefined;
