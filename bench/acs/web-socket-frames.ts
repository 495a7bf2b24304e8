import { createHash } from 'node:crypto';

/**
 * WebSocket frames (RFC 6455 §5.2) for the load generator, which shares its cores with the host that it measures: a
 * frame is built once and sent often, and of what comes in only the bytes that somebody asks for are unmasked.
 * Simplified: no fragments and no extensions, which neither `ws` nor the Speech SDK uses unasked; either is an error.
 */
export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Opcode = (typeof OPCODE)[keyof typeof OPCODE];

const FIN = 0x80;
const MASKED = 0x80;
/** Lengths from which on the header has two or eight bytes for it. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MAX_PAYLOAD_BYTES = 1024 * 1024;

/**
 * A frame as it goes over the wire, in one piece.
 * @param key 32 bits, for what a client sends. The receiver of a key of zero may save itself the unmasking (`ws` does),
 *   which no real client spares it: so zero is refused.
 */
export function encodeFrame(opcode: Opcode, payload: Uint8Array, key?: number): Buffer {
  if (key === 0) throw new RangeError('A masking key of zero would be cheaper to read than a real one.');
  const { length } = payload;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 65_536 ? 2 : 8;
  const payloadAt = 2 + lengthBytes + (key === undefined ? 0 : 4);
  const frame = Buffer.allocUnsafe(payloadAt + length);
  frame[0] = FIN | opcode;
  frame[1] =
    (key === undefined ? 0 : MASKED) | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64);
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
  else if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(payload, payloadAt);
  if (key !== undefined) {
    frame.writeUInt32BE(key >>> 0, payloadAt - 4);
    for (let at = 0; at < length; at += 1) frame[payloadAt + at] = (payload[at] ?? 0) ^ keyByte(key, at);
  }
  return frame;
}

/** The payload of a close frame: a code, and a reason of at most 123 bytes. */
export function closePayload(code: number, reason: string): Buffer {
  const payload = Buffer.from(`\0\0${reason}`);
  payload.writeUInt16BE(code, 0);
  return payload;
}

const keyByte = (key: number, at: number): number => (key >>> (24 - 8 * (at & 3))) & 0xff;

/** A frame that came, where it lies in the read buffer: it is another one when the listener has returned. */
export class Frame {
  opcode = 0;
  /** Of the payload, in bytes. */
  length = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #key = 0;

  /** @internal Points it at a payload. */
  set(opcode: number, bytes: Buffer, start: number, length: number, key: number): void {
    this.opcode = opcode;
    this.length = length;
    this.#bytes = bytes;
    this.#start = start;
    this.#key = key;
  }

  /** One byte of the payload, unmasked. `at` must be less than `length`. */
  byteAt(at: number): number {
    return (this.#bytes[this.#start + at] ?? 0) ^ keyByte(this.#key, at);
  }

  /** A copy of a part of the payload, unmasked. */
  copy(from = 0, to = this.length): Buffer {
    const copy = Buffer.from(this.#bytes.subarray(this.#start + from, this.#start + to));
    if (this.#key !== 0) for (let at = 0; at < copy.length; at += 1) copy[at] = this.byteAt(from + at);
    return copy;
  }

  startsWith(text: string): boolean {
    if (this.length < text.length) return false;
    for (let at = 0; at < text.length; at += 1) if (this.byteAt(at) !== text.charCodeAt(at)) return false;
    return true;
  }

  /** What a close frame says; 1005 where it gives no code. */
  closing(): { readonly code: number; readonly reason: string } {
    const payload = this.copy();
    if (payload.length < 2) return { code: 1005, reason: '' };
    return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
  }
}

/** Cuts what comes from a socket into frames. It copies nothing but what one read has of a frame that the next completes. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #frame = new Frame();
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * @param bytes read from the socket; may be used again when this returns
   * @throws {RangeError} when they are no frame that this can read
   */
  read(bytes: Buffer, from = 0, to = bytes.length): void {
    if (this.#heldBytes === 0) {
      this.#hold(bytes, this.#cut(bytes, from, to), to);
      return;
    }
    this.#hold(bytes, from, to);
    const rest = this.#cut(this.#held, 0, this.#heldBytes);
    this.#held.copyWithin(0, rest, this.#heldBytes);
    this.#heldBytes -= rest;
  }

  /** @returns where the first frame begins that is not whole */
  #cut(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (to - at >= 2) {
      const first = bytes[at] ?? 0;
      const second = bytes[at + 1] ?? 0;
      if ((first & 0xf0) !== FIN || (first & 0x0f) === 0) throw new RangeError('The frame is a fragment or extended.');
      let length = second & 0x7f;
      let payloadAt = at + 2;
      if (length === LENGTH_16) {
        payloadAt += 2;
        if (payloadAt > to) break;
        length = bytes.readUInt16BE(at + 2);
      } else if (length === LENGTH_64) {
        payloadAt += 8;
        if (payloadAt > to) break;
        length = Number(bytes.readBigUInt64BE(at + 2));
      }
      if (length > MAX_PAYLOAD_BYTES) throw new RangeError(`The frame claims ${length} bytes.`);
      let key = 0;
      if ((second & MASKED) !== 0) {
        payloadAt += 4;
        if (payloadAt > to) break;
        key = bytes.readUInt32BE(payloadAt - 4);
      }
      if (payloadAt + length > to) break;
      this.#frame.set(first & 0x0f, bytes, payloadAt, length, key);
      this.#onFrame(this.#frame);
      at = payloadAt + length;
    }
    return at;
  }

  #hold(bytes: Buffer, from: number, to: number): void {
    const needed = this.#heldBytes + to - from;
    if (needed > this.#held.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#heldBytes, from, to);
    this.#heldBytes = needed;
  }
}

/** What a server answers to a client's `Sec-WebSocket-Key` (RFC 6455 §1.3). */
export const acceptKeyOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
