import type { Socket } from 'node:net';
import { HEADER_BYTES, LONGEST_MESSAGE_BYTES } from './protocol.ts';

/**
 * Cuts a socket's bytes into messages. `body` is a view of the socket's memory, at any alignment: see {@link copyOf}.
 * A length beyond the bound ends the socket: the other side speaks something else.
 */
export function readMessages(socket: Socket, onMessage: (kind: number, body: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > LONGEST_MESSAGE_BYTES) {
        socket.destroy(new Error(`a message of ${length} bytes`));
        return;
      }
      if (bytes.length < 4 + length) break;
      onMessage(bytes.readUInt8(4), bytes.subarray(HEADER_BYTES, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    // A copy: the socket's chunk is large, and what is left of it small.
    rest = bytes.length === 0 ? bytes : Buffer.from(bytes);
  });
}

/** A message ready to send. `write` fills in a body of exactly `bodyBytes`. */
export function message(kind: number, bodyBytes: number, write: (body: Buffer) => void): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  bytes.writeUInt32LE(1 + bodyBytes, 0);
  bytes.writeUInt8(kind, 4);
  write(bytes.subarray(HEADER_BYTES));
  return bytes;
}

export function jsonMessage(kind: number, value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  return message(kind, text.length, (body) => text.copy(body));
}

/** A part of a message as memory of its own, aligned for samples. (`Buffer.slice` would not copy.) */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}
