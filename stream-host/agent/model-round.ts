import type OpenAI from 'openai';
import { APIError } from 'openai';
import type { ReplyPiece } from '../conversation/ports.ts';
import { modelCutOff, modelFiltered, modelSilent } from './model-errors.ts';
import type { ToolRequest } from './tool-calls.ts';
import type { TurnWaits } from './turn-waits.ts';

type Request = Omit<OpenAI.ChatCompletionCreateParamsStreaming, 'stream' | 'stream_options'>;
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta;

export interface Round {
  readonly text: string;
  readonly requests: readonly ToolRequest[];
  readonly usage: OpenAI.CompletionUsage | undefined;
}

/**
 * One request to the model: yields its text as it arrives, returns what it amounts to. The connection is closed when
 * the generator ends, however it ends.
 *
 * @param silentMs the longest wait for the next chunk, the first included
 * @throws a DependencyError, or what the client throws (see `toModelError`)
 */
export async function* streamRound(
  client: OpenAI,
  request: Request,
  waits: TurnWaits,
  silentMs: number,
): AsyncGenerator<ReplyPiece, Round> {
  const connection = new AbortController();
  const calls = new CallAssembly();
  let text = '';
  let usage: OpenAI.CompletionUsage | undefined;
  let finishReason: OpenAI.ChatCompletionChunk.Choice['finish_reason'] = null;
  try {
    const opening = client.chat.completions.create(
      { ...request, stream: true, stream_options: { include_usage: true } },
      { signal: connection.signal },
    );
    const chunks = (await waits.for(opening, silentMs, modelSilent))[Symbol.asyncIterator]();
    for (;;) {
      const { done, value: chunk } = await waits.for(nextOf(chunks), silentMs, modelSilent);
      if (done) break;
      usage = chunk.usage ?? usage;
      // Azure's first chunk (the prompt's filter results) and the last one (usage) have no choice.
      const choice = chunk.choices[0];
      if (!choice) continue;
      finishReason = choice.finish_reason ?? finishReason;
      calls.add(choice.delta.tool_calls ?? []);
      if (choice.delta.content) {
        text += choice.delta.content;
        yield { type: 'text', text: choice.delta.content };
      }
    }
  } finally {
    connection.abort();
  }
  if (finishReason === 'content_filter') throw modelFiltered();
  // A server that ends the body too early looks like the end; only the finish reason tells them apart.
  if (finishReason === null) throw modelCutOff();
  return { text, requests: calls.finished(), usage };
}

/** The next chunk. A connection that breaks throws whatever the platform's `fetch` throws. */
async function nextOf<Chunk>(chunks: AsyncIterator<Chunk>): Promise<IteratorResult<Chunk>> {
  try {
    return await chunks.next();
  } catch (error) {
    throw error instanceof APIError ? error : modelCutOff(error);
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
