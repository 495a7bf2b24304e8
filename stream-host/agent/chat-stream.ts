import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { within } from '../../shared/within.ts';
import { type Chunk, readChunk } from './chat-chunk.ts';
import { modelCutOff } from './model-errors.ts';

/** A model's chunk has some hundred characters; a whole answer that is not streamed is not much longer. */
const LONGEST_EVENT_CHARS = 1 << 20;
/** How long a server may take from `[DONE]` to the end of the body before its connection is given up. */
const LINGER_MS = 1000;

/** The chunks of a streamed chat completion, several of which may come at once. Read by one reader, as it asks for them. */
export class ChatStream {
  readonly #body: ReadableStreamDefaultReader<Uint8Array>;
  readonly #clock: Clock;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    maxBufferSize: LONGEST_EVENT_CHARS,
    onEvent: (event) => this.#receive(event),
    // Of everything else that it complains about it leaves a line out.
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
  });
  #events: EventSourceMessage[] = [];
  /** The body so far, of a server that sent one answer in place of a stream. */
  #whole: string | undefined;
  #state: 'open' | 'done' | 'broken' | 'closed' = 'open';
  #sentinel = false;
  #cause: unknown;

  /** @param isWhole the server sent one answer in place of a stream */
  constructor(body: ReadableStream<Uint8Array>, clock: Clock, isWhole = false) {
    this.#body = body.getReader();
    this.#clock = clock;
    this.#whole = isWhole ? '' : undefined;
  }

  /** Nothing more will come: once `take` returns undefined it was all. */
  get ended(): boolean {
    return this.#state !== 'open';
  }

  /** The server said that this was all; an end of the bytes alone may also be a connection that was cut. */
  get saidDone(): boolean {
    return this.#sentinel;
  }

  /**
   * The next chunk, if one has arrived.
   * @throws {APIError} where the server reports an error in the stream
   * @throws {DependencyError} `model.cut_off` where the connection broke or the stream cannot be read
   */
  take(): Chunk | undefined {
    const event = this.#events.shift();
    if (event) return toChunk(event);
    if (this.#state === 'broken') throw modelCutOff(this.#cause);
    return undefined;
  }

  /** Resolves when there is something to take, or nothing more to come. Never rejects; one at a time. */
  async arrival(): Promise<void> {
    while (this.#state === 'open' && this.#events.length === 0) {
      try {
        const { done, value } = await this.#body.read();
        if (this.#state !== 'open') return;
        if (done) this.#end();
        else this.#feed(this.#decoder.decode(value, { stream: true }));
      } catch (error) {
        this.#state = 'broken';
        this.#cause = error;
      }
    }
  }

  /** Frees the connection: for the next request if the answer is complete, else by breaking it off. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    const isDone = this.#state === 'done';
    this.#state = 'closed';
    this.#events = [];
    const breakOff = () => void this.#body.cancel().catch(() => undefined);
    if (isDone) void within(this.#clock, LINGER_MS, this.#drain(), breakOff);
    else breakOff();
  }

  async #drain(): Promise<void> {
    try {
      while (!(await this.#body.read()).done);
    } catch {
      // It is gone, which is as good.
    }
  }

  #feed(text: string): void {
    if (this.#whole === undefined) {
      this.#parser.feed(text);
      return;
    }
    this.#whole += text;
    if (this.#whole.length > LONGEST_EVENT_CHARS) throw new RangeError('The answer is too long.');
  }

  /** Some servers leave out the last blank line. */
  #end(): void {
    if (this.#whole === undefined) this.#parser.feed('\n\n');
    else if (this.#whole.trim() !== '') this.#receive({ data: this.#whole });
    if (this.#state === 'open') this.#state = 'done';
  }

  #receive(event: EventSourceMessage): void {
    if (this.#state !== 'open') return;
    if (event.data.trim() !== '[DONE]') {
      this.#events.push(event);
      return;
    }
    this.#sentinel = true;
    this.#state = 'done';
  }
}

function toChunk({ event, data }: EventSourceMessage): Chunk {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw modelCutOff(error);
  }
  const chunk = readChunk(value);
  const error = event === 'error' ? (chunk.error ?? Object(value)) : chunk.error;
  if (error) throw new APIError(undefined, error, undefined, new Headers());
  return chunk;
}
