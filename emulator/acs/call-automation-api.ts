import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Faults } from '../faults.ts';
import { type AccessTokens, AUDIENCES } from '../identity/access-tokens.ts';
import { parseJson, readBody, sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import { AcsError, notSupported } from './acs-error.ts';
import type { Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { operationName } from './operation-names.ts';
import { type Operation, operationsOf } from './operations.ts';
import { Repeatability } from './repeatability.ts';
import { authenticate } from './request-signature.ts';
import type { TokenIssuer } from './token-issuer.ts';

const MAX_BODY_BYTES = 1_000_000;

export interface CallAutomationOptions {
  readonly exchange: Exchange;
  readonly tokens: TokenIssuer;
  /** base64, as in the connection string. Without one no signature is taken. */
  readonly accessKey: string | undefined;
  /** Who is let in by a token; without it, nobody. */
  readonly accessTokens: AccessTokens | undefined;
  readonly faults: Faults;
  readonly log: Logger;
}

/** ACS's Call Automation over HTTP, and the keys that its tokens are checked with. */
export class CallAutomationApi {
  readonly #faults: Faults;
  readonly #tokens: TokenIssuer;
  readonly #accessKey: string | undefined;
  readonly #accessTokens: AccessTokens | undefined;
  readonly #log: Logger;
  readonly #repeatability = new Repeatability<Answer>();
  readonly #operations: Readonly<Record<string, Operation>>;

  constructor({ exchange, tokens, accessKey, accessTokens, faults, log }: CallAutomationOptions) {
    this.#faults = faults;
    this.#tokens = tokens;
    this.#accessKey = accessKey;
    this.#accessTokens = accessTokens;
    this.#log = log;
    this.#operations = operationsOf(exchange);
  }

  /** Takes what is under `/calling/`; false for anything else. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!request.url?.startsWith('/calling/')) return false;
    void this.#serve(request, response);
    return true;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = addressOf(request);
    try {
      const answer = this.#publicDocument(request, url.pathname) ?? (await this.#operate(request, url));
      const early = answer.afterwards && this.#fault('acs.early', operationName(request.method ?? 'GET', url.pathname));
      if (early) {
        this.#goOn(answer);
        await setTimeout(early.ms);
      }
      sendJson(response, answer.status, answer.body);
      if (!early) setImmediate(() => this.#goOn(answer));
    } catch (error) {
      const known = error instanceof AcsError ? error : new AcsError(500, 'InternalServerError', messageOf(error));
      const operation = operationName(request.method ?? 'GET', url.pathname);
      const call = /^\/calling\/callConnections\/([^/:]+)/.exec(url.pathname)?.[1];
      const { status, code, message: problem } = known;
      // Whether a call is there, or whether the key is taken, is asked every half minute.
      const isQuestion = request.method === 'GET' && status === 404;
      this.#log[isQuestion ? 'debug' : 'warn'](
        { ...(call !== undefined && { call }), status, code, problem },
        `${operation}: refused`,
      );
      sendJson(response, known.status, known.body);
    }
  }

  /** What an operation sets going must not end the process, whatever the application asked for. */
  #goOn({ call, afterwards }: Answer): void {
    try {
      afterwards?.();
    } catch (error) {
      this.#log.error({ ...(call !== undefined && { call }), err: error }, 'an operation failed after its answer');
    }
  }

  #publicDocument(request: IncomingMessage, path: string): Answer | undefined {
    if (request.method !== 'GET') return undefined;
    if (path === '/calling/keys') return { status: 200, body: this.#tokens.jwks };
    if (path !== '/calling/.well-known/acsopenidconfiguration') return undefined;
    const origin = `${isEncrypted(request) ? 'https' : 'http'}://${request.headers.host}`;
    return { status: 200, body: this.#tokens.openIdConfiguration(origin) };
  }

  async #operate(request: IncomingMessage, url: URL): Promise<Answer> {
    const body = await readBody(request, MAX_BODY_BYTES);
    if (!body) throw new AcsError(413, 'RequestTooLarge', 'The body is larger than a megabyte.');
    const method = request.method ?? 'GET';
    const auth = authenticate(
      { method, target: request.url ?? '/', headers: request.headers, body, encrypted: isEncrypted(request) },
      {
        accessKey: this.#accessKey,
        nowMs: Date.now(),
        isAccessToken: (token) => this.#accessTokens?.read(token, AUDIENCES.acs) !== undefined,
      },
    );
    if (!url.searchParams.get('api-version')) throw new AcsError(400, 'BadRequest', 'The api-version is missing.');
    this.#refuseToOrder(operationName(method, url.pathname));
    const perform = () => this.#perform(method, url, parseBody(body), isEncrypted(request) ? 'https' : 'http', request);
    const id = request.headers['repeatability-request-id'];
    const { answer, replayed } =
      typeof id === 'string'
        ? await this.#repeatability.once(`${id} ${method} ${url.pathname}`, async () => perform())
        : { answer: await perform(), replayed: false };
    const operation = operationName(method, url.pathname);
    const proof = auth === 'hmac' ? 'HMAC signature' : 'bearer token';
    this.#log[method === 'GET' ? 'debug' : 'info'](
      { ...(answer.call !== undefined && { call: answer.call }), ...(replayed && { replayed }) },
      `${operation}: ${proof} verified`,
    );
    const { afterwards: _, ...again } = answer;
    return replayed ? again : answer;
  }

  #perform(
    method: string,
    url: URL,
    body: unknown,
    scheme: 'http' | 'https',
    { headers }: IncomingMessage,
  ): Answer | Promise<Answer> {
    const [, kind, id, inCall, action = ''] = PATH.exec(url.pathname) ?? [];
    const parts = [kind, id && '{id}', inCall && 'participants'];
    const pattern = parts.filter((part) => part !== undefined).join('/') + action;
    const operation = kind === undefined ? undefined : this.#operations[`${method} ${pattern}`];
    if (!operation) throw notSupported(`${method} ${url.pathname.replace(/\/[0-9a-f-]{36}/, '/{id}')}`);
    const address = `${scheme}://${headers.host}${url.pathname}${url.search}`;
    return operation({ body, id: decoded(id ?? ''), url: new URL(address) });
  }

  /** A fault of an operation, where one was ordered for it or for any. */
  #fault<Name extends 'acs.refuse' | 'acs.early'>(name: Name, operation: string) {
    return this.#faults.take(name, (fault) => fault.operation === undefined || fault.operation === operation);
  }

  #refuseToOrder(operation: string): void {
    const refusal =
      this.#fault('acs.refuse', operation) ??
      (ENDS.has(operation) && this.#faults.take('acs.hangup') && { status: 503, code: 'ServiceUnavailable' });
    if (refusal) throw new AcsError(refusal.status, refusal.code, 'Refused, as POST /emulator/faults wants.');
  }
}

/** A collection, one of it, a part of that, and what to do with it. */
const PATH = /^\/calling\/(callConnections|recordings)(?:\/([^/:]+)(\/participants)?)?(:[a-z]\w*)?$/i;
const ENDS: ReadonlySet<string> = new Set(['hangUp', 'terminate']);

/** A segment of the path; one that was encoded wrongly as it stands, which names nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const isEncrypted = (request: IncomingMessage): boolean => 'encrypted' in request.socket;

function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const parsed = parseJson(body);
  if (parsed === undefined) throw new AcsError(400, 'BadRequest', 'The body is no JSON.');
  return parsed;
}
