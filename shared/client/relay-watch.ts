import type { RelayMessage } from '../protocol/relay.ts';
import { openSocket, parseMessage } from './sockets.ts';

export interface RelayWatchOptions {
  /** The stream host's address: `http(s)://host:port`, or `ws(s)://…`. */
  readonly origin: string;
  /** What is watched: a session, or a call. With neither, all sessions, for whoever may. */
  readonly session_id?: string;
  readonly call_connection_id?: string;
  /** Gets the ticket of each socket; undefined where the server wants none. Rejects where there is none now. */
  readonly ticket: () => Promise<string | undefined>;
  readonly onMessage: (message: RelayMessage) => void;
  /** From now on nothing that is said will be missed. Comes again after a loss. */
  readonly onWatching?: () => void;
  /** What is said meanwhile is not seen here; it is tried again. */
  readonly onLost?: () => void;
}

const AGAIN_MS = 2000;

/** Watches what is said in a session, a call, or all of them, and connects again when the line is lost. In a browser or in Node. */
export class RelayWatch {
  readonly #options: RelayWatchOptions;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: RelayWatchOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  async #connect(): Promise<void> {
    const { ticket: getTicket, onMessage, onWatching } = this.#options;
    let ticket: string | undefined;
    try {
      ticket = await getTicket();
    } catch {
      this.#again();
      return;
    }
    if (this.#closed) return;
    const socket = openSocket(this.#address(), ticket);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (!this.#closed) onWatching?.();
    });
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? parseMessage(data) : undefined;
      if (message !== undefined && !this.#closed) onMessage(message as RelayMessage);
    });
    socket.addEventListener('close', () => this.#again());
  }

  #address(): URL {
    const address = new URL('/api/v1/realtime/dashboard/relay', this.#options.origin.replace(/^http/, 'ws'));
    for (const name of ['session_id', 'call_connection_id'] as const) {
      const value = this.#options[name];
      if (value !== undefined) address.searchParams.set(name, value);
    }
    return address;
  }

  #again(): void {
    if (this.#closed) return;
    this.#options.onLost?.();
    this.#timer = setTimeout(() => void this.#connect(), AGAIN_MS);
  }
}
