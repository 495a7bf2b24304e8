import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { acceptKeyOf, closePayload, encodeFrame, type Frame, FrameReader, OPCODE } from './web-socket-frames.ts';

export interface MediaSocketEvents {
  onOpen(): void;
  /** The server has answered with something else than a web socket. */
  onRefused(status: number, body: string): void;
  /** A text frame; it is valid only until this returns. */
  onText(frame: Frame): void;
  /** Exactly once, and last. 1006 where no close frame came. */
  onClose(code: number, reason: string): void;
}

const READ_BYTES = 16 * 1024;
const MAX_ANSWER_BYTES = 64 * 1024;
/** How long the other side has to end a connection that either has closed. */
const END_MS = 30_000;

/**
 * The client's end of a media socket, on a bare TCP connection. On the wire it is what any client sends: one masked text
 * frame and one write each 20 ms. What it saves is its own work only: its callers hand it frames that were masked
 * beforehand, and it reads into the same memory each time. Simplified: the key that masks a frame is the same whenever
 * the frame is sent, and of the upgrade's answer only the status and the accepted key are looked at.
 */
export class MediaSocket {
  readonly #events: MediaSocketEvents;
  readonly #socket: Socket;
  readonly #reader = new FrameReader((frame) => this.#receive(frame));
  readonly #accept: string;
  readonly #in = Buffer.alloc(READ_BYTES);
  #state: 'connecting' | 'refused' | 'open' | 'closing' = 'connecting';
  /** What has come of the answer to the upgrade. */
  #answer = '';
  #closing = { code: 1006, reason: '' };

  /** @param url `ws://host:port/path?query` */
  constructor(url: string, headers: Readonly<Record<string, string>>, events: MediaSocketEvents) {
    this.#events = events;
    const { hostname, port, host, pathname, search } = new URL(url);
    const key = randomBytes(16).toString('base64');
    this.#accept = acceptKeyOf(key);
    const lines = [
      `GET ${pathname}${search} HTTP/1.1`,
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: this.#in, callback: (length) => this.#read(length) },
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#onClose());
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Sends a frame of {@link encodeFrame}, masked. */
  send(frame: Buffer): void {
    if (this.#state === 'open') this.#socket.write(frame);
  }

  /** Idempotent. */
  close(code: number, reason: string): void {
    if (this.#state === 'closing') return;
    if (this.#state !== 'open') {
      this.#socket.destroy();
      return;
    }
    this.#socket.write(encodeFrame(OPCODE.close, closePayload(code, reason), newKey()));
    this.#beginClosing();
  }

  #read(length: number): boolean {
    try {
      if (this.#state === 'connecting' || this.#state === 'refused') this.#readAnswer(length);
      else this.#reader.read(this.#in, 0, length);
    } catch {
      this.#socket.destroy();
    }
    return true;
  }

  #readAnswer(length: number): void {
    const before = this.#answer.length;
    this.#answer += this.#in.toString('latin1', 0, length);
    const end = this.#answer.indexOf('\r\n\r\n');
    if (this.#answer.length > MAX_ANSWER_BYTES) throw new RangeError('The answer to the upgrade has no end.');
    if (end < 0) return;
    const head = this.#answer.slice(0, end);
    const status = statusOf(head);
    if (status !== 101) {
      this.#state = 'refused';
      // The body is whole when the server ends the connection, or has sent as much as it said.
      const bodyLength = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY);
      if (this.#answer.length - end - 4 >= bodyLength) this.#socket.end();
      return;
    }
    if (!head.includes(this.#accept)) throw new RangeError('The server has accepted another key.');
    this.#state = 'open';
    this.#answer = '';
    this.#events.onOpen();
    this.#reader.read(this.#in, end + 4 - before, length);
  }

  #receive(frame: Frame): void {
    switch (frame.opcode) {
      case OPCODE.text:
        if (this.#state === 'open') this.#events.onText(frame);
        return;
      case OPCODE.ping:
        this.send(encodeFrame(OPCODE.pong, frame.copy(), newKey()));
        return;
      case OPCODE.close:
        this.#closing = frame.closing();
        // The answer, where it is not itself the answer to ours.
        this.send(encodeFrame(OPCODE.close, frame.copy(), newKey()));
        this.#beginClosing();
    }
  }

  #beginClosing(): void {
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    const timer = setTimeout(() => this.#socket.destroy(), END_MS).unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #onClose(): void {
    if (this.#state === 'refused') {
      const end = this.#answer.indexOf('\r\n\r\n');
      this.#events.onRefused(statusOf(this.#answer), this.#answer.slice(end + 4));
    }
    this.#events.onClose(this.#closing.code, this.#closing.reason);
  }
}

const statusOf = (head: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);

const newKey = (): number => (randomBytes(4).readUInt32BE(0) | 1) >>> 0;
