import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { asyncApi, openApi, referencePage } from '../../shared/http/routes/reference.ts';
import { contentSecurityPolicy } from '../../shared/http/security-headers.ts';
import { send } from './route.ts';
import { safePath, serveFile } from './static-files.ts';

/** Paths below the page's own, of what it loads. */
const ASSETS = `${referencePage.path}/`;
const SCRIPT = `${ASSETS}start.js`;

/** The bundle of `@scalar/api-reference`: where `npm run build` puts it, else where npm does. */
const BUNDLE_FOLDERS = ['dist/reference', 'node_modules/@scalar/api-reference/dist/browser'];

/**
 * Scalar's view of the OpenAPI document and of the AsyncAPI one, between which one switches. It draws its styles itself, so this page alone allows styles in a document. By
 * its defaults it would load fonts from outside and offer services of its maker; the settings keep it to this server.
 */
export class ReferencePage {
  readonly html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Parley: API reference</title>
    <link rel="icon" href="data:," />
    <script type="module" src="${SCRIPT}"></script>
  </head>
  <body>
    <div id="reference"></div>
  </body>
</html>
`;
  readonly script = `import { createApiReference } from '${ASSETS}standalone.esm.js';
createApiReference('#reference', {
  sources: [
    { url: '${openApi.path}', title: 'Routes', slug: 'routes' },
    { url: '${asyncApi.path}', title: 'Sockets', slug: 'sockets' },
  ],
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: '',
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
});
`;
  readonly policy = contentSecurityPolicy({ style: "'unsafe-inline'" });
  readonly #folder: string | undefined;

  /** @param root the project's folder */
  constructor(root: string) {
    this.#folder = BUNDLE_FOLDERS.map((folder) => join(root, folder)).find((folder) => existsSync(folder));
  }

  /** Answers a GET or HEAD with what the page loads; false when there is none of that path. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path === SCRIPT) {
      send(
        response,
        { status: 200, body: this.script, headers: { 'content-security-policy': this.policy } },
        'text/javascript; charset=utf-8',
      );
      return true;
    }
    const clean = safePath(path);
    if (!clean?.startsWith(ASSETS) || this.#folder === undefined) return false;
    return serveFile(join(this.#folder, clean.slice(ASSETS.length)), this.policy, request, response);
  }
}
