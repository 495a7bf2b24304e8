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
