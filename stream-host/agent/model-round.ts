import type OpenAI from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { ChatStream } from './chat-stream.ts';
import { readableOf } from './http-fetch.ts';
import { modelCutOff, modelFiltered, modelSilent } from './model-errors.ts';
import type { ToolRequest } from './tool-calls.ts';
import type { TurnWaits } from './turn-waits.ts';

/** What is asked; how it is streamed is the round's own business. */
export type RoundRequest = Omit<OpenAI.ChatCompletionCreateParamsStreaming, 'stream' | 'stream_options'>;
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta;

export interface RoundOptions {
  readonly client: OpenAI;
  readonly request: RoundRequest;
  readonly waits: TurnWaits;
  /** The longest wait for the next chunk, the first included. */
  readonly silentMs: number;
  readonly clock: Clock;
}

/** One request to the model, read piece by piece. */
export class ModelRound {
  readonly #waits: TurnWaits;
  readonly #silentMs: number;
  readonly #stream: ChatStream;
  readonly #calls = new CallAssembly();
  #finishReason: OpenAI.ChatCompletionChunk.Choice['finish_reason'] = null;
  #text = '';
  #usage: OpenAI.CompletionUsage | undefined;

  private constructor({ waits, silentMs }: RoundOptions, stream: ChatStream) {
    this.#waits = waits;
    this.#silentMs = silentMs;
    this.#stream = stream;
  }

  /**
   * Sends the request. The caller closes the round.
   * @throws a DependencyError, or what the client throws (see `toModelError`)
   */
  static async open(options: RoundOptions): Promise<ModelRound> {
    const { client, request, waits, silentMs, clock } = options;
    const connection = new AbortController();
    const opening = client.chat.completions
      .create({ ...request, stream: true, stream_options: { include_usage: true } }, { signal: connection.signal })
      .asResponse();
    try {
      const response = await waits.for(opening, silentMs, modelSilent);
      return new ModelRound(options, new ChatStream(readableOf(response), clock));
    } catch (error) {
      connection.abort();
      throw error;
    }
  }

  /** What has arrived of its text. */
  get text(): string {
    return this.#text;
  }

  get usage(): OpenAI.CompletionUsage | undefined {
    return this.#usage;
  }

  /** The calls that the model asks for; whole only when the text has ended. */
  get requests(): ToolRequest[] {
    return this.#calls.finished();
  }

  /**
   * The next piece of text; undefined when the answer is complete.
   * @throws a DependencyError, or what the client throws (see `toModelError`)
   */
  async next(): Promise<string | undefined> {
    for (;;) {
      this.#waits.throwIfAborted();
      const chunk = this.#stream.take();
      if (chunk) {
        const text = this.#add(chunk);
        if (text) return text;
      } else if (this.#stream.ended) {
        return this.#end();
      } else {
        await this.#waits.for(this.#stream.arrival(), this.#silentMs, modelSilent);
      }
    }
  }

  /** Frees the connection, however far the answer came. Idempotent. */
  close(): void {
    this.#stream.close();
  }

  #add(chunk: OpenAI.ChatCompletionChunk): string | null | undefined {
    this.#usage = chunk.usage ?? this.#usage;
    // Azure's first chunk (the prompt's filter results) and the last one (usage) have no choice.
    const choice = chunk.choices[0];
    if (!choice) return undefined;
    this.#finishReason = choice.finish_reason ?? this.#finishReason;
    const { content, tool_calls } = choice.delta;
    if (tool_calls) this.#calls.add(tool_calls);
    if (content) this.#text += content;
    return content;
  }

  #end(): undefined {
    if (this.#finishReason === 'content_filter') throw modelFiltered();
    // A server that ends the body too early looks like the end; only the finish reason tells them apart.
    if (this.#finishReason === null) throw modelCutOff();
  }
}

/** Puts tool calls together from their fragments: the first of each brings id and name, all bring pieces of arguments. */
class CallAssembly {
  readonly #calls = new Map<number, { id: string; name: string; argumentText: string }>();

  add(fragments: NonNullable<Delta['tool_calls']>): void {
    for (const fragment of fragments) {
      const call = this.#calls.get(fragment.index) ?? { id: '', name: '', argumentText: '' };
      call.id ||= fragment.id ?? '';
      call.name ||= fragment.function?.name ?? '';
      call.argumentText += fragment.function?.arguments ?? '';
      this.#calls.set(fragment.index, call);
    }
  }

  finished(): ToolRequest[] {
    return [...this.#calls]
      .sort(([a], [b]) => a - b)
      .map(([, { id, name, argumentText }]) => ({ callId: id, name, argumentText }));
  }
}
