import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/errors.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import type { LiveSessions } from '../host/live-sessions.ts';
import { checkReadiness, type ReadinessOptions } from '../host/readiness.ts';
import type { StreamHostVitals } from '../host/vitals.ts';
import { CONVERSATION_PATH, Upgrades, type UpgradesOptions, urlOf } from './doors.ts';
import { boundConnections, REQUEST_LIMITS } from './open-connections.ts';
import type { Page } from './page.ts';

export interface PageSettings {
  /** The emulator's HTTP address, where the page finds a phone line. */
  readonly emulatorUrl: string | null;
  readonly agent: string;
  readonly version: string;
}

export interface StreamHostServerOptions extends Omit<UpgradesOptions, 'live'> {
  readonly live: LiveSessions;
  readonly page: Page;
  readonly pageSettings: PageSettings;
  /** See {@link ReadinessOptions.dependencies}. */
  readonly dependencies: ReadinessOptions['dependencies'];
  readonly vitals: () => StreamHostVitals;
  readonly clock?: Clock;
}

/** How often a closing server looks whether its sockets have gone. */
const CLOSE_POLL_MS = 20;

/** The streaming half's one port: sockets, the browser page, and what platforms and the other half ask about health. */
export class StreamHostServer {
  readonly #options: StreamHostServerOptions;
  readonly #http: Server;
  readonly #upgrades: Upgrades;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  constructor(options: StreamHostServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#upgrades = new Upgrades(options);
    this.#http = createServer(REQUEST_LIMITS, (request, response) => void this.#onRequest(request, response));
    boundConnections(this.#http);
    this.#http.on('upgrade', (request, socket, head) => void this.#upgrades.handle(request, socket, head));
  }

  /**
   * Starts to listen.
   * @param port 0 for any free one
   * @returns the port
   * @throws {ConfigError} that names the variable, when the port is taken or not allowed
   */
  listen(port: number, host?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', (error: NodeJS.ErrnoException) => {
        const reason =
          error.code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${error.message})`;
        reject(new ConfigError(`Port ${port} ${reason}: set STREAM_HOST_PORT to a free one.`));
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
      this.#options.log.error({ err: error, path: request.url }, 'a request failed');
      if (!response.headersSent) sendError(response, 500, 'internal', 'An internal error; the log has it.');
      else response.destroy();
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendError(response, 405, 'method.not-allowed', 'Only GET and HEAD are answered here.');
      return;
    }
    const { pathname } = urlOf(request);
    switch (pathname) {
      case '/healthz':
        return sendJson(response, 200, { status: 'ok', ...this.#options.vitals() });
      case '/readyz':
        return this.#sendReadiness(response);
      case '/api/v1/realtime/status':
        return sendJson(response, 200, this.#realtimeStatus());
      case '/api/v1/realtime/settings':
        return sendJson(response, 200, this.#options.pageSettings);
    }
    if (await this.#options.page.serve(pathname, request, response)) return;
    sendError(response, 404, 'route.unknown', 'There is nothing at this path.');
  }

  async #sendReadiness(response: ServerResponse): Promise<void> {
    const { dependencies, live } = this.#options;
    const readiness = await checkReadiness({ dependencies, live, clock: this.#clock });
    sendJson(response, readiness.status === 'ready' ? 200 : 503, readiness);
  }

  /** The answer of the Python accelerator's route of this name; only what is true of this server is `true`. */
  #realtimeStatus() {
    const { count } = this.#options.live;
    return {
      status: 'available',
      websocket_endpoints: { dashboard_relay: '/api/v1/realtime/dashboard/relay', conversation: CONVERSATION_PATH },
      features: {
        dashboard_broadcasting: false,
        conversation_streaming: true,
        orchestrator_support: true,
        session_management: true,
        audio_interruption: true,
        precise_routing: true,
        connection_queuing: false,
      },
      active_connections: {
        dashboard_clients: 0,
        conversation_sessions: count,
        total_connections: this.#upgrades.count,
      },
      protocols_supported: ['WebSocket'],
      version: 'v1',
    };
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { error: { code, message } });
}
