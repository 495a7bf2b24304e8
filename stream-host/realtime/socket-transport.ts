import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { RealtimeTransport, TransportEnd, TransportListener } from './realtime-transport.ts';

export interface SocketTransportOptions {
  readonly url: string;
  /** Asked once, before the connection is made: a token may have to be fetched. Secrets go here, never into the address. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly clock: Clock;
  readonly pingEveryMs?: number;
}

/** More is no event of these services: a second of audio is 64 kB, a session's echo holds our own instructions. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const PING_EVERY_MS = 5_000;
/** Pings in a row without an answer, or a message, after which the service counts as gone. */
const ALLOWED_MISSES = 2;
const CLOSE_GRACE_MS = 2_000;
const NORMAL = 1000;
const AS_TEXT = { binary: false } as const;

/** A web socket to a service. It follows no redirect, which would carry the key to wherever it points. */
export class SocketTransport implements RealtimeTransport {
  readonly #options: SocketTransportOptions;
  readonly #listener: TransportListener;
  #socket: WebSocket | undefined;
  #cancelPing: Cancel = () => undefined;
  #unanswered = 0;
  #over = false;

  constructor(options: SocketTransportOptions, listener: TransportListener) {
    this.#options = options;
    this.#listener = listener;
    void this.#connect();
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(text: string): void {
    if (this.#over || this.#socket?.readyState !== WebSocket.OPEN) return;
    // A write that fails is reported as the socket's close.
    this.#socket.send(text, AS_TEXT, () => undefined);
  }

  close(): void {
    if (this.#over) return;
    this.#finish();
    const socket = this.#socket;
    if (!socket) return;
    const cancel = this.#options.clock.after(CLOSE_GRACE_MS, () => socket.terminate());
    socket.once('close', cancel);
    socket.close(NORMAL);
  }

  async #connect(): Promise<void> {
    let headers: Readonly<Record<string, string>>;
    try {
      headers = await this.#options.headers();
    } catch (error) {
      this.#end({ type: 'unreachable', reason: messageOf(error), isIdentity: true });
      return;
    }
    if (this.#over) return;
    try {
      const options = {
        headers,
        followRedirects: false,
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: false,
        // A service that has closed and leaves its connection open. The types of `ws` do not have it yet, so it stands in a constant.
        closeTimeout: CLOSE_GRACE_MS,
      };
      this.#follow(new WebSocket(this.#options.url, options));
    } catch (error) {
      this.#end({ type: 'unreachable', reason: messageOf(error) });
    }
  }

  #follow(socket: WebSocket): void {
    this.#socket = socket;
    let reason = '';
    let hasOpened = false;
    socket.on('open', () => {
      hasOpened = true;
      this.#ping();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      this.#unanswered = 0;
      if (!this.#over && !isBinary) this.#listener.onMessage(data.toString('utf8'));
    });
    socket.on('pong', () => {
      this.#unanswered = 0;
    });
    socket.on('unexpected-response', (request, response: IncomingMessage) => {
      this.#end({ type: 'refused', status: response.statusCode ?? 0 });
      request.destroy();
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', (code, text) => {
      if (!hasOpened) this.#end({ type: 'unreachable', reason });
      else this.#end({ type: 'closed', code, reason: text.toString('utf8') || reason });
    });
  }

  #ping(): void {
    if (this.#over) return;
    if (this.#unanswered >= ALLOWED_MISSES) {
      this.#socket?.terminate();
      this.#end({ type: 'silent' });
      return;
    }
    this.#unanswered += 1;
    this.#socket?.ping();
    this.#cancelPing = this.#options.clock.after(this.#options.pingEveryMs ?? PING_EVERY_MS, () => this.#ping());
  }

  #end(end: TransportEnd): void {
    if (this.#over) return;
    this.#finish();
    this.#listener.onEnd(end);
  }

  #finish(): void {
    this.#over = true;
    this.#cancelPing();
  }
}
