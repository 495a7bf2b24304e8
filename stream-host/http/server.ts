import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { ConfigError, NotFoundError, ParleyError } from '../../shared/errors.ts';
import { errorAnswer, traceIdOf } from '../../shared/http/error-answer.ts';
import type { ReferenceOptions } from '../../shared/http/openapi.ts';
import type { NewId } from '../../shared/ids.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import type { AgentCard } from '../contract/agent.ts';
import type { LiveSessions } from '../host/live-sessions.ts';
import { HostReadiness, type ReadinessOptions } from '../host/readiness.ts';
import type { StreamHostVitals } from '../host/vitals.ts';
import { Upgrades, type UpgradesOptions, urlOf } from './doors.ts';
import { boundConnections, REQUEST_LIMITS } from './open-connections.ts';
import type { Page } from './page.ts';
import type { ReferencePage } from './reference-page.ts';
import { type Route, rawRequest, send } from './route.ts';
import { hostRoutes, type PageSettings } from './routes.ts';

export interface StreamHostServerOptions extends Omit<UpgradesOptions, 'live'> {
  readonly live: LiveSessions;
  readonly page: Page;
  readonly pageSettings: PageSettings;
  /** The agents as they are now. */
  readonly agents: () => readonly AgentCard[];
  readonly defaultAgent: string;
  readonly isScripted: () => boolean;
  /** See {@link ReadinessOptions.dependencies}. */
  readonly dependencies: ReadinessOptions['dependencies'];
  readonly vitals: () => StreamHostVitals;
  /** For the OpenAPI document. */
  readonly reference: ReferenceOptions;
  readonly referencePage: ReferencePage;
  readonly newId: NewId;
  readonly clock?: Clock;
}

/** How the system says that an address is none of this machine. */
const FOREIGN_ADDRESS: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/** How often a closing server looks whether its sockets have gone. */
const CLOSE_POLL_MS = 20;

/** The streaming half's one port: sockets, the browser page, and what platforms and the other half ask about health. */
export class StreamHostServer {
  readonly #options: StreamHostServerOptions;
  readonly #http: Server;
  readonly #upgrades: Upgrades;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  constructor(options: StreamHostServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#upgrades = new Upgrades(options);
    const routes = hostRoutes({
      ...options,
      readiness: new HostReadiness({ ...options, clock: this.#clock }),
      countSessions: () => options.live.count,
      countSockets: () => this.#upgrades.count,
      countWatchers: () => options.relay.count,
    });
    this.#routes = new Map(routes.map((route) => [route.contract.path, route]));
    this.#http = createServer(REQUEST_LIMITS, (request, response) => void this.#onRequest(request, response));
    boundConnections(this.#http);
    this.#http.on('upgrade', (request, socket, head) => void this.#upgrades.handle(request, socket, head));
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
   * Readiness fails from now on and nobody is let in; every socket is told to go elsewhere; after `drainMs` at the latest
   * all is closed. Idempotent.
   */
  close(reason: string, drainMs: number): Promise<void> {
    this.#closing ??= this.#close(reason, drainMs);
    return this.#closing;
  }

  async #close(reason: string, drainMs: number): Promise<void> {
    const deadlineMs = this.#clock.now() + drainMs;
    const stopped = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#options.relay.close(reason);
    await this.#options.live.close(CLOSE.goingAway, reason, drainMs);
    while (this.#upgrades.count > 0 && this.#clock.now() < deadlineMs) {
      await new Promise<void>((resolve) => this.#clock.after(CLOSE_POLL_MS, resolve));
    }
    this.#upgrades.close();
    this.#http.closeAllConnections();
    await stopped;
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      const { newId, log } = this.#options;
      const answer = errorAnswer(error, traceIdOf(String(request.headers.traceparent)) ?? newId(), log);
      if (response.headersSent) response.destroy();
      else if (error instanceof MethodError) send(response, { ...answer, headers: { allow: error.allowed } });
      else send(response, answer);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new MethodError('GET, HEAD');
    const { pathname, searchParams } = urlOf(request);
    const route = this.#routes.get(pathname);
    if (route !== undefined) {
      send(response, await route.answer(rawRequest(request, searchParams)), route.contract.produces);
      return;
    }
    if (await this.#options.referencePage.serve(pathname, request, response)) return;
    if (await this.#options.page.serve(pathname, request, response)) return;
    throw new NotFoundError('route.unknown', 'There is nothing at this path.');
  }
}

class MethodError extends ParleyError {
  readonly allowed: string;

  constructor(allowed: string) {
    super('method.not-allowed', `Only ${allowed} are answered here.`);
    this.allowed = allowed;
  }
}

function whyNoPort({ code, message }: NodeJS.ErrnoException, port: number, host: string | undefined): string {
  if (host !== undefined && code !== undefined && FOREIGN_ADDRESS.has(code)) {
    return `STREAM_HOST_BIND is "${host}": it takes an address of this machine (${message}).`;
  }
  const reason = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${message})`;
  return `Port ${port} ${reason}: set STREAM_HOST_PORT to a free one.`;
}
