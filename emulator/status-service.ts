import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './json-http.ts';
import { addressOf } from './local-door.ts';
import type { EmulatedService } from './server.ts';

/** Says how the emulator is: to `npm start` and containers, and to the page. */
export class StatusService implements EmulatedService {
  readonly #describe: () => { readonly ready: boolean } & Readonly<Record<string, unknown>>;

  /** @param describe what `/emulator/status` shows; `ready` also decides `/readyz` */
  constructor(describe: () => { readonly ready: boolean } & Readonly<Record<string, unknown>>) {
    this.#describe = describe;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = addressOf(request).pathname;
    const isForPages = path.startsWith('/emulator/') || path.startsWith('/telemetry/');
    if (isForPages) allowOrigin(response, request.headers.origin);
    if (request.method === 'OPTIONS' && isForPages) {
      response.writeHead(204).end();
      return true;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    switch (path) {
      case '/healthz':
        sendJson(response, 200, { status: 'ok' });
        return true;
      case '/readyz': {
        const { ready } = this.#describe();
        sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'loading the speech models' });
        return true;
      }
      case '/emulator/status':
        sendJson(response, 200, this.#describe());
        return true;
      default:
        return false;
    }
  }
}

/** The page comes from the stream host's port: another origin. One that is not local did not get past the server. */
function allowOrigin(response: ServerResponse, origin: string | undefined): void {
  response.setHeader('vary', 'origin');
  if (origin === undefined) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
  response.setHeader('access-control-allow-headers', 'content-type');
}
