import { createHash, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';

/** Compares a key that was shown with the right one, in a time that tells nothing of it. */
export const isSameKey = (shown: string, right: string): boolean =>
  timingSafeEqual(createHash('sha256').update(shown).digest(), createHash('sha256').update(right).digest());

/** Answers an upgrade with an error in place of a socket, as Azure's services do. */
export function refuseUpgrade(socket: Duplex, status: number, code: string, message: string, retryAfterS = 20): void {
  const body = JSON.stringify({ error: { code, message } });
  const headers = ['Connection: close', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  if (status === 429) headers.push(`Retry-After: ${retryAfterS}`);
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
}
