import type { IncomingMessage, ServerResponse } from 'node:http';
import { jsonOf } from '../shared/json.ts';

/** Reads a request's body. @returns nothing when it is longer than `maxBytes`; the rest is not read then */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a body says as JSON; undefined where it is none, or there is none. */
export const parseJson = (body: Buffer | undefined): unknown => jsonOf(String(body));

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

/** An error in the shape that Azure's services give it. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { error: { code, message } });
}
