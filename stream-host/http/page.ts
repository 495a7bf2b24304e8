import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, posix } from 'node:path';

export interface PageOptions {
  /** What is served as it is: `index.html`, styles, pictures. */
  readonly webFolder: string;
  /** The compiled scripts: `web/**` at the root of the site, {@link SHARED_SCRIPTS} under their own paths. */
  readonly scriptsFolder: string;
  /** Where the page may connect to beside this server: the emulator's phone line. */
  readonly emulatorUrl: string | undefined;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
};

/** What the page's scripts have in common with the servers'. */
const SHARED_SCRIPTS = ['/shared/audio/', '/shared/protocol/'];

/** The browser page: a handful of small files, read when they are asked for. */
export class Page {
  readonly #options: PageOptions;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#headers = {
      'content-security-policy': contentSecurityPolicy(options.emulatorUrl),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      // The names carry no hash, so a browser asks each time whether its copy still is the right one.
      'cache-control': 'no-cache',
    };
  }

  /** Answers a GET or HEAD with a file of the page; false when there is none of that path. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const file = this.#fileOf(path);
    const contentType = CONTENT_TYPES[extname(file ?? '')];
    if (file === undefined || contentType === undefined) return false;
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) return false;

    const etag = `"${found.size.toString(36)}-${Math.trunc(found.mtimeMs).toString(36)}"`;
    const headers = { ...this.#headers, etag };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return true;
    }
    const body = await readFile(file);
    response.writeHead(200, { ...headers, 'content-type': contentType, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  #fileOf(path: string): string | undefined {
    const clean = safePath(path);
    if (clean === undefined) return undefined;
    const { webFolder, scriptsFolder } = this.#options;
    if (clean === '/') return join(webFolder, 'index.html');
    if (extname(clean) !== '.js') return join(webFolder, clean);
    const isShared = SHARED_SCRIPTS.some((folder) => clean.startsWith(folder));
    return join(scriptsFolder, isShared ? clean : `/web${clean}`);
  }
}

/** The decoded path, or nothing where it tries to leave its folder or to reach a hidden file. */
function safePath(path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const foreign = decoded.includes('\0') || decoded.includes('\\') || decoded.split('/').some((p) => p.startsWith('.'));
  return foreign || posix.normalize(decoded) !== decoded ? undefined : decoded;
}

function contentSecurityPolicy(emulatorUrl: string | undefined): string {
  const emulator = emulatorUrl === undefined ? '' : ` ${new URL(emulatorUrl).origin}`;
  return [
    "default-src 'self'",
    `connect-src 'self' ws: wss:${emulator}`,
    "img-src 'self' data:",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}
