import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_PREFIX } from '../../shared/http/route.ts';
import { admitsOrigin, type OriginRules, requireOrigin } from './origins.ts';

/**
 * Lets pages of allowed sites read answers of the API (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol), by the
 * same list that lets them open sockets.
 *
 * @returns whether the request was a browser's question beforehand, which is answered now
 * @throws {ParleyError} `origin.refused` for such a question of another site
 */
export function allowOrigin(
  rules: OriginRules,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin, 'access-control-request-method': wanted } = request.headers;
  if (origin === undefined || !path.startsWith(`${API_PREFIX}/`)) return false;
  response.setHeader('vary', 'origin');
  if (admitsOrigin(rules, origin)) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'retry-after');
  }
  if (request.method !== 'OPTIONS' || wanted === undefined) return false;
  requireOrigin(rules, request.headers);
  response
    .writeHead(204, {
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-functions-key, traceparent',
      'access-control-max-age': '600',
    })
    .end();
  return true;
}
