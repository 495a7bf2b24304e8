import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { contentSecurityPolicy } from '../../shared/http/security-headers.ts';
import { safePath, serveFile } from './static-files.ts';

export interface PageOptions {
  /** What is served as it is: `index.html`, styles, pictures. */
  readonly webFolder: string;
  /** The compiled scripts: `web/**` at the root of the site, {@link SHARED_SCRIPTS} under their own paths. */
  readonly scriptsFolder: string;
  /** Where the page may connect to beside this server: the emulator's phone line. */
  readonly emulatorUrl: string | undefined;
}

/** What the page's scripts have in common with the servers'. */
const SHARED_SCRIPTS = ['/shared/audio/', '/shared/client/', '/shared/protocol/'];

/** The browser page: a handful of small files, read when they are asked for. */
export class Page {
  readonly #options: PageOptions;
  readonly #policy: string;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#policy = contentSecurityPolicy(
      options.emulatorUrl === undefined ? {} : { connect: emulatorSources(options.emulatorUrl) },
    );
  }

  /** Answers a GET or HEAD with a file of the page; false when there is none of that path. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const clean = safePath(path);
    return clean !== undefined && serveFile(this.#fileOf(clean), this.#policy, request, response);
  }

  #fileOf(path: string): string {
    const { webFolder, scriptsFolder } = this.#options;
    if (path === '/') return join(webFolder, 'index.html');
    if (extname(path) !== '.js') return join(webFolder, path);
    const isShared = SHARED_SCRIPTS.some((folder) => path.startsWith(folder));
    return join(scriptsFolder, isShared ? path : `/web${path}`);
  }
}

/** Its status over HTTP, and its phone line, which is a socket. */
function emulatorSources(emulatorUrl: string): string {
  const { origin } = new URL(emulatorUrl);
  return `${origin} ${origin.replace(/^http/, 'ws')}`;
}
