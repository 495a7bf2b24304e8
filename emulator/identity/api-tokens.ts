import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import type { EmulatedService } from '../server.ts';
import type { AccessTokens } from './access-tokens.ts';

/** As Entra's live at least. */
const LIFE_SECONDS = 3_600;
/** The application that Event Grid is in Azure's public cloud. */
const EVENT_GRID_CLIENT_ID = '4962773b-9cdb-44cf-a8bf-237846a00ab7';
/** The application that programs of this machine are. */
const LOCAL_CLIENT_ID = '00000000-0000-4000-8000-00000000ca11';

/**
 * What Entra does for the doors of Parley's API: tokens for whoever calls it from this machine and for Event Grid's
 * deliveries, and the keys that they are checked with, at `GET /discovery/v2.0/keys`.
 */
export class ApiTokens implements EmulatedService {
  readonly #tokens: AccessTokens;
  readonly #audience: string;

  /** @param options.audience the application that stands for the API */
  constructor({ tokens, audience }: { readonly tokens: AccessTokens; readonly audience: string }) {
    this.#tokens = tokens;
    this.#audience = audience;
  }

  /** A token with which the API may be used. */
  forApi(): string {
    return this.#tokens.issue(this.#audience, LOCAL_CLIENT_ID, LIFE_SECONDS).token;
  }

  /** A token that Event Grid delivers with. */
  forDelivery(audience: string): string {
    return this.#tokens.issue(audience, EVENT_GRID_CLIENT_ID, LIFE_SECONDS).token;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' || addressOf(request).pathname !== '/discovery/v2.0/keys') return false;
    sendJson(response, 200, this.#tokens.jwks);
    return true;
  }
}
