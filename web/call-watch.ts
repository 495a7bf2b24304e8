import type { RelayMessage } from '../shared/protocol/relay.ts';
import { parseMessage } from './session-socket.ts';
import { fetchTicket, openSocket } from './tickets.ts';

export interface CallWatchOptions {
  /** The server's address: `ws://host:port` or `wss://…`. */
  readonly origin: string;
  /** What is said in the call that was named. */
  readonly onMessage: (message: RelayMessage) => void;
  /** What is said meanwhile is not seen here. */
  readonly onLost: () => void;
  /** See {@link fetchTicket}. */
  readonly ticket?: () => Promise<string | undefined>;
}

const AGAIN_MS = 2000;
/** The first words of a call may come before the phone knows that it is connected. */
const MOST_EARLY = 100;

/** Watches what the server says of all sessions, for the one call that the page's phone is in. */
export class CallWatch {
  readonly #options: CallWatchOptions;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #call: string | undefined;
  #early: RelayMessage[] = [];

  constructor(options: CallWatchOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** The call to watch from now on. What was said in it before is told at once. */
  follow(callConnectionId: string): void {
    this.#call = callConnectionId;
    const early = this.#early.filter((message) => message.call_id === callConnectionId);
    this.#early = [];
    for (const message of early) this.#options.onMessage(message);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  async #connect(): Promise<void> {
    const { origin, ticket: getTicket = () => fetchTicket({ kind: 'dashboard' }) } = this.#options;
    let ticket: string | undefined;
    try {
      ticket = await getTicket();
    } catch {
      this.#again();
      return;
    }
    if (this.#closed) return;
    const socket = openSocket(new URL('/api/v1/realtime/dashboard/relay', origin), ticket);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? parseMessage(data) : undefined;
      if (message !== undefined && !this.#closed) this.#receive(message as RelayMessage);
    });
    socket.addEventListener('close', () => this.#again());
  }

  #again(): void {
    if (this.#closed) return;
    this.#options.onLost();
    this.#timer = setTimeout(() => void this.#connect(), AGAIN_MS);
  }

  #receive(message: RelayMessage): void {
    if (message.call_id === null) return;
    if (message.call_id === this.#call) {
      this.#options.onMessage(message);
    } else {
      this.#early = [...this.#early, message].slice(-MOST_EARLY);
    }
  }
}
