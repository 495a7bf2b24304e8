import type OpenAI from 'openai';
import { APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { TooLate } from '../../shared/providers/first-answer.ts';
import type { ToolRequest } from '../contract/agent.ts';
import type { OnServed, ServedRequest } from '../contract/recorder.ts';
import { CallAssembly } from './call-assembly.ts';
import type { Chunk, TokenCount } from './chat-chunk.ts';
import { ChatStream } from './chat-stream.ts';
import { modelCutOff, modelEndless, modelFiltered, modelSilent, providerReason, toModelError } from './model-errors.ts';
import { bytesOf } from './model-fetch.ts';
import { TurnAborted, type TurnWaits } from './turn-waits.ts';

/** What is asked; how it is streamed is the round's own business. */
export type RoundRequest = Omit<OpenAI.ChatCompletionCreateParamsStreaming, 'stream'>;

export interface RoundLimits {
  /** The longest wait before the first word or call: a local model may have to be loaded first. */
  readonly firstMs: number;
  /** The longest wait for the next chunk after it. */
  readonly silentMs: number;
  /** So much text is no answer any more. */
  readonly maxTextCharacters: number;
}

export interface RoundOptions {
  readonly client: OpenAI;
  readonly request: RoundRequest;
  readonly waits: TurnWaits;
  readonly limits: RoundLimits;
  readonly clock: Clock;
  /** Of which it is asked, for whoever is told how it went. */
  readonly provider?: string | undefined;
  /** Told once what the request used, when it is over; `undefined`: it was broken off before anybody was told. */
  readonly onUsed?: ((tokens: TokenCount | undefined) => void) | undefined;
  /** Told once how the request went, when it is over. */
  readonly onServed?: OnServed | undefined;
}

/** So many chunks are no answer, whatever they hold. */
const MAX_CHUNKS = 50_000;
/** What may still come after the finish reason (usage, late filter results) is waited for so long, and no longer. */
const AFTER_FINISH_MS = 150;

/** Who breaks a request off did not want the rest: that is no failure of the model's, unless it was for its lateness. */
function failureOf(thrown: unknown): { readonly error?: string } {
  if (!(thrown instanceof TurnAborted)) return { error: toModelError(thrown).code };
  return thrown.cause instanceof TooLate ? { error: 'model.silent' } : {};
}

const nothingMore = (): Error => new NothingMore();
class NothingMore extends Error {}

/** One request to the model, read piece by piece. */
export class ModelRound {
  readonly #waits: TurnWaits;
  readonly #limits: RoundLimits;
  readonly #stream: ChatStream;
  readonly #calls = new CallAssembly();
  #finishReason: string | undefined;
  #chunks = 0;
  #text = '';
  #tokens: TokenCount | undefined;
  #onUsed: RoundOptions['onUsed'];
  /** Its first words, which have come already. */
  #first = '';
  /** Tells how it went; undefined once it has. */
  #tellServed: ((more: Partial<ServedRequest>) => void) | undefined;
  #firstAtMs: number | undefined;
  #error: string | undefined;
  readonly #clock: Clock;

  private constructor(
    { waits, limits, onUsed, clock }: RoundOptions,
    stream: ChatStream,
    tellServed: (more: Partial<ServedRequest>) => void,
  ) {
    this.#onUsed = onUsed;
    this.#clock = clock;
    this.#tellServed = tellServed;
    this.#waits = waits;
    this.#limits = limits;
    this.#stream = stream;
  }

  /**
   * Sends the request, and waits for the first word or call, or for the end of an answer without any. The caller closes
   * the round.
   * @throws a DependencyError, or what the client throws (see `toModelError`)
   */
  static async open(options: RoundOptions): Promise<ModelRound> {
    const { client, request, waits, limits, clock, provider } = options;
    const startedAtMs = clock.now();
    const tellServed = (more: Partial<ServedRequest>): void =>
      options.onServed?.({
        service: 'chat-model',
        model: request.model,
        provider,
        startedAtMs,
        endedAtMs: clock.now(),
        ...more,
      });
    const connection = new AbortController();
    const opening = client.chat.completions
      .create({ ...request, stream: true }, { signal: connection.signal })
      .asResponse();
    let round: ModelRound;
    try {
      const response = await waits.for(opening, limits.firstMs, modelSilent);
      const isWhole = response.headers.get('content-type')?.includes('application/json') ?? false;
      round = new ModelRound(options, new ChatStream(bytesOf(response), clock, isWhole), tellServed);
    } catch (error) {
      connection.abort();
      const status = providerReason(error).status;
      tellServed({ ...failureOf(error), ...(status !== undefined && { status }) });
      // What the server refused costs nothing; what nobody waited for may.
      if (!(error instanceof APIError)) options.onUsed?.(undefined);
      throw error;
    }
    try {
      await round.#begin();
      return round;
    } catch (error) {
      round.#error = failureOf(error).error;
      round.close();
      throw error;
    }
  }

  /** What has arrived of its text. */
  get text(): string {
    return this.#text;
  }

  /** What the server counted; undefined before its end, and where it does not tell. */
  get tokens(): TokenCount | undefined {
    return this.#tokens;
  }

  /** Why the model stopped, in its own word; undefined where it gave none. */
  get finishReason(): string | undefined {
    return this.#finishReason;
  }

  /** The calls that the model asks for; whole only when the text has ended. */
  get requests(): ToolRequest[] {
    return this.#calls.finished;
  }

  /** How many calls were left out because there were too many. */
  get refusedCalls(): number {
    return this.#calls.refused;
  }

  /**
   * The next piece of text; undefined when the answer is complete.
   * @throws a DependencyError, or what the client throws (see `toModelError`)
   */
  async next(): Promise<string | undefined> {
    const first = this.#first;
    this.#first = '';
    if (first !== '') return first;
    try {
      for (;;) {
        this.#waits.throwIfAborted();
        const chunk = this.#stream.take();
        if (chunk) {
          if (this.#add(chunk) !== '') return chunk.text;
        } else if (this.#stream.ended) {
          return this.#end();
        } else if (this.#finishReason !== undefined) {
          if (!(await this.#moreComes())) return this.#end();
        } else {
          const { firstMs, silentMs } = this.#limits;
          await this.#waits.for(this.#stream.arrival(), this.#saidSomething ? silentMs : firstMs, modelSilent);
        }
      }
    } catch (thrown) {
      this.#error = failureOf(thrown).error;
      throw thrown;
    }
  }

  /** Frees the connection, however far the answer came. Idempotent. */
  close(): void {
    this.#stream.close();
    this.#onUsed?.(this.#tokens);
    this.#onUsed = undefined;
    const tell = this.#tellServed;
    this.#tellServed = undefined;
    tell?.({
      firstAtMs: this.#firstAtMs,
      tokens: this.#tokens,
      finishReason: this.#finishReason,
      error: this.#error,
    });
  }

  async #begin(): Promise<void> {
    while (!this.#saidSomething && this.#finishReason === undefined) {
      this.#waits.throwIfAborted();
      const chunk = this.#stream.take();
      if (chunk) this.#first = this.#add(chunk);
      else if (this.#stream.ended) return;
      else await this.#waits.for(this.#stream.arrival(), this.#limits.firstMs, modelSilent);
    }
  }

  get #saidSomething(): boolean {
    return this.#text !== '' || this.#calls.count > 0;
  }

  #add({ text, calls, finishReason, tokens }: Chunk): string {
    this.#chunks += 1;
    this.#tokens = tokens ?? this.#tokens;
    this.#finishReason = finishReason ?? this.#finishReason;
    this.#calls.add(calls);
    this.#text += text;
    if (this.#saidSomething) this.#firstAtMs ??= this.#clock.now();
    if (this.#text.length > this.#limits.maxTextCharacters || this.#chunks > MAX_CHUNKS)
      throw modelEndless(this.#limits.maxTextCharacters);
    return text;
  }

  /** The model has finished; a server that then leaves the stream open keeps nobody waiting. */
  async #moreComes(): Promise<boolean> {
    try {
      await this.#waits.for(this.#stream.arrival(), AFTER_FINISH_MS, nothingMore);
      return true;
    } catch (error) {
      if (error instanceof NothingMore) return false;
      throw error;
    }
  }

  /** An end is told by the finish reason, by the sentinel, or by the end of the body where it said anything at all. */
  #end(): undefined {
    if (this.#finishReason === 'content_filter') throw modelFiltered();
    if (this.#finishReason === undefined && !this.#stream.saidDone && !this.#saidSomething) throw modelCutOff();
  }
}
