import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';

/**
 * Who asks, for limits on one client: an IPv4 address, or the /64 network of an IPv6 one, which is what one customer has.
 *
 * @param trustedHops how many proxies in front of this process are ours. Each adds the address that it saw at the end of
 * `x-forwarded-for`; what stands before those may be invented and is not looked at. 0: the header means nothing.
 */
export function clientOf(request: IncomingMessage, trustedHops: number): string {
  const peer = request.socket.remoteAddress ?? '';
  if (trustedHops === 0) return networkOf(peer);
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  const address = bare(forwarded.at(-trustedHops)?.trim() ?? '');
  return networkOf(isIP(address) ? address : peer);
}

/** Without a port and brackets, which some proxies write. */
function bare(address: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1];
  return bracketed ?? address.replace(/^([\d.]+):\d+$/, '$1');
}

function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  // The part that `::` stands for. Only the first four groups matter, of which an IPv4 ending is none.
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
