import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SECURITY_HEADERS } from '../../shared/http/security-headers.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
};

/**
 * Answers a GET or HEAD with a file; false when it is none, or none of a kind that is served.
 * @param policy the content security policy
 */
export async function serveFile(
  file: string,
  policy: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const contentType = CONTENT_TYPES[extname(file)];
  if (contentType === undefined) return false;
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return false;

  // When the file came to be here: an image says of all its files, in each release, that they were written at one time.
  const etag = `"${found.size.toString(36)}-${Math.trunc(found.ctimeMs).toString(36)}"`;
  const headers = {
    ...SECURITY_HEADERS,
    'content-security-policy': policy,
    // The names carry no hash, so a browser asks each time whether its copy still is the right one.
    'cache-control': 'no-cache',
    etag,
  };
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end();
    return true;
  }
  response.writeHead(200, { ...headers, 'content-type': contentType, 'content-length': found.size });
  if (request.method === 'HEAD') response.end();
  // Whoever leaves in the middle ends the reading too. A file that grows meanwhile is cut where it was announced to end.
  else await pipeline(createReadStream(file, { end: Math.max(0, found.size - 1) }), response).catch(() => undefined);
  return true;
}

/** The decoded path, or nothing where it tries to leave its folder or to reach a hidden file. */
export function safePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const foreign = decoded.includes('\0') || decoded.includes('\\') || decoded.split('/').some((p) => p.startsWith('.'));
  return foreign || posix.normalize(decoded) !== decoded ? undefined : decoded;
}
