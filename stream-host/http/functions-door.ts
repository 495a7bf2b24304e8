import type { IncomingMessage, ServerResponse } from 'node:http';
import { DependencyError } from '../../shared/errors.ts';
import { methodsAt } from '../../shared/http/methods.ts';
import { readBytes } from '../../shared/http/request-body.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { type OriginRules, requireOrigin, requireOwnHost } from './origins.ts';

export interface FunctionsDoorOptions extends OriginRules {
  /** Where the functions answer: FUNCTIONS_URL. */
  readonly functionsUrl: string;
}

const ANSWER_WITHIN_MS = 30_000;

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

  /** The methods that the functions answer at a path; none where it is no route of theirs. */
  methodsAt(path: string): readonly string[] {
    return methodsAt(ROUTES, path).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  }

  /** @throws {ParleyError} `origin.refused`, `request.too-large`, `functions.unreachable` */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requireOwnHost(this.#options, request.headers.host);
    requireOrigin(this.#options, request.headers);
    // The functions know no HEAD: it is answered as GET is, without the body.
    const isHead = request.method === 'HEAD';
    const method = isHead ? 'GET' : (request.method ?? 'GET');
    // A body of GET means nothing (RFC 9110 §9.3.1), and `fetch` sends none.
    const length = request.headers['content-length'] ?? null;
    const body = method === 'GET' ? new Uint8Array() : await readBytes(request, length);
    try {
      const answer = await fetch(this.#options.functionsUrl + request.url, {
        method,
        headers: headersOf(request),
        ...(body.length > 0 && { body: new Uint8Array(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const headers = [...answer.headers].filter(([name]) => !KEPT_BACK.has(name));
      response.writeHead(answer.status, { ...Object.fromEntries(headers), 'content-length': bytes.length });
      response.end(isHead ? undefined : bytes);
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
