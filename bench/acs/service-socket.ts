import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseUsp } from '../../emulator/speech/usp.ts';
import { acceptKeyOf, encodeFrame, type Frame, FrameReader, OPCODE } from './web-socket-frames.ts';

/**
 * The service's end of a Speech SDK connection: a web socket of which only those bytes are unmasked that the scripted
 * services look at. On the wire it is what any server sends, each message in one write. Simplified: no extensions, no
 * limit on what is unread.
 */
export class ServiceSocket {
  readonly #socket: Duplex;
  #isOpen = true;

  constructor(request: IncomingMessage, socket: Duplex) {
    this.#socket = socket;
    const key = request.headers['sec-websocket-key'] ?? '';
    socket.on('error', () => socket.destroy());
    // An HTTP server leaves its half of a connection open when the client ends its own.
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      this.#isOpen = false;
    });
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptKeyOf(key)}\r\n\r\n`,
    );
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether the kernel has all that was sent, so that its memory may be written again. */
  get isDrained(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** @param head what came with the upgrade already; `onFrame` gets the text and binary frames */
  listen(head: Buffer, onFrame: (frame: Frame) => void, onClose: () => void): void {
    const reader = new FrameReader((frame) => {
      if (frame.opcode === OPCODE.close) this.#close(frame);
      else if (frame.opcode === OPCODE.ping) this.send(encodeFrame(OPCODE.pong, frame.copy()));
      else if (frame.opcode !== OPCODE.pong && this.#isOpen) onFrame(frame);
    });
    this.#socket.once('close', onClose);
    this.#socket.on('data', (bytes: Buffer) => reader.read(bytes));
    if (head.length > 0) reader.read(head);
  }

  /** Sends a frame of {@link encodeFrame}, unmasked. */
  send(frame: Buffer): void {
    if (this.#isOpen) this.#socket.write(frame);
  }

  sendText(text: string): void {
    this.send(encodeFrame(OPCODE.text, Buffer.from(text)));
  }

  #close(frame: Frame): void {
    this.send(encodeFrame(OPCODE.close, frame.copy(0, Math.min(2, frame.length))));
    this.#isOpen = false;
    this.#socket.end();
  }
}

/** A message of the Speech SDK. The payload of a binary one stays in the frame, masked, from `payloadAt` on. */
export interface SpeechMessage {
  readonly path: string;
  readonly requestId: string;
  readonly contentType: string;
  /** Empty in a binary message. */
  readonly text: string;
  readonly payloadAt: number;
}

/** @throws {UspError} when it is none */
export function readSpeechMessage(frame: Frame): SpeechMessage {
  if (frame.opcode === OPCODE.text) {
    const { body, ...headers } = parseUsp(frame.copy(), false);
    return { ...headers, text: body.type === 'text' ? body.text : '', payloadAt: frame.length };
  }
  const payloadAt = frame.length < 2 ? frame.length : 2 + ((frame.byteAt(0) << 8) | frame.byteAt(1));
  const { path, requestId, contentType } = parseUsp(frame.copy(0, Math.min(payloadAt, frame.length)), true);
  return { path, requestId, contentType, text: '', payloadAt };
}
