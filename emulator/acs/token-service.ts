import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { parseJson, readBody, sendError, sendJson } from '../json-http.ts';
import type { EmulatedService } from '../server.ts';
import { CALLBACK_TOKEN_SECONDS, MEDIA_TOKEN_SECONDS, type TokenIssuer } from './token-issuer.ts';

const MAX_BODY_BYTES = 1000;
const LIFETIMES = { socket: MEDIA_TOKEN_SECONDS, callback: CALLBACK_TOKEN_SECONDS } as const;

const wish = z.object({ kind: z.enum(['socket', 'callback', 'api']) });

/**
 * `POST /emulator/token`: a token as ACS sends it, for tools that play its part, or one of Entra with which they use the
 * API. Only this machine gets one.
 */
export class TokenService implements EmulatedService {
  readonly #tokens: TokenIssuer;
  readonly #apiToken: (() => string) | undefined;
  readonly #log: Logger;

  /** @param apiToken signs a token for the API; without it there are none */
  constructor(tokens: TokenIssuer, apiToken: (() => string) | undefined, log: Logger) {
    this.#tokens = tokens;
    this.#apiToken = apiToken;
    this.#log = log;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== '/emulator/token') return false;
    this.#sign(request, response).catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, 'a token could not be signed');
      if (!response.headersSent)
        sendError(response, 500, 'InternalServerError', 'The emulator failed; its log says why.');
    });
    return true;
  }

  async #sign(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isThisMachine(request.socket.remoteAddress ?? '')) {
      sendError(response, 403, 'Forbidden', 'Tokens are signed for this machine only.');
      return;
    }
    const { success, data } = wish.safeParse(parseJson(await readBody(request, MAX_BODY_BYTES)));
    const apiToken = this.#apiToken;
    if (!success || (data.kind === 'api' && apiToken === undefined)) {
      sendError(response, 400, 'BadRequest', 'Send {"kind": "socket"}, {"kind": "callback"} or {"kind": "api"}.');
      return;
    }
    const { kind } = data;
    sendJson(response, 200, { token: kind === 'api' ? apiToken?.() : await this.#tokens.sign(LIFETIMES[kind]) });
  }
}

const isThisMachine = (address: string): boolean => /^(::1|(::ffff:)?127(\.\d+){3})$/.test(address);
