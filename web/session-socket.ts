import { SAMPLE_RATE } from '../shared/audio/pcm.ts';
import { openSocket, parseMessage } from '../shared/client/sockets.ts';
import type { BrowserCommand, BrowserMessage } from '../shared/protocol/browser.ts';
import { CLOSE } from '../shared/protocol/close-codes.ts';
import { type Connection, type ConnectionEvent, nextConnection } from './connection.ts';
import { fetchTicket, TicketRefused } from './tickets.ts';

export interface SessionSocketOptions {
  /** The server's address: `ws://host:port` or `wss://…`. */
  readonly origin: string;
  /** Asked for. The server may name another, which counts from then on. */
  readonly sessionId: string;
  /** Who is to answer in a new session; without it, whoever the server is set to. */
  readonly agent?: string | undefined;
  /** What is done with the line of a new session; without it, what the agent or the server is set to. */
  readonly mode?: string | undefined;
  /** Of the agent's voice, Hz: 16000 where nothing is said. */
  readonly sampleRate?: number | undefined;
  readonly onConnection: (connection: Connection) => void;
  readonly onMessage: (message: BrowserMessage) => void;
  readonly random?: () => number;
  /** See {@link fetchTicket}. */
  readonly ticketFor?: (sessionId: string) => Promise<string | undefined>;
}

/** How long a socket may take until the server says `session_ready`. */
const READY_WITHIN_MS = 10_000;
/** As a browser says that a socket went without a word. */
const NO_ANSWER = 1006;
/** How long a session that was ended here may take to say what it has come to. */
const LAST_WORD_MS = 2_000;
/** Two seconds of audio. Where the network takes less than we speak, old words are worth less than new ones' delay. */
const MOST_BUFFERED_BYTES = SAMPLE_RATE * 2 * 2;
/** A line that takes nothing for so long is dead: after a change of network no browser says so for minutes. */
const STUCK_MS = 10_000;

/**
 * The line to the server: one session, and as many sockets one after the other as it takes. After a loss it connects
 * again under the same session id, so that the conversation goes on.
 */
export class SessionSocket {
  readonly #options: SessionSocketOptions;
  #connection: Connection = { name: 'idle' };
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #droppedFrames = 0;
  /** Since when the line has taken nothing. */
  #stuckSinceMs: number | undefined;
  #sessionId: string;
  /** The right to come back to the session, for one try: the server gives another with each `session_ready`. */
  #returnTicket: string | undefined;
  #tries = 0;

  constructor(options: SessionSocketOptions) {
    this.#options = options;
    this.#sessionId = options.sessionId;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Frames of the microphone that could not be sent: no line, or a line too slow. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  open(): void {
    this.#apply({ name: 'start' });
  }

  /** Tries again now instead of at the end of the wait. */
  retryNow(): void {
    this.#apply({ name: 'retry' });
  }

  sendAudio(frame: ArrayBuffer): void {
    const socket = this.#connection.name === 'open' ? this.#socket : undefined;
    if (socket !== undefined && socket.bufferedAmount < MOST_BUFFERED_BYTES) {
      this.#stuckSinceMs = undefined;
      socket.send(frame);
      return;
    }
    this.#droppedFrames += 1;
    if (socket === undefined) return;
    this.#stuckSinceMs ??= Date.now();
    if (Date.now() - this.#stuckSinceMs >= STUCK_MS) this.#drop();
  }

  send(command: BrowserCommand): void {
    if (this.#connection.name === 'open') this.#socket?.send(JSON.stringify(command));
  }

  close(): void {
    this.send({ type: 'end' });
    this.#awaitLastWord();
    this.leave();
  }

  /** Closes the line. The session is not over: it can go on by another. */
  leave(): void {
    this.#apply({ name: 'stop' });
  }

  /** The server still says what the session has come to. Nothing else of it is of interest. */
  #awaitLastWord(): void {
    const socket = this.#socket;
    if (this.#connection.name !== 'open' || socket === undefined) return;
    this.#socket = undefined;
    const timer = setTimeout(() => socket.close(1000), LAST_WORD_MS);
    socket.addEventListener('close', () => clearTimeout(timer));
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? parseMessage(data) : undefined;
      if (message?.type === 'call_spent') this.#options.onMessage(message);
    });
  }

  #apply(event: ConnectionEvent): void {
    const before = this.#connection;
    this.#connection = nextConnection(before, event);
    if (this.#connection === before) return;
    this.#enter(this.#connection);
    this.#options.onConnection(this.#connection);
  }

  #enter(connection: Connection): void {
    clearTimeout(this.#timer);
    switch (connection.name) {
      case 'connecting':
        void this.#connect();
        this.#timer = setTimeout(() => this.#drop(), READY_WITHIN_MS);
        break;
      case 'waiting':
        this.#detach();
        this.#timer = setTimeout(() => this.#apply({ name: 'retry' }), connection.retryInMs);
        break;
      case 'closed':
        this.#detach();
        break;
    }
  }

  async #connect(): Promise<void> {
    this.#tries += 1;
    const tries = this.#tries;
    const isThisTry = () => tries === this.#tries && this.#connection.name === 'connecting';
    const { ticketFor = (id) => fetchTicket({ kind: 'browser', session_id: id }) } = this.#options;
    const atHand = this.#returnTicket;
    this.#returnTicket = undefined;
    try {
      const ticket = atHand ?? (await ticketFor(this.#sessionId));
      if (isThisTry()) this.#open(ticket, atHand !== undefined);
    } catch (error) {
      if (isThisTry()) this.#lost(error instanceof TicketRefused ? CLOSE.unauthorised : NO_ANSWER);
    }
  }

  /** @param returns by the right to come back: where that does not help, the next try asks for a ticket */
  #open(ticket: string | undefined, returns: boolean): void {
    const address = new URL('/api/v1/realtime/conversation', this.#options.origin);
    address.searchParams.set('session_id', this.#sessionId);
    address.searchParams.set('sample_rate', String(this.#options.sampleRate ?? SAMPLE_RATE));
    if (this.#options.agent !== undefined) address.searchParams.set('agent', this.#options.agent);
    if (this.#options.mode !== undefined) address.searchParams.set('streaming_mode', this.#options.mode);
    const socket = openSocket(address, ticket);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#stuckSinceMs = undefined;
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket && typeof data === 'string') this.#receive(data);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      const isStale = returns && code === CLOSE.unauthorised;
      if (socket === this.#socket) this.#lost(isStale ? NO_ANSWER : code, reason);
    });
  }

  #receive(text: string): void {
    const message = parseMessage(text);
    if (message === undefined) return;
    if (message.type === 'session_ready') {
      this.#sessionId = message.session_id;
      this.#returnTicket = message.return_ticket;
      this.#apply({ name: 'ready' });
    }
    this.#options.onMessage(message);
  }

  /** The socket stands but nobody speaks on it. */
  #drop(): void {
    this.#lost(NO_ANSWER);
  }

  #lost(code: number, reason = ''): void {
    this.#apply({ name: 'lost', code, reason, random: (this.#options.random ?? Math.random)() });
  }

  #detach(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }
}
