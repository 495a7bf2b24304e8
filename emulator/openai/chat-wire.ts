import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/**
 * The chat completions wire as Azure OpenAI's v1 API speaks it, proved with the `openai` package: only what a model
 * needs to see of a request, and the chunks of a streamed answer.
 */

const textContent = z.union([
  z.string(),
  z.null(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
]);

const plainText = textContent
  .optional()
  .transform((content) =>
    typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(''),
  );

const toolCallSchema = z.object({
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: plainText }),
  z.object({ role: z.literal('user'), content: plainText }),
  z.object({ role: z.literal('assistant'), content: plainText, tool_calls: z.array(toolCallSchema).optional() }),
  z.object({ role: z.literal('tool'), content: plainText, tool_call_id: z.string() }),
]);

const shapeOfValue = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});

/** One argument of a tool, as far as JSON schema tells it; of several choices the first that is not null. */
export type ArgumentShape = z.infer<typeof shapeOfValue>;

const argumentShape = z
  .looseObject({ anyOf: z.array(z.looseObject({ type: z.unknown().optional() })).optional() })
  .transform(({ anyOf, ...shape }) => ({ ...anyOf?.find(({ type }) => type !== 'null'), ...shape }))
  .pipe(shapeOfValue)
  .catch({});

const toolSchema = z.object({
  name: z.string(),
  description: z.string().default(''),
  parameters: z
    .object({ properties: z.record(z.string(), argumentShape).default({}), required: z.array(z.string()).default([]) })
    .catch({ properties: {}, required: [] })
    .default({ properties: {}, required: [] }),
});

/** A tool that the model may call. */
export type ToolShape = z.infer<typeof toolSchema>;

export const chatRequestSchema = z.object({
  model: z.string().optional(),
  messages: z.array(messageSchema).min(1),
  tools: z.array(z.object({ type: z.literal('function'), function: toolSchema })).optional(),
  tool_choice: z.union([z.enum(['auto', 'none', 'required']), z.looseObject({})]).optional(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
});

export type ChatRequest = z.infer<typeof chatRequestSchema>;
export type ChatMessage = ChatRequest['messages'][number];

/** What a model says to a request: words, calls of tools, or both. */
export interface ChatAnswer {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly args: string }[];
}

/** Something that answers chat requests. May throw an {@link OpenAiError}. */
export interface ChatModel {
  readonly name: string;
  answer(request: ChatRequest): ChatAnswer;
}

/** An error as the API reports it: `{"error":{message,type,param,code}}` under an HTTP status. */
export class OpenAiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { readonly type?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.type = options.type ?? (status < 500 ? 'invalid_request_error' : 'server_error');
    this.headers = options.headers ?? {};
  }

  body(): unknown {
    return { error: { message: this.message, type: this.type, param: null, code: this.code } };
  }
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** One answer's chunks. `id` and time are the same in all of them, but for Azure's first. */
export class AnswerChunks {
  readonly #model: string;
  readonly #id = `chatcmpl-${randomUUID()}`;
  readonly #created = Math.floor(Date.now() / 1000);

  constructor(model: string) {
    this.#model = model;
  }

  /** What Azure sends ahead of the model: the prompt's filter results, no choice, and empty fields. */
  static promptFilter(): unknown {
    const passed = { filtered: false, severity: 'safe' };
    const content_filter_results = { hate: passed, self_harm: passed, sexual: passed, violence: passed };
    return { ...blank, choices: [], prompt_filter_results: [{ prompt_index: 0, content_filter_results }] };
  }

  /** Everything that follows, in order; each is sent one token's time after the one before. */
  *of(answer: ChatAnswer): Generator<unknown> {
    yield this.#delta({ role: 'assistant', content: answer.calls.length > 0 && answer.text === '' ? null : '' });
    for (const word of tokensOf(answer.text)) yield this.#delta({ content: word });
    for (const [index, call] of this.#calls(answer).entries()) {
      const { arguments: args, name } = call.function;
      yield this.#delta({ tool_calls: [{ index, id: call.id, type: 'function', function: { name, arguments: '' } }] });
      for (const fragment of args.match(/.{1,6}/gs) ?? []) {
        yield this.#delta({ tool_calls: [{ index, function: { arguments: fragment } }] });
      }
    }
    yield this.#delta({}, finishReason(answer));
  }

  usage(request: ChatRequest, answer: ChatAnswer): unknown {
    return { ...this.#frame('chat.completion.chunk'), choices: [], usage: usageOf(request, answer) };
  }

  /** The same answer in one piece, for a request that does not stream. */
  whole(request: ChatRequest, answer: ChatAnswer): unknown {
    const calls = this.#calls(answer);
    const message = {
      role: 'assistant',
      content: answer.text === '' ? null : answer.text,
      refusal: null,
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason(answer) }];
    return { ...this.#frame('chat.completion'), choices, usage: usageOf(request, answer) };
  }

  #calls(answer: ChatAnswer) {
    return answer.calls.map(({ name, args }) => ({
      id: `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      type: 'function' as const,
      function: { name, arguments: args },
    }));
  }

  #delta(delta: Readonly<Record<string, unknown>>, finish: string | null = null): unknown {
    return {
      ...this.#frame('chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    };
  }

  #frame(object: string) {
    return { id: this.#id, object, created: this.#created, model: this.#model, system_fingerprint: null };
  }
}

const blank = { id: '', object: '', created: 0, model: '' };

const finishReason = (answer: ChatAnswer): string => (answer.calls.length > 0 ? 'tool_calls' : 'stop');

/** Words with the space before them, which is how models cut text too. */
const tokensOf = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

/** Counts words where a model would count its own tokens. */
export function usageOf(request: ChatRequest, answer: ChatAnswer): Usage {
  const prompt_tokens = request.messages.reduce((sum, { content }) => sum + tokensOf(content).length, 0);
  const completion_tokens = tokensOf(answer.text).length + answer.calls.length;
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
