import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { DependencyError, messageOf, ParleyError, RequestError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { isSessionId } from '../../shared/sessions/keys.ts';
import type { LiveSessions, Refusal } from '../host/live-sessions.ts';
import type { BrowserRequest, Reception } from '../session/reception.ts';
import { BROWSER_RATES, type BrowserRate } from '../transport/browser-transport.ts';

export const MEDIA_PATH = '/api/v1/media/stream';
export const CONVERSATION_PATH = '/api/v1/realtime/conversation';

/** Larger messages are refused by the socket itself (close 1009) before they are in memory. */
const MAX_MESSAGE_BYTES = 256 * 1024;

export interface UpgradesOptions {
  readonly live: LiveSessions;
  readonly reception: Reception;
  /** Whether ACS has sent this upgrade. Rejects when not. */
  readonly verifyAcs: (authorization: string | undefined) => Promise<unknown>;
  /** Sites beside our own whose pages may open a conversation, as `https://host[:port]`. */
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
}

type Accept = (socket: WebSocket) => void;

/**
 * Decides on every socket before it is one: path, origin, token, room. A refusal is an HTTP answer with a reason, so
 * that nothing is allocated for whoever is not let in.
 */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  /** Open sockets, those being closed included. */
  get count(): number {
    return this.#sockets.clients.size;
  }

  /** Listener of the HTTP server's `upgrade`. Never rejects. */
  async handle(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Until `ws` takes the connection over, its errors are ours to survive.
    const onError = () => socket.destroy();
    socket.on('error', onError);
    try {
      const accept = await this.#decide(request);
      const place = this.#options.live.admit();
      if (typeof place === 'string') throw noRoom(place);
      socket.once('close', place);
      // Gone while its token was checked.
      if (socket.destroyed) place();
      socket.off('error', onError);
      this.#sockets.handleUpgrade(request, socket, head, accept);
    } catch (error) {
      this.#refuse(socket, error);
    }
  }

  /** Cuts whatever is still open. */
  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  async #decide(request: IncomingMessage): Promise<Accept> {
    const url = urlOf(request);
    switch (url.pathname) {
      case MEDIA_PATH: {
        await this.#options.verifyAcs(request.headers.authorization);
        const identity = {
          callConnectionId: headerOf(request, 'x-ms-call-connection-id') ?? queryOf(url, 'call_connection_id'),
          sessionId: queryOf(url, 'session_id'),
        };
        return (socket) => void this.#options.reception.takeCall(socket, identity);
      }
      case CONVERSATION_PATH: {
        this.#checkOrigin(request);
        const browser = browserRequestOf(url);
        return (socket) => void this.#options.reception.takeBrowser(socket, browser);
      }
      default:
        throw new ParleyError('route.unknown', 'There is no socket at this path.');
    }
  }

  /** A page of another site must not open a conversation with its visitor's browser. Programs send no origin. */
  #checkOrigin(request: IncomingMessage): void {
    const { origin, host } = request.headers;
    if (origin === undefined) return;
    if (this.#options.allowedOrigins.includes(origin)) return;
    if (URL.canParse(origin) && new URL(origin).host === host) return;
    throw new ParleyError('origin.refused', 'Pages of this site may not connect here.');
  }

  #refuse(socket: Duplex, error: unknown): void {
    const { status, code, message } =
      error instanceof ParleyError ? error : new ParleyError('internal', 'An internal error; the log has it.');
    this.#options.log.warn({ status, code, reason: messageOf(error) }, 'a socket was refused');
    if (!socket.writable) return;
    const body = JSON.stringify({ error: { code, message } });
    socket.end(
      `HTTP/1.1 ${status} ${REASON[status] ?? 'Error'}\r\n` +
        'content-type: application/json\r\n' +
        `content-length: ${Buffer.byteLength(body)}\r\n` +
        `${status === 503 ? 'retry-after: 2\r\n' : ''}connection: close\r\n\r\n${body}`,
    );
  }
}

const REASON: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function noRoom(refusal: Refusal): DependencyError {
  switch (refusal) {
    case 'full':
      return new DependencyError('host.full', 'All places of this server are taken. Try again in a moment.');
    case 'overloaded':
      return new DependencyError('host.overloaded', 'This server is too busy for one more. Try again in a moment.');
    case 'draining':
      return new DependencyError('host.draining', 'This server is being restarted. Connect again.');
  }
}

function browserRequestOf(url: URL): BrowserRequest {
  const sessionId = queryOf(url, 'session_id');
  if (sessionId !== undefined && !isSessionId(sessionId)) {
    throw new RequestError('session.id-invalid', 'session_id has 1 to 128 letters, digits or the characters _ - . : ~');
  }
  const rate = Number(queryOf(url, 'sample_rate') ?? 48_000);
  if (!isBrowserRate(rate)) {
    throw new RequestError('audio.rate-unsupported', `sample_rate is one of ${BROWSER_RATES.join(', ')}.`);
  }
  return { sessionId, agent: queryOf(url, 'agent'), sampleRate: rate };
}

const isBrowserRate = (rate: number): rate is BrowserRate => BROWSER_RATES.some((known) => known === rate);

/** The request's address. Its host does not matter and may be forged. */
export function urlOf(request: IncomingMessage): URL {
  const address = `http://host${request.url?.startsWith('/') ? request.url : '/'}`;
  return URL.canParse(address) ? new URL(address) : new URL('http://host/');
}

const queryOf = (url: URL, name: string): string | undefined => url.searchParams.get(name) || undefined;

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) || undefined;
}
