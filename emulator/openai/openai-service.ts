import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { AUDIENCES } from '../identity/access-tokens.ts';
import { bearerOf, type ServiceAccess, ServiceDoor } from '../identity/service-door.ts';
import { parseJson, readBody, sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import type { UsageMeter } from '../usage-meter.ts';
import {
  AnswerChunks,
  type ChatAnswer,
  type ChatModel,
  type ChatRequest,
  chatRequestSchema,
  OpenAiError,
  usageOf,
} from './chat-wire.ts';
import { ScriptedDialogue } from './dialogue/scripted-dialogue.ts';
import { Upstream, type UpstreamOptions } from './upstream.ts';

/** The key may be shown as `Authorization: Bearer` or as `api-key`. */
export interface OpenAiServiceOptions extends ServiceAccess {
  readonly log: Logger;
  /** A real language model to hand requests to. Without one the scripted dialogue answers. */
  readonly upstream?: UpstreamOptions;
  /** What answers where there is no upstream: {@link ScriptedDialogue} unless given. */
  readonly model?: ChatModel;
  readonly meter?: UsageMeter;
  /** How fast words come where there is no upstream. */
  readonly pace?: Partial<Pace>;
}

export interface Pace {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
}

const CHAT_PATH = /^\/openai\/(?:v1|deployments\/[^/]+)\/chat\/completions$/;
const MODELS_PATH = '/openai/v1/models';
const BODY_LIMIT = 4 * 1024 * 1024;
const TOO_SHORT = new OpenAiError(400, 'invalid_request', "[] is too short - 'messages'");

/** Azure OpenAI's chat completions, streamed and whole. */
export class OpenAiService {
  readonly #log: Logger;
  readonly #door: ServiceDoor;
  readonly #upstream: Upstream | undefined;
  readonly #model: ChatModel;
  readonly #pace: Pace;
  readonly #meter: UsageMeter | undefined;
  readonly #closing = new AbortController();

  constructor(options: OpenAiServiceOptions) {
    this.#log = options.log;
    this.#door = new ServiceDoor(options, AUDIENCES.ai);
    this.#upstream = options.upstream && new Upstream(options.upstream);
    this.#model = options.model ?? new ScriptedDialogue();
    this.#meter = options.meter;
    this.#pace = { firstTokenMs: 10, tokenMs: 2, ...options.pace };
  }

  /** Who answers. `scripted`: it is no language model, and whoever shows its words says so. */
  describe(): { readonly scripted: boolean; readonly model: string } {
    return this.#upstream
      ? { scripted: false, model: this.#upstream.model }
      : { scripted: this.#model instanceof ScriptedDialogue, model: this.#model.name };
  }

  /**
   * What the model says, for those who speak another protocol.
   * @param request the body of a chat request
   * @throws {OpenAiError}
   */
  async reply(request: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<ChatAnswer> {
    return this.#upstream?.complete(request, signal) ?? this.#model.answer(chatRequestSchema.parse(request));
  }

  /** What will keep a model of the user's from answering; undefined where nothing is known of such. */
  async problem(): Promise<string | undefined> {
    return this.#upstream?.problem();
  }

  /** Answers the request if its path is one of this service's; returns whether it is. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname } = addressOf(request);
    const isChat = CHAT_PATH.test(pathname);
    if (!isChat && pathname !== MODELS_PATH) return false;
    this.#answer(request, response, isChat).catch((error: unknown) => this.#fail(response, error));
    return true;
  }

  /** Breaks off the answers that are under way. */
  close(): void {
    this.#closing.abort();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, isChat: boolean): Promise<void> {
    this.#authenticate(request);
    const method = isChat ? 'POST' : 'GET';
    if (request.method !== method) throw new OpenAiError(405, 'method_not_allowed', `Use ${method} here.`);
    if (!isChat) return sendJson(response, 200, this.#models());

    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const body = await readRequest(request);
    if (this.#upstream) return this.#upstream.forward(body, response, signal);

    // Asked every half minute, to see whether key and deployment are taken: no failure, and not worth a line.
    if (Array.isArray(body.messages) && body.messages.length === 0) return sendJson(response, 400, TOO_SHORT.body());
    const parsed = chatRequestSchema.safeParse(body);
    if (!parsed.success) throw new OpenAiError(400, 'invalid_request', z.prettifyError(parsed.error));
    return this.#speak(parsed.data, response, signal);
  }

  async #speak(request: ChatRequest, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const answer = this.#model.answer(request);
    const chunks = new AnswerChunks(this.#model.name);
    if (!request.stream) {
      await pause(this.#pace.firstTokenMs, signal);
      this.#meter?.chatAnswered(usageOf(request, answer));
      return sendJson(response, 200, chunks.whole(request, answer));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    send(response, AnswerChunks.promptFilter());
    await sendInTime(response, chunks.of(answer), this.#pace, signal);
    if (signal.aborted) {
      this.#meter?.chatAnswered(undefined);
      this.#log.debug('the client broke the answer off');
      response.destroy();
      return;
    }
    this.#meter?.chatAnswered(request.stream_options?.include_usage ? usageOf(request, answer) : undefined);
    if (request.stream_options?.include_usage) send(response, chunks.usage(request, answer));
    response.end('data: [DONE]\n\n');
  }

  #authenticate(request: IncomingMessage): void {
    const { authorization, 'api-key': key } = request.headers;
    if (this.#door.admits({ keys: [key, bearerOf(authorization)], authorization })) return;
    const message =
      key === undefined && bearerOf(authorization)?.includes('.')
        ? 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.'
        : 'Access denied due to invalid subscription key or wrong API endpoint. Check the key and the address.';
    throw new OpenAiError(401, '401', message);
  }

  #models(): unknown {
    const { model, scripted } = this.describe();
    return {
      object: 'list',
      data: [{ id: model, object: 'model', created: 0, owned_by: scripted ? 'scripted' : 'upstream' }],
    };
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent || response.destroyed) {
      if (!response.destroyed) this.#log.warn({ err: error }, 'an answer of the language model broke off');
      response.destroy();
      return;
    }
    const known = error instanceof OpenAiError ? error : new OpenAiError(500, 'internal', messageOf(error));
    this.#log.warn({ status: known.status, code: known.code }, known.message);
    sendJson(response, known.status, known.body(), known.headers);
  }
}

/** Sends an answer's chunks, each when its time has come, until the signal says to stop. */
export async function sendInTime(
  response: ServerResponse,
  chunks: Iterable<unknown>,
  { firstTokenMs, tokenMs }: Pace,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = firstTokenMs;
  for (const chunk of chunks) {
    await pause(pauseMs, signal);
    if (signal.aborted) return;
    send(response, chunk);
    pauseMs = tokenMs;
  }
}

function send(response: ServerResponse, chunk: unknown): void {
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

/** Ends early, and quietly, on an abort. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => {});

const jsonObject = z.record(z.string(), z.unknown());

async function readRequest(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readBody(request, BODY_LIMIT);
  if (!body) throw new OpenAiError(413, 'request_too_large', `A request may have ${BODY_LIMIT} bytes.`);
  const parsed = jsonObject.safeParse(parseJson(body));
  if (!parsed.success) throw new OpenAiError(400, 'invalid_json', 'The body is no JSON object.');
  return parsed.data;
}
