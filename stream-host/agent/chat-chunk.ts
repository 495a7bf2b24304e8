/** A piece of a tool call. Which call it belongs to is told by the index, the id, both or neither. */
export interface CallFragment {
  readonly index: number | undefined;
  readonly id: string;
  readonly name: string;
  readonly argumentText: string;
}

/** What a server counted of an answer: it comes once, with the last chunk. */
export interface TokenCount {
  readonly input: number;
  readonly output: number;
  /** Of the input's. */
  readonly cached: number;
}

/** What one chunk of a streamed answer brings. */
export interface Chunk {
  /** Words for the caller; empty where it brings none. */
  readonly text: string;
  readonly calls: readonly CallFragment[];
  readonly finishReason: string | undefined;
  readonly tokens: TokenCount | undefined;
  /** What the server reports in place of an answer. */
  readonly error: object | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const NOTHING: readonly never[] = [];

/**
 * Reads a chunk of a chat completion, whatever an OpenAI-compatible server made of it: chunks without a choice (Azure's
 * first one has the prompt's filter results, the last one the usage), without a delta (Azure's filter results that come
 * late), with a whole message in place of one, content in parts or as an object, calls without an index. What cannot be
 * read is nothing; thinking is left out.
 */
export function readChunk(value: unknown): Chunk {
  const chunk = fieldsOf(value);
  const choice = firstChoice(chunk.choices);
  const delta = fieldsOf(choice.delta ?? choice.message);
  return {
    text: textOf(delta.content) + textOf(delta.refusal),
    calls: callsOf(delta),
    finishReason: stringOf(choice.finish_reason) || undefined,
    tokens: tokensOf(fieldsOf(chunk.usage)),
    error: errorOf(chunk.error),
  };
}

function tokensOf(usage: Fields): TokenCount | undefined {
  const [input, output] = [numberOf(usage.prompt_tokens), numberOf(usage.completion_tokens)];
  if (input === undefined || output === undefined) return undefined;
  return { input, output, cached: numberOf(fieldsOf(usage.prompt_tokens_details).cached_tokens) ?? 0 };
}

function firstChoice(choices: unknown): Fields {
  const all = Array.isArray(choices) ? choices.map(fieldsOf) : [fieldsOf(choices)];
  // A server that was asked for one answer and sends several: the first one is the answer.
  return all.find(({ index }) => index === undefined || index === null || index === 0) ?? {};
}

/** Parts within parts, of which no server has many: beyond that it is no text. */
const DEEPEST = 8;

function textOf(content: unknown, depth = 0): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return depth < DEEPEST ? content.map((part) => textOf(part, depth + 1)).join('') : '';
  const { type, text } = fieldsOf(content);
  const isForEars = type === undefined || type === 'text' || type === 'output_text';
  if (!isForEars) return '';
  return typeof text === 'string' ? text : stringOf(fieldsOf(text).value);
}

function callsOf(delta: Fields): readonly CallFragment[] {
  const given = delta.tool_calls ?? delta.function_call;
  if (given === undefined || given === null) return NOTHING;
  return (Array.isArray(given) ? given : [given]).map((each): CallFragment => {
    const call = fieldsOf(each);
    // The form of old has name and arguments at the top.
    const { name, arguments: args } = fieldsOf(call.function ?? call);
    return {
      index: numberOf(call.index),
      id: stringOf(call.id),
      name: stringOf(name),
      argumentText: typeof args === 'object' && args !== null ? jsonOf(args) : stringOf(args),
    };
  });
}

/** Nothing where it is nested deeper than it could be written. */
function jsonOf(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}

function errorOf(error: unknown): object | undefined {
  if (error === undefined || error === null || error === false || error === '') return undefined;
  return typeof error === 'object' ? error : { message: String(error) };
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {});
const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
