import type { IncomingMessage, ServerResponse } from 'node:http';
import { addressOf } from '../local-door.ts';
import type { EmulatedService } from '../server.ts';

const PATH = /^\/devstoreaccount1\/([^/]+)$/;
const CONTAINER = 'call-records';

/**
 * Of Azure Blob storage what is asked of it before anything is written: whether the container is there and opens to an
 * identity. `http://<emulator>/devstoreaccount1/call-records` is the container that there is.
 */
export class BlobService implements EmulatedService {
  readonly #isToken: (token: string) => Promise<boolean>;

  /** @param isToken whether it is a good token for Azure Storage */
  constructor(isToken: (token: string) => Promise<boolean>) {
    this.#isToken = isToken;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = addressOf(request);
    const container = PATH.exec(pathname)?.[1];
    if (container === undefined) return false;
    const isAsked =
      searchParams.get('restype') === 'container' && (request.method === 'HEAD' || request.method === 'GET');
    if (isAsked) this.#answer(request, response, container).catch(() => response.destroy());
    else refuse(response, 501, 'NotImplemented');
    return true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse, container: string): Promise<void> {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (request.headers['x-ms-version'] === undefined) refuse(response, 400, 'MissingRequiredHeader');
    else if (token === undefined) refuse(response, 401, 'NoAuthenticationInformation');
    else if (!(await this.#isToken(token))) refuse(response, 401, 'InvalidAuthenticationInfo');
    else if (container !== CONTAINER) refuse(response, 404, 'ContainerNotFound');
    else response.writeHead(200, { 'x-ms-lease-status': 'unlocked' }).end();
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'x-ms-error-code': code }).end();
}
