import type { RawData, WebSocket } from 'ws';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { LINE_LIMITS } from '../../shared/protocol/limits.ts';
import { TypedEvents } from '../../shared/typed-events.ts';

export type LiveSocketEvents = {
  text: [text: string];
  binary: [data: Buffer];
  /** A ping, or a pong: `ws` has answered the one already. */
  control: [];
  /** Exactly once: when either side begins to close, or the connection breaks. */
  closed: [code: number, reason: string];
};

export interface LiveSocketOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly pingEveryMs?: number;
  /** Pings in a row without an answer after which the peer counts as dead. */
  readonly missedPings?: number;
}

/** Unread output beyond which a peer that reads too slowly is given up, in bytes. */
const HOPELESS_BYTES = 4 * 1024 * 1024;
/** A close frame carries 123 bytes of reason at most (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123;
/** How long the peer has to answer a close frame before the connection is cut. */
const CLOSE_GRACE_MS = 2000;
const AS_TEXT = { binary: false } as const;

/**
 * A web socket that is known to be alive. It pings, gives up a peer that stopped answering or reading, and neither its
 * writers nor its listeners can throw into a call.
 */
export class LiveSocket {
  readonly events: TypedEvents<LiveSocketEvents>;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #pingEveryMs: number;
  readonly #allowedMisses: number;
  readonly #probes = new Set<() => void>();
  #unanswered = 0;
  #cancelPing: Cancel;
  #ended = false;
  #cancelCut: Cancel | undefined;

  constructor(socket: WebSocket, options: LiveSocketOptions) {
    this.#socket = socket;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#pingEveryMs = options.pingEveryMs ?? LINE_LIMITS.pingEveryMs;
    this.#allowedMisses = options.missedPings ?? LINE_LIMITS.missedPings;
    this.events = new TypedEvents((event, error) => this.#log.error({ event, err: error }, 'socket listener failed'));
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('pong', () => this.#onPong());
    socket.on('ping', () => this.#onControl());
    // `ws` has answered a broken frame with its own close code (1002, 1007, 1009) when it reports the error.
    socket.on('error', (error) => this.#log.info({ reason: error.message }, 'socket error'));
    socket.on('close', (code, reason) => this.#onClose(code, reason.toString()));
    this.#cancelPing = this.#clock.after(this.#pingEveryMs, () => this.#ping());
  }

  /** False from the moment that either side begins to close. */
  get open(): boolean {
    return !this.#ended && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Bytes written and not yet taken by the network. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends a text, or the bytes of one; false when the socket is gone or its reader hopelessly behind. */
  send(text: string | Uint8Array): boolean {
    if (!this.open) return false;
    if (this.#socket.bufferedAmount > HOPELESS_BYTES) {
      this.#cut(1008, 'You read too slowly.');
      return false;
    }
    // A write that fails is reported as the socket's error.
    this.#socket.send(text, AS_TEXT);
    return true;
  }

  /** Whether the peer gives a sign of life within `timeoutMs`: the answer to a ping, or anything else. Never rejects. */
  probe(timeoutMs: number): Promise<boolean> {
    if (!this.open) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (alive: boolean) => {
        cancel();
        this.#probes.delete(onLifeSign);
        stopListening();
        resolve(alive);
      };
      const onLifeSign = () => settle(true);
      const cancel = this.#clock.after(timeoutMs, () => settle(false));
      const stopListening = this.events.on('closed', () => settle(false));
      this.#probes.add(onLifeSign);
      this.#socket.ping();
    });
  }

  /**
   * Closes with a code and a reason; cuts the connection when the peer does not answer. A peer that has begun to close and
   * does not finish is not waited for either. Idempotent.
   */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    if (this.open) this.#socket.close(code, shorten(reason));
    this.#cancelCut = this.#clock.after(CLOSE_GRACE_MS, () => this.#socket.terminate());
    this.#end(code, reason);
  }

  #cut(code: number, reason: string): void {
    this.#socket.terminate();
    this.#end(code, reason);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelPing();
    this.events.emit('closed', code, reason);
    this.events.removeAll();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (!this.open) return;
    this.#onLifeSign();
    // One Buffer is what `ws` gives with its default binaryType.
    const message = data as Buffer;
    if (isBinary) this.events.emit('binary', message);
    else this.events.emit('text', message.toString('utf8'));
  }

  #ping(): void {
    if (!this.open) return;
    if (this.#unanswered >= this.#allowedMisses) {
      this.#cut(1006, 'The far side stopped answering.');
      return;
    }
    this.#unanswered += 1;
    this.#socket.ping();
    this.#cancelPing = this.#clock.after(this.#pingEveryMs, () => this.#ping());
  }

  #onPong(): void {
    this.#unanswered = 0;
    this.#onControl();
  }

  #onControl(): void {
    this.#onLifeSign();
    this.events.emit('control');
  }

  #onLifeSign(): void {
    if (this.#probes.size === 0) return;
    for (const settle of [...this.#probes]) settle();
  }

  #onClose(code: number, reason: string): void {
    this.#cancelCut?.();
    this.#end(code, reason);
  }
}

function shorten(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES - 4)).replace(/\uFFFD$/, '');
}
