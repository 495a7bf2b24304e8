import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { parseJson, readBody, sendError, sendJson } from '../json-http.ts';
import type { EmulatedService } from '../server.ts';
import { CALLBACK_TOKEN_SECONDS, MEDIA_TOKEN_SECONDS, type TokenIssuer } from './token-issuer.ts';

const MAX_BODY_BYTES = 1000;
const LIFETIMES = { socket: MEDIA_TOKEN_SECONDS, callback: CALLBACK_TOKEN_SECONDS } as const;

const wish = z.object({ kind: z.enum(['socket', 'callback']) });

/** `POST /emulator/token`: a token as ACS sends it, for tools that play its part. Only this machine gets one. */
export class TokenService implements EmulatedService {
  readonly #tokens: TokenIssuer;
  readonly #log: Logger;

  constructor(tokens: TokenIssuer, log: Logger) {
    this.#tokens = tokens;
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
    if (!success) {
      sendError(response, 400, 'BadRequest', 'Send {"kind": "socket"} or {"kind": "callback"}.');
      return;
    }
    sendJson(response, 200, { token: await this.#tokens.sign(LIFETIMES[data.kind]) });
  }
}

const isThisMachine = (address: string): boolean => /^(::1|(::ffff:)?127(\.\d+){3})$/.test(address);
