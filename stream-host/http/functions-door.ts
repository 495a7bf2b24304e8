import type { IncomingMessage, ServerResponse } from 'node:http';
import { DependencyError } from '../../shared/errors.ts';
import { readBytes } from '../../shared/http/request-body.ts';
import { isPathOf } from '../../shared/http/route.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { type OriginRules, requireOrigin, requireOwnHost } from './origins.ts';

export interface FunctionsDoorOptions extends OriginRules {
  /** Where the functions answer: FUNCTIONS_URL. */
  readonly functionsUrl: string;
  readonly answerWithinMs?: number;
}

/** Of a connection rather than a request, made anew for the next one, or judged here already. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const ROUTES = ALL_ROUTES.filter(({ half }) => half === 'functions');

/**
 * Hands requests for the functions' routes on to them, so that one address serves the whole API: one URL for a client,
 * one port for a tunnel. Locally the functions ask for no key, so whose page asks is judged here, as they would.
 */
export class FunctionsDoor {
  readonly #options: FunctionsDoorOptions;

  constructor(options: FunctionsDoorOptions) {
    this.#options = options;
  }

  /** Whether the request is for a route of the functions. */
  isTheirs(method: string | undefined, path: string): boolean {
    return ROUTES.some((route) => route.method === method && isPathOf(route, path));
  }

  /** @throws {ParleyError} `origin.refused`, `request.too-large`, `functions.unreachable` */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requireOwnHost(this.#options, request.headers.host);
    requireOrigin(this.#options, request.headers);
    const body = await readBytes(request);
    const { functionsUrl, answerWithinMs = 30_000 } = this.#options;
    try {
      const answer = await fetch(functionsUrl + request.url, {
        method: request.method ?? 'GET',
        headers: headersOf(request),
        ...(body.length > 0 && { body: new Uint8Array(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(answerWithinMs),
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const headers = [...answer.headers].filter(([name]) => !KEPT_BACK.has(name));
      response.writeHead(answer.status, { ...Object.fromEntries(headers), 'content-length': bytes.length }).end(bytes);
    } catch (error) {
      throw new DependencyError(
        'functions.unreachable',
        'The functions at FUNCTIONS_URL do not answer.',
        causeOf(error),
      );
    }
  }
}

/** `fetch` fails with a plain error, under which lies what happened. */
const causeOf = (error: unknown): unknown => (error instanceof Error ? (error.cause ?? error) : error);

function headersOf(request: IncomingMessage): [string, string][] {
  return Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined || KEPT_BACK.has(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
}
