import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { ConfigError, messageOf, NotFoundError, ParleyError } from '../../shared/errors.ts';
import { traceIdOf } from '../../shared/http/error-answer.ts';
import { MethodError } from '../../shared/http/methods.ts';
import { API_PREFIX } from '../../shared/http/route.ts';
import { referencePage } from '../../shared/http/routes/reference.ts';
import { ALL_SOCKETS } from '../../shared/http/routes/sockets.ts';
import type { NewId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/log.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { allowOrigin } from './cross-origin.ts';
import { Doors, type DoorsOptions } from './doors.ts';
import { FunctionsDoor } from './functions-door.ts';
import { boundConnections, REQUEST_LIMITS } from './open-connections.ts';
import type { Page } from './page.ts';
import { RefusalLog } from './refusal-log.ts';
import { isReadable, toOriginForm, urlOf } from './request-address.ts';
import { type Route, rawRequest, send } from './route.ts';
import { hostRoutes, type RouteSources } from './routes.ts';

export interface StreamHostServerOptions
  extends Omit<DoorsOptions, 'refusals' | 'clock'>,
    Omit<RouteSources, 'clock' | 'ticketDoor' | 'countSessions' | 'countSockets' | 'countWatchers'> {
  readonly log: Logger;
  /** Where the functions answer: their routes are handed on there. Without it, this port does not have them. */
  readonly functionsUrl?: string | undefined;
  readonly page: Page;
  readonly newId: NewId;
  /** Waits that tests shorten. */
  readonly requestLimits?: Partial<Record<keyof typeof REQUEST_LIMITS, number>> | undefined;
  readonly clock?: Clock;
}

/** How the system says that an address is none of this machine. */
const FOREIGN_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/** How often a closing server looks whether its sockets have gone, and its requests are answered. */
const CLOSE_POLL_MS = 20;

/** The streaming half's one port: sockets, the browser page, and what platforms and the other half ask about health. */
export class StreamHostServer {
  readonly #options: StreamHostServerOptions;
  readonly #http: Server;
  readonly #doors: Doors;
  readonly #functions: FunctionsDoor | undefined;
  readonly #refusals: RefusalLog;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #clock: Clock;
  /** Requests that are being answered. */
  #answering = 0;
  #closing: Promise<void> | undefined;

  constructor(options: StreamHostServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { functionsUrl, log } = options;
    this.#refusals = new RefusalLog({ clock: this.#clock, log });
    this.#doors = new Doors({ ...options, clock: this.#clock, refusals: this.#refusals });
    this.#functions = functionsUrl === undefined ? undefined : new FunctionsDoor({ ...options, functionsUrl });
    const routes = hostRoutes({
      ...options,
      clock: this.#clock,
      ticketDoor: options.tickets,
      countSessions: () => options.live.count,
      countSockets: () => this.#doors.count,
      countWatchers: () => options.relay.count,
    });
    this.#routes = new Map(routes.map((route) => [route.contract.path, route]));
    this.#http = createServer(
      { ...REQUEST_LIMITS, ...options.requestLimits, shouldUpgradeCallback: asksForSocket },
      (request, response) => void this.#onRequest(request, response),
    );
    const letIn = boundConnections(this.#http);
    this.#http.on('upgrade', (request, socket, head) => void this.#doors.handle(request, socket, head, letIn));
  }

  /**
   * Starts to listen.
   * @param port 0 for any free one
   * @returns the port
   * @throws {ConfigError} that names the variable, when the port is taken or not allowed, or the address is not ours
   */
  listen(port: number, host?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', (error: NodeJS.ErrnoException) => {
        reject(new ConfigError(whyNoPort(error, port, host)));
      });
      this.#http.listen(port, host, () => {
        const address = this.#http.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /**
   * Readiness fails from now on and nobody is let in; every socket is told to go elsewhere, and requests that stand are
   * answered; after `drainMs` at the latest all is closed. Idempotent.
   */
  close(reason: string, drainMs: number): Promise<void> {
    this.#closing ??= this.#close(reason, drainMs);
    return this.#closing;
  }

  async #close(reason: string, drainMs: number): Promise<void> {
    const deadlineMs = this.#clock.now() + drainMs;
    const stopped = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const { relay, words, live } = this.#options;
    relay.close(reason);
    words.close(CLOSE.goingAway, reason);
    await live.close(CLOSE.goingAway, reason, drainMs);
    while (this.#doors.count + this.#answering > 0 && this.#clock.now() < deadlineMs) {
      await new Promise<void>((resolve) => this.#clock.after(CLOSE_POLL_MS, resolve));
    }
    this.#doors.close();
    this.#http.closeAllConnections();
    this.#refusals.close();
    await stopped;
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#answering += 1;
    response.once('close', () => {
      this.#answering -= 1;
    });
    try {
      await this.#route(request, response);
    } catch (error) {
      const { newId, log } = this.#options;
      if (error !== null && error === request.errored) {
        log.debug({ reason: messageOf(error) }, 'a client left in the middle of its request');
        return;
      }
      const answer = this.#refusals.answer(error, traceIdOf(String(request.headers.traceparent)) ?? newId());
      if (response.headersSent) response.destroy();
      else send(response, answer);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    toOriginForm(request);
    const { pathname, searchParams } = urlOf(request);
    if (allowOrigin(this.#options, pathname, request, response)) return;
    if (!isReadable(pathname)) throw new NotFoundError('route.unknown', 'The path is not encoded as one.');
    const theirs = this.#functions?.methodsAt(pathname) ?? [];
    if (theirs.length > 0 && !theirs.includes(request.method ?? '')) throw new MethodError(theirs);
    if (theirs.length > 0) return this.#functions?.serve(request, response);
    // As the functions have it, a slash at the end changes nothing.
    const route = this.#routes.get(pathname.replace(/(?<=.)\/$/, ''));
    const allowed = route === undefined || route.contract.method === 'GET' ? ['GET', 'HEAD'] : [route.contract.method];
    if (!allowed.includes(request.method ?? '')) {
      if (route === undefined && isUnknownRoute(pathname)) throw nothingThere();
      throw new MethodError(allowed);
    }
    if (route !== undefined) {
      send(response, await route.answer(rawRequest(request, searchParams), request), route.contract.produces);
      return;
    }
    if (await this.#options.referencePage.serve(pathname, request, response)) return;
    if (await this.#options.page.serve(pathname, request, response)) return;
    if (ALL_SOCKETS.some(({ path }) => path === pathname)) {
      throw new ParleyError('route.is-a-socket', 'This is a WebSocket: open it with ws:// or wss://.');
    }
    throw nothingThere();
  }
}

/** Who offers another protocol with an ordinary request (h2c: `curl --http2`, Java's client) does without it (RFC 9110 §7.8). */
const asksForSocket = ({ headers }: IncomingMessage): boolean => /websocket/i.test(headers.upgrade ?? '');

const nothingThere = () =>
  new NotFoundError('route.unknown', 'There is nothing at this path; /api/v1/docs shows what there is.');

/** Below the prefix are routes and sockets, and the files of the page of the reference. */
const isUnknownRoute = (path: string): boolean =>
  path.startsWith(`${API_PREFIX}/`) &&
  !path.startsWith(referencePage.path) &&
  !ALL_SOCKETS.some((socket) => socket.path === path);

function whyNoPort({ code, message }: NodeJS.ErrnoException, port: number, host: string | undefined): string {
  if (host !== undefined && code !== undefined && FOREIGN_ADDRESS.has(code)) {
    return `STREAM_HOST_BIND is "${host}": it takes an address of this machine (${message}).`;
  }
  const reason = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${message})`;
  return `Port ${port} ${reason}: set STREAM_HOST_PORT to a free one.`;
}
