import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../shared/log.ts';
import type { Faults } from '../faults.ts';
import { sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import type { EmulatedService } from '../server.ts';
import { isSameKey } from '../socket-door.ts';
import type { AccessTokens } from './access-tokens.ts';

export const IDENTITY_PATH = '/msi/token';
const API_VERSION = '2019-08-01';

export interface IdentityEndpointOptions {
  readonly tokens: AccessTokens;
  /** What whoever asks must show as `x-identity-header`: IDENTITY_HEADER, which the platform gives its programs. */
  readonly secret: string;
  readonly lifeSeconds: number;
  readonly faults: Faults;
  readonly log: Logger;
}

/**
 * The endpoint from which App Service, Functions and Container Apps give a program the tokens of its managed identity
 * ("REST endpoint reference", Microsoft Learn, "How to use managed identities for App Service"). Here each request gets a
 * token of its own, and is counted.
 */
export class IdentityEndpoint implements EmulatedService {
  readonly #options: IdentityEndpointOptions;
  readonly #requests: Record<string, Record<string, number>> = {};
  #refused = 0;

  constructor(options: IdentityEndpointOptions) {
    this.#options = options;
  }

  /** Requests by what they were for and by the identity that asked, each answered with a token; and those refused. */
  get status() {
    return { lifeSeconds: this.#options.lifeSeconds, requests: this.#requests, refused: this.#refused };
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = addressOf(request);
    if (pathname !== IDENTITY_PATH) return false;
    const refuse = (status: number, message: string) => {
      this.#refused += 1;
      this.#options.log.warn({ status }, `a request for a token is refused: ${message}`);
      sendJson(response, status, { statusCode: status, message });
    };
    const { secret, faults, tokens, lifeSeconds } = this.#options;
    const shown = request.headers['x-identity-header'];
    const resource = searchParams.get('resource') ?? '';
    const client = searchParams.get('client_id') ?? undefined;
    if (request.method !== 'GET') refuse(405, 'Use GET here.');
    else if (typeof shown !== 'string' || !isSameKey(shown, secret))
      refuse(401, 'X-IDENTITY-HEADER is missing or wrong.');
    else if (searchParams.get('api-version') !== API_VERSION) refuse(400, `api-version must be ${API_VERSION}.`);
    else if (!URL.canParse(resource)) refuse(400, 'resource must be the address that names a service.');
    else if (faults.take('identity.refuse')) refuse(503, 'Refused, as POST /emulator/faults wants.');
    else {
      const { token, expiresOn } = tokens.issue(resource, client, lifeSeconds);
      this.#count(resource, client ?? 'system-assigned');
      // A number as text, as the platform has it.
      const answer = { access_token: token, expires_on: String(expiresOn), resource, token_type: 'Bearer' };
      sendJson(response, 200, { ...answer, ...(client !== undefined && { client_id: client }) });
    }
    return true;
  }

  #count(resource: string, client: string): void {
    const counts = this.#requests[resource] ?? {};
    this.#requests[resource] = { ...counts, [client]: (counts[client] ?? 0) + 1 };
  }
}
