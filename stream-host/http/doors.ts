import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { HeaderReader } from '../../shared/carrier/carrier-kind.ts';
import type { Clock } from '../../shared/clock.ts';
import { DependencyError, ParleyError, RequestError } from '../../shared/errors.ts';
import { fieldsOf, validate } from '../../shared/http/request-body.ts';
import {
  callSocket,
  conversationSocket,
  IGNORED_NAMES,
  relaySocket,
  wordsSocket,
} from '../../shared/http/routes/sockets.ts';
import type { NewId } from '../../shared/ids.ts';
import type { ModeTable } from '../../shared/modes/mode-table.ts';
import { CALL_LIMITS, CONVERSATION_LIMITS, WATCH_LIMITS, WORDS_LIMITS } from '../../shared/protocol/limits.ts';
import { isSessionId } from '../../shared/sessions/keys.ts';
import type { Channel } from '../contract/line.ts';
import type { ModeKind } from '../contract/mode.ts';
import type { LiveSessions, Refusal } from '../host/live-sessions.ts';
import type { CallIdentity } from '../session/pick-up.ts';
import type { BrowserRequest, Reception } from '../session/reception.ts';
import type { TranscriptIntake } from '../session/transcript-intake.ts';
import { BROWSER_RATES, type BrowserRate } from '../transport/browser-transport.ts';
import { clientOf } from './client-address.ts';
import type { ClientLimits } from './client-limits.ts';
import { type OriginRules, requireOrigin } from './origins.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { RelayDoor } from './relay-door.ts';
import { toOriginForm, urlOf } from './request-address.ts';
import { agreedProtocol, type TicketDoor } from './ticket-door.ts';

export interface DoorsOptions extends OriginRules {
  readonly live: LiveSessions;
  readonly reception: Reception;
  readonly relay: RelayDoor;
  /** Who may open the sockets of browsers and dashboards. */
  readonly tickets: Pick<TicketDoor, 'admit' | 'route' | 'requireKnown'>;
  /** Takes what ACS has put into words itself. */
  readonly words: Pick<TranscriptIntake, 'take' | 'close'>;
  readonly modes: ModeTable<ModeKind>;
  /** Whether the carrier has sent this upgrade. Rejects when not. */
  readonly admitCarrier: (header: HeaderReader) => Promise<unknown>;
  /** The header by which the carrier names a call, where it has one. */
  readonly callIdHeader?: string | undefined;
  /** Whether calls that are on their way still find their places, now that a browser has taken one. Without it: yes. */
  readonly sparesCalls?: () => Promise<boolean>;
  /** Whether a call stands, and had better be here than nowhere. Asked where the host has no room for new ones. Without it: no. */
  readonly goesOn?: (call: CallIdentity) => Promise<boolean>;
  /** What one client may have of the places for browsers. Without it: all of them. */
  readonly clients?: ClientLimits | undefined;
  /** See {@link clientOf}. */
  readonly trustedProxyHops?: number | undefined;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly refusals: RefusalLog;
}

/** How long the answer to a socket that is refused may take to be read. */
const REFUSAL_MS = 2000;

/** How long who has begun to close, or broke the protocol, may leave his side of the connection open behind it. */
const CLOSE_WITHIN_MS = 2000;

/** Lets go of what a socket had of the host. Idempotent. */
type Release = () => void;

/** Who is let in by which door. */
interface Entrance {
  /** What of the host's places it takes; a watcher takes none. */
  readonly channel?: Channel;
  /** Which call it is of, where it is of one. */
  readonly call?: CallIdentity;
  /** Takes the client's share, where there is one to take. @throws {ParleyError} when it has had it */
  readonly takeShare?: () => Release;
  readonly accept: (socket: WebSocket) => void;
  /** Those of its kind; those that talk, where nothing is said. */
  readonly sockets?: WebSocketServer;
}

/**
 * Decides on every socket before it is one: path, origin, token or ticket, room. A refusal is an HTTP answer with a reason, so
 * that nothing is allocated for whoever is not let in.
 */
export class Doors {
  readonly #options: DoorsOptions;
  // Larger messages are refused by the socket itself (close 1009) before they are in memory.
  readonly #talking = openSockets(Math.max(CONVERSATION_LIMITS.messageBytes, CALL_LIMITS.messageBytes));
  readonly #watching = openSockets(WATCH_LIMITS.messageBytes);
  readonly #telling = openSockets(WORDS_LIMITS.messageBytes);

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  get #kinds(): readonly WebSocketServer[] {
    return [this.#talking, this.#watching, this.#telling];
  }

  /** Open sockets, those being closed included. */
  get count(): number {
    return this.#kinds.reduce((sum, { clients }) => sum + clients.size, 0);
  }

  /**
   * Listener of the HTTP server's `upgrade`. Never rejects.
   * @param letIn is told of a connection that has become a socket
   */
  async handle(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    letIn: (socket: Duplex) => void = () => {},
  ): Promise<void> {
    // Until `ws` takes the connection over, its errors are ours to survive.
    const onError = () => socket.destroy();
    socket.on('error', onError);
    toOriginForm(request);
    try {
      const entrance = await this.#decide(request);
      const { accept, sockets = this.#talking } = entrance;
      const release = await this.#takePlace(entrance);
      socket.once('close', release);
      // Gone while its token was checked.
      if (socket.destroyed) release();
      socket.off('error', onError);
      letIn(socket);
      sockets.handleUpgrade(request, socket, head, accept);
    } catch (error) {
      this.#refuse(socket, error);
    }
  }

  /** Cuts whatever is still open. */
  close(): void {
    for (const sockets of this.#kinds) {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    }
  }

  /** A place of the host first: whoever finds none must not be told that he asks too often. */
  async #takePlace({ channel, call, takeShare }: Entrance): Promise<Release> {
    if (channel === undefined) return () => {};
    const { live, goesOn } = this.#options;
    const isGoingOn = live.isTight && call !== undefined && (await goesOn?.(call)) === true;
    const place = live.admit(channel, isGoingOn);
    if (typeof place === 'string') throw noRoom(place);
    let share: Release | undefined;
    try {
      share = takeShare?.();
      if (channel === 'browser' && (await this.#options.sparesCalls?.()) === false) {
        throw noRoom(live.refused('kept-for-calls'));
      }
    } catch (error) {
      share?.();
      place();
      throw error;
    }
    return () => {
      place();
      share?.();
    };
  }

  async #decide(request: IncomingMessage): Promise<Entrance> {
    const url = urlOf(request);
    switch (url.pathname) {
      case callSocket.path: {
        requireOrigin(this.#options, request.headers);
        await this.#options.admitCarrier((name) => headerOf(request, name));
        const identity = callOf(request, url, this.#options.callIdHeader);
        const accept = (socket: WebSocket) => void this.#options.reception.takeCall(socket, identity);
        return { channel: 'phone', call: identity, accept };
      }
      case wordsSocket.path: {
        requireOrigin(this.#options, request.headers);
        await this.#options.admitCarrier((name) => headerOf(request, name));
        const identity = callOf(request, url, this.#options.callIdHeader);
        const { words, live } = this.#options;
        if (live.draining) throw noRoom(live.refused('draining'));
        // They take no place, but each call needs one of these at most.
        if (this.#telling.clients.size >= live.mostSessions) throw noRoom(live.refused('full'));
        return { sockets: this.#telling, accept: (socket) => void words.take(socket, identity) };
      }
      case conversationSocket.path: {
        requireOrigin(this.#options, request.headers);
        const browser = browserRequestOf(url);
        if (browser.mode !== undefined) this.#options.modes.require(browser.mode);
        const { sessionId } = browser;
        const admitted = await this.#options.tickets.admit(request, url, 'browser', { sessionId });
        return {
          channel: 'browser',
          takeShare: () => this.#takeShare(request, this.#options.clients, 'sessions'),
          accept: (socket) => void this.#options.reception.takeBrowser(socket, { ...browser, ...admitted }),
        };
      }
      case relaySocket.path: {
        requireOrigin(this.#options, request.headers);
        const { session_id: sessionId, call_connection_id: callConnectionId } = validate(
          relaySocket.query,
          givenIn(url),
        );
        const { relay, tickets } = this.#options;
        const wanted = await tickets.admit(request, url, 'dashboard', { sessionId, callConnectionId });
        const takeShare = () => this.#takeShare(request, relay.clients, 'watched sessions');
        return { sockets: this.#watching, accept: await relay.admit(request, wanted, takeShare) };
      }
      default:
        throw new ParleyError('route.unknown', 'There is no socket at this path.');
    }
  }

  #takeShare(request: IncomingMessage, clients: ClientLimits | undefined, what: string): Release {
    const { trustedProxyHops = 0 } = this.#options;
    const share = clients?.admit(clientOf(request, trustedProxyHops)) ?? (() => {});
    switch (share) {
      case 'too-many':
        throw new ParleyError(
          'client.too-many-sessions',
          `You have as many ${what} as one client may.${this.#hint(request)}`,
        );
      case 'too-often':
        throw new ParleyError(
          'client.too-many-opens',
          `You open ${what} too fast. Wait a minute.${this.#hint(request)}`,
        );
      default:
        return share;
    }
  }

  /** Behind a proxy that nobody told us of, all clients look like one. */
  #hint(request: IncomingMessage): string {
    const isForwarded = request.headers['x-forwarded-for'] !== undefined && !this.#options.trustedProxyHops;
    return isForwarded ? ' If you are many behind one proxy: TRUSTED_PROXY_HOPS tells its clients apart.' : '';
  }

  #refuse(socket: Duplex, error: unknown): void {
    const { newId, refusals } = this.#options;
    const answer = refusals.answer(error, newId());
    if (!socket.writable) return;
    // Whoever does not read the answer, or leaves his side open behind it, must not keep the connection.
    const cut = this.#options.clock.after(REFUSAL_MS, () => socket.destroy());
    socket.once('close', cut).once('finish', () => socket.destroy());
    const { status } = answer;
    const body = JSON.stringify(answer.body);
    const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
        'content-type: application/json\r\nx-content-type-options: nosniff\r\n' +
        `content-length: ${Buffer.byteLength(body)}\r\n${headers.join('')}connection: close\r\n\r\n${body}`,
    );
  }
}

function openSockets(maxPayload: number): WebSocketServer {
  const options = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: agreedProtocol,
    // The types of `ws` do not have it yet, so it stands in a constant.
    closeTimeout: CLOSE_WITHIN_MS,
  };
  const sockets = new WebSocketServer(options);
  sockets.on('headers', (headers, request) => {
    const ignored = [...urlOf(request).searchParams.keys()].filter((name) => IGNORED_NAMES.has(name));
    if (ignored.length > 0) headers.push(`x-parley-ignored: ${ignored.join(', ')}`);
  });
  return sockets;
}

function noRoom(refusal: Refusal): DependencyError {
  switch (refusal) {
    case 'full':
      return new DependencyError('host.full', 'All places of this server are taken. Try again in a moment.');
    case 'browsers-full':
      return new DependencyError('host.full', 'All places for browsers are taken. Try again in a moment.');
    case 'kept-for-calls':
      return new DependencyError('host.full', 'The last places are kept for calls. Try again in a moment.');
    case 'overloaded':
      return new DependencyError('host.overloaded', 'This server is too busy for one more. Try again in a moment.');
    case 'draining':
      return new DependencyError('host.draining', 'This server is being restarted. Connect again.');
  }
}

function browserRequestOf(url: URL): Pick<BrowserRequest, 'sessionId' | 'agent' | 'mode' | 'sampleRate'> {
  const query = validate(conversationSocket.query, givenIn(url));
  const { session_id: sessionId, sample_rate: rate, agent, streaming_mode: mode } = query;
  if (sessionId !== undefined && !isSessionId(sessionId)) {
    throw new RequestError('session.id-invalid', 'session_id has 1 to 128 letters, digits or the characters _ - . : ~');
  }
  if (!isBrowserRate(rate)) {
    throw new RequestError('audio.rate-unsupported', `sample_rate is one of ${BROWSER_RATES.join(', ')}.`);
  }
  return { sessionId, agent, mode, sampleRate: rate };
}

const isBrowserRate = (rate: number): rate is BrowserRate => BROWSER_RATES.some((known) => known === rate);

/** The query, without the names that were given no value. */
const givenIn = (url: URL): Record<string, string> =>
  fieldsOf([...url.searchParams].filter(([, value]) => value !== ''));

const queryOf = (url: URL, name: string): string | undefined => url.searchParams.get(name) || undefined;

/** Of which call a socket of the carrier's is. */
const callOf = (request: IncomingMessage, url: URL, header: string | undefined): CallIdentity => ({
  callConnectionId: (header && headerOf(request, header)) ?? queryOf(url, 'call_connection_id'),
  sessionId: queryOf(url, 'session_id'),
});

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) || undefined;
}
