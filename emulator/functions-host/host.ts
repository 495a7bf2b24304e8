import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { registerHooks } from 'node:module';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { within } from '../../shared/within.ts';
import { addressOf, refusalOf } from '../local-door.ts';
import { type AppSettings, readAppSettings } from './app-settings.ts';
import * as core from './functions-core.ts';
import { invokeHttp } from './invocation.ts';
import { RouteTemplate } from './route-template.ts';

export interface HostOptions {
  /** The function app's root: the folder of `host.json`. */
  readonly root: string;
  readonly port: number;
  readonly log: Logger;
  /** The entry file, relative to the root, instead of what `package.json` names. */
  readonly entry?: string;
  /** Names under which the functions are reached from outside, such as that of a tunnel. */
  readonly ownHosts?: readonly string[];
  /** FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, as in Azure: what is longer is refused before it is read. Default: 100 MiB. */
  readonly maxBodyBytes?: number;
  /** How long a request may take to arrive: what is slower is answered 408. Default: 30 s. */
  readonly arriveWithinMs?: number;
  /** Turns key checks on. Off by default, as under `func start`. */
  readonly keys?: { readonly master: string; readonly host: string };
}

interface Route {
  readonly name: string;
  readonly target: core.RegisteredFunction;
  readonly triggerName: string;
  readonly methods: readonly string[];
  readonly template: RouteTemplate;
  readonly authLevel: 'anonymous' | 'function' | 'admin';
}

/** Azure's own. */
const DEFAULT_MAX_BODY_BYTES = 104_857_600;
const ARRIVE_WITHIN_MS = 30_000;
const DRAIN_MS = 5_000;
const TERMINATE_MS = 5_000;

/**
 * A stand-in for the Azure Functions host, for development and tests: it loads a v4-model app through the real
 * `@azure/functions` library and serves its HTTP triggers as the host does: routes tried in the order of their names,
 * 404 for an unknown path and for a wrong method alike, 401 without body for a wrong key, 500 without body where a
 * handler throws, buffered bodies. Other triggers are not run; of hooks it knows
 * `appTerminate`.
 *
 * The library keeps its registrations in the module, so a process holds one app at a time: when another one starts, the one
 * before must have been closed.
 */
export class FunctionsHost {
  readonly url: string;
  /** Where the functions are: the url with the route prefix. */
  readonly baseUrl: string;
  readonly #server: Server;
  /** Requests that are being answered, or of which the body is still on its way. */
  readonly #requests: ReadonlySet<IncomingMessage>;
  #closed: Promise<void> | undefined;

  private constructor(server: Server, requests: ReadonlySet<IncomingMessage>, routePrefix: string) {
    this.#server = server;
    this.#requests = requests;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.baseUrl = routePrefix === '' ? this.url : `${this.url}/${routePrefix}`;
  }

  /**
   * @throws what the app threw while it loaded: as under the real host, one bad file blocks the whole app
   * @throws {Error} with code `EADDRINUSE` where the port is taken
   */
  static async start(options: HostOptions): Promise<FunctionsHost> {
    const settings = readAppSettings(options.root, options.entry);
    provideCore(options.log);
    const routes = await loadApp(settings, options.log);
    const requests = new Set<IncomingMessage>();
    const { arriveWithinMs = ARRIVE_WITHIN_MS } = options;
    const waits = { headersTimeout: arriveWithinMs, requestTimeout: arriveWithinMs };
    // Node looks every 30 s unless it is told otherwise.
    const connectionsCheckingInterval = Math.min(1_000, arriveWithinMs);
    const server = createServer({ ...waits, connectionsCheckingInterval }, (request, response) => {
      requests.add(request);
      // Once the server closes, a connection that was busy then must not stay open for its keep-alive.
      response.once('close', () => {
        requests.delete(request);
        if (!server.listening) setImmediate(() => server.closeIdleConnections());
      });
      serve(request, response, routes, options).catch((error: unknown) => {
        if (request.destroyed && !request.complete) return;
        options.log.error({ err: error }, 'function failed');
        answer(response, 500);
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, '127.0.0.1', resolve);
    });
    return new FunctionsHost(server, requests, settings.routePrefix);
  }

  /** Lets running invocations end, but waits for no body that is not there yet; runs the app's appTerminate hooks, and stops. Bounded; may be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const drained = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const request of this.#requests) if (!request.complete) request.destroy();
    await within(systemClock, DRAIN_MS, drained, () => {});
    this.#server.closeAllConnections();
    await within(systemClock, TERMINATE_MS, core.runTerminateHooks(), () => {});
  }
}

/** Answers the library's `require('@azure/functions-core')` with our module, as the worker answers it with its own. */
function provideCore(log: Logger): void {
  if (loads.size === 0) {
    const url = new URL('./functions-core.ts', import.meta.url).href;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === '@azure/functions-core'
          ? { url, format: 'module-typescript', shortCircuit: true }
          : next(specifier, context),
    });
  }
  core.setLogger((level, category, message) => {
    const severity = { information: 'info', warning: 'warn', critical: 'fatal', none: 'trace' } as const;
    log[level in severity ? severity[level as keyof typeof severity] : (level as 'trace' | 'debug' | 'error')](
      { category },
      message,
    );
  });
}

/** How often this process has loaded an entry. */
const loads = new Map<string, number>();

/** Runs an entry, also where it has run before: by a name that no module has yet. What it imports is kept. */
async function loadEntry(entry: string): Promise<void> {
  const before = loads.get(entry) ?? 0;
  loads.set(entry, before + 1);
  const { href } = pathToFileURL(entry);
  await import(before === 0 ? href : `${href}?start=${before + 1}`);
}

async function loadApp(settings: AppSettings, log: Logger): Promise<Route[]> {
  core.beginStart();
  for (const entry of settings.entries) await loadEntry(entry);
  const capabilities = await core.getProgrammingModel().getCapabilities({});
  if (capabilities.HttpUri !== undefined) throw new Error('HTTP streaming is on, which this host cannot serve.');
  const routes: Route[] = [];
  for (const target of core.finishStart()) {
    const { name, bindings } = target.metadata;
    const [triggerName, trigger] = Object.entries(bindings).find(([, binding]) => /trigger$/i.test(binding.type)) ?? [];
    if (triggerName === undefined || trigger?.type.toLowerCase() !== 'httptrigger') {
      log.warn(
        { function: name, trigger: trigger?.type },
        'this host runs HTTP triggers only; the function stays idle',
      );
      continue;
    }
    routes.push({
      name,
      target,
      triggerName,
      methods: (trigger.methods ?? ['GET', 'POST']).map((method) => method.toUpperCase()),
      template: new RouteTemplate(`${settings.routePrefix}/${trigger.route ?? name}`),
      authLevel: trigger.authLevel ?? 'anonymous',
    });
  }
  return routes.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly Route[],
  options: HostOptions,
): Promise<void> {
  // A function app has keys in Azure. Here it has none, and any page could place calls with its visitor's browser.
  const refusal = refusalOf(request, options.ownHosts);
  if (refusal !== undefined) return answer(response, 403, { 'content-type': 'text/plain' }, refusal);
  const url = addressOf(request, `http://${request.headers.host ?? 'localhost'}`);
  if (url.pathname === '/') return answer(response, 200, { 'content-type': 'text/plain' }, 'The functions host runs.');
  const found = findRoute(routes, request.method ?? 'GET', url.pathname);
  if (found === undefined) return answer(response, 404);
  const { route, params } = found;
  if (!authorised(request, url, route, options.keys)) return answer(response, 401);
  const body = await readBody(request, options);
  if (body === 'too large') return answer(response, 413, { connection: 'close' });

  const startedAt = performance.now();
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  const http = await invokeHttp(route.target, route.triggerName, {
    url,
    method: request.method ?? 'GET',
    headers,
    params,
    body,
  });
  const cookies = (http?.cookies ?? []).map((cookie) => `${cookie.name ?? ''}=${cookie.value ?? ''}`);
  const status = Number(http?.statusCode ?? 204);
  answer(
    response,
    status,
    { ...http?.headers, ...(cookies.length > 0 && { 'set-cookie': cookies }) },
    http?.body?.bytes,
  );
  const elapsedMs = Math.round(performance.now() - startedAt);
  options.log.debug({ function: route.name, method: request.method, status, elapsedMs }, 'function answered');
}

function findRoute(routes: readonly Route[], method: string, path: string) {
  for (const route of routes) {
    const params = route.methods.includes(method) ? route.template.match(path) : undefined;
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function authorised(request: IncomingMessage, url: URL, route: Route, keys: HostOptions['keys']): boolean {
  if (keys === undefined || route.authLevel === 'anonymous') return true;
  const given = request.headers['x-functions-key'] ?? url.searchParams.get('code');
  return given === keys.master || (route.authLevel === 'function' && given === keys.host);
}

async function readBody(
  request: IncomingMessage,
  { log, maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: HostOptions,
): Promise<Uint8Array | undefined | 'too large'> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBodyBytes) return 'too large';
  if (announced === 0) {
    // The real host reads by Content-Length alone, so a chunked body never reaches the function.
    if (request.headers['transfer-encoding'] !== undefined) log.warn('a body without Content-Length was dropped');
    request.resume();
    return undefined;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | string[]> = {},
  body?: Uint8Array | string,
): void {
  if (!response.headersSent) response.writeHead(status, headers);
  response.end(body);
}
