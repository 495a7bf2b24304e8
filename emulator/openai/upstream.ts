import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import { type ChatAnswer, OpenAiError } from './chat-wire.ts';

export interface UpstreamOptions {
  /** An OpenAI-compatible address, such as `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string;
}

/** How long a server may take to list its models: that loads none. */
const LIST_TIMEOUT_MS = 3_000;
const MOST_NAMED = 5;

const modelList = z.object({ data: z.array(z.object({ id: z.string() })) });

const wholeAnswer = z.object({
  choices: z.array(
    z.object({
      message: z.object({
        content: z.string().nullish(),
        tool_calls: z.array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) })).nullish(),
      }),
    }),
  ),
});

/** A model may have to be loaded from disk before its first word. */
const HEADERS_TIMEOUT_MS = 120_000;

/** Hands chat requests to an OpenAI-compatible server and its answers back as they come. */
export class Upstream {
  readonly model: string;
  /** The server's address without anything secret, for errors and logs. */
  readonly name: string;
  readonly #url: string;
  readonly #apiKey: string | undefined;

  constructor(options: UpstreamOptions) {
    const url = new URL(`${options.baseUrl.replace(/\/+$/, '')}/chat/completions`);
    // fetch refuses an address with credentials in it, quoting them; keys go into the header.
    url.username = '';
    url.password = '';
    this.model = options.model;
    this.name = `${url.origin}${url.pathname.replace(/\/chat\/completions$/, '')}`;
    this.#url = url.href;
    this.#apiKey = options.apiKey;
  }

  /**
   * Answers `response` from the upstream. `signal` (the client is gone) ends the upstream's work too.
   * @throws {OpenAiError} 502 when the upstream cannot be reached or refuses, 429 when it throttles; once the answer has
   * begun, a failure breaks the connection off instead
   */
  async forward(body: Readonly<Record<string, unknown>>, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const answer = await this.#request(body, signal);
    if (!answer.ok || !answer.body) throw await this.#refusal(answer);
    response.writeHead(200, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.flushHeaders();
    await pipeline(Readable.fromWeb(answer.body as ReadableStream<Uint8Array>), response, { signal });
  }

  /** The answer in one piece. @throws {OpenAiError} as {@link forward} */
  async complete(body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<ChatAnswer> {
    const answer = await this.#request({ ...body, stream: false }, signal);
    if (!answer.ok) throw await this.#refusal(answer);
    const { message } = wholeAnswer.parse(await answer.json()).choices[0] ?? {};
    const calls = message?.tool_calls ?? [];
    const made = calls.map(({ function: { name, arguments: args } }) => ({ name, args }));
    return { text: message?.content ?? '', calls: made };
  }

  /**
   * What will keep the server from answering, with what to do about it, as far as its list of models tells. Undefined
   * where nothing is wrong, or nobody can say: not every server has a list.
   */
  async problem(): Promise<string | undefined> {
    const where = `The language model at ${this.name}`;
    let answer: Response;
    try {
      answer = await fetch(this.#url.replace(/\/chat\/completions$/, '/models'), {
        headers: this.#authorization(),
        signal: AbortSignal.timeout(LIST_TIMEOUT_MS),
      });
    } catch (error) {
      const reason = messageOf((error as Error).cause ?? error);
      return `${where} cannot be reached (${reason}): start it, or correct OPENAI_BASE_URL. Until then nothing is answered.`;
    }
    if (answer.status === 401 || answer.status === 403) {
      return `${where} refuses the key (HTTP ${answer.status}): give it in OPENAI_API_KEY. Until then nothing is answered.`;
    }
    const list = modelList.safeParse(await answer.json().catch(() => undefined));
    const ids = answer.ok && list.success ? list.data.data.map(({ id }) => id) : [];
    // Ollama calls `llama3.1` what it lists as `llama3.1:latest`.
    if (ids.length === 0 || ids.some((id) => id === this.model || id.startsWith(`${this.model}:`))) return undefined;
    const some = ids.slice(0, MOST_NAMED).join(', ') + (ids.length > MOST_NAMED ? ', …' : '');
    return `${where} lists no model "${this.model}": OPENAI_MODEL takes one of ${some}`;
  }

  #authorization(): Record<string, string> {
    return this.#apiKey === undefined ? {} : { authorization: `Bearer ${this.#apiKey}` };
  }

  async #request(body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Response> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), HEADERS_TIMEOUT_MS);
    try {
      return await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#authorization() },
        body: JSON.stringify({ ...body, model: this.model }),
        signal: AbortSignal.any([signal, deadline.signal]),
      });
    } catch (error) {
      const reason = deadline.signal.aborted
        ? `no answer in ${HEADERS_TIMEOUT_MS / 1000} s`
        : messageOf((error as Error).cause ?? error);
      throw new OpenAiError(
        502,
        'upstream_unreachable',
        `The language model at ${this.name} cannot be reached: ${reason}`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async #refusal(answer: Response): Promise<OpenAiError> {
    const text = (await answer.text().catch(() => '')).slice(0, 500);
    const message = `The language model at ${this.name} (model "${this.model}") refused with HTTP ${answer.status}: ${text}`;
    if (answer.status !== 429) return new OpenAiError(502, 'upstream_failed', message);
    const retryAfter = answer.headers.get('retry-after');
    return new OpenAiError(429, 'rate_limit_exceeded', message, {
      ...(retryAfter !== null && { headers: { 'retry-after': retryAfter } }),
    });
  }
}
