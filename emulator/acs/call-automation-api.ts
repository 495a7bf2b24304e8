import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Faults } from '../faults.ts';
import { type AccessTokens, AUDIENCES } from '../identity/access-tokens.ts';
import { readBody, sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import { AcsError, notSupported } from './acs-error.ts';
import type { Call } from './call.ts';
import type { Exchange } from './exchange.ts';
import { Repeatability } from './repeatability.ts';
import { authenticate } from './request-signature.ts';
import { answerRequest, contextRequest, createRequest, rejectRequest, transcriptionRequest } from './requests.ts';
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

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** The call that it is about, for the log. */
  readonly call?: string;
  /** What the operation sets going; done once, when the answer is on its way. */
  readonly afterwards?: () => void;
}

type Operation = (body: unknown, call: Call) => Answer;

/** ACS's Call Automation over HTTP, and the keys that its tokens are checked with. */
export class CallAutomationApi {
  readonly #exchange: Exchange;
  readonly #tokens: TokenIssuer;
  readonly #accessKey: string | undefined;
  readonly #accessTokens: AccessTokens | undefined;
  readonly #log: Logger;
  readonly #repeatability = new Repeatability<Answer>();
  readonly #onCalls: Readonly<Record<string, (body: unknown) => Answer | Promise<Answer>>>;
  readonly #onCall: Readonly<Record<string, Operation>>;

  constructor({ exchange, tokens, accessKey, accessTokens, faults, log }: CallAutomationOptions) {
    this.#exchange = exchange;
    this.#tokens = tokens;
    this.#accessKey = accessKey;
    this.#accessTokens = accessTokens;
    this.#log = log;
    this.#onCalls = {
      'POST ': (body) => this.#create(body),
      'POST :answer': (body) => this.#answer(body),
      'POST :reject': (body) => {
        exchange.reject(parse(rejectRequest, body));
        return { status: 204 };
      },
    };
    this.#onCall = operationsOnCall(faults);
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
      sendJson(response, answer.status, answer.body);
      if (answer.afterwards) setImmediate(() => this.#goOn(answer));
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
    const perform = () => this.#perform(method, url.pathname, parseBody(body));
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

  #perform(method: string, path: string, body: unknown): Answer | Promise<Answer> {
    const onCalls = /^\/calling\/callConnections(:\w+)?$/.exec(path);
    if (onCalls) {
      const operation = this.#onCalls[`${method} ${onCalls[1] ?? ''}`];
      if (operation) return operation(body);
    }
    const [, id, action = ''] = /^\/calling\/callConnections\/([^/:]+)(:\w+)?/.exec(path) ?? [];
    if (id !== undefined) {
      const call = this.#exchange.find(decoded(id));
      const operation = path.includes(`${id}${action}/`) ? undefined : this.#onCall[`${method} ${action}`];
      if (operation) return { ...operation(body, call), call: call.ids.callConnectionId };
    }
    throw notSupported(`${method} ${path.replace(/callConnections\/[^/:]+/, 'callConnections/{id}')}`);
  }

  async #answer(body: unknown): Promise<Answer> {
    const { call, connect } = await this.#exchange.answer(parse(answerRequest, body));
    return { status: 200, body: call.properties(), call: call.ids.callConnectionId, afterwards: connect };
  }

  async #create(body: unknown): Promise<Answer> {
    const { call, ring } = await this.#exchange.create(parse(createRequest, body));
    return { status: 201, body: call.properties(), call: call.ids.callConnectionId, afterwards: ring };
  }
}

const operationsOnCall = (faults: Faults): Readonly<Record<string, Operation>> => ({
  'GET ': (_, call) => ({ status: 200, body: call.properties() }),
  'DELETE ': (_, call) => hangUp(call, faults),
  'POST :terminate': (_, call) => hangUp(call, faults),
  'POST :startMediaStreaming': (body, call) => {
    call.startMediaStreaming(parse(contextRequest, body).operationContext);
    return { status: 202 };
  },
  'POST :stopMediaStreaming': (_, call) => {
    call.stopMediaStreaming();
    return { status: 202 };
  },
  'POST :startTranscription': (body, call) => {
    call.startTranscription(parse(transcriptionRequest, body));
    return { status: 202 };
  },
  'POST :stopTranscription': (_, call) => {
    call.stopTranscription();
    return { status: 202 };
  },
  'POST :updateTranscription': (body, call) => {
    call.updateTranscription(parse(transcriptionRequest, body));
    return { status: 202 };
  },
});

function hangUp(call: Call, faults: Faults): Answer {
  if (faults.take('acs.hangup') !== undefined)
    throw new AcsError(503, 'ServiceUnavailable', 'Refused, as POST /emulator/faults wants.');
  return { status: 204, afterwards: () => call.hangUp() };
}

/** What the log calls an operation: `answer`, `startMediaStreaming`, `create`. */
function operationName(method: string, path: string): string {
  const plain: Readonly<Record<string, string>> = { POST: 'create', DELETE: 'hangUp', GET: 'get' };
  return /:(\w+)$/.exec(path)?.[1] ?? plain[method] ?? method;
}

/** A segment of the path; one that was encoded wrongly as it stands, which names nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const isEncrypted = (request: IncomingMessage): boolean => 'encrypted' in request.socket;

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new AcsError(400, 'BadRequest', z.prettifyError(result.error));
}

function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new AcsError(400, 'BadRequest', 'The body is no JSON.');
  }
}
