import type { Readable } from 'node:stream';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { type Chunk, readChunk } from './chat-chunk.ts';
import { modelCutOff } from './model-errors.ts';

/** A model's chunk has some hundred characters; a whole answer that is not streamed is not much longer. */
const LONGEST_EVENT_CHARS = 1 << 20;
/** Chunks that wait to be taken; beyond, the server is made to wait. */
const MAX_WAITING = 256;
/** How long a server may take from `[DONE]` to the end of the body before its connection is given up. */
const LINGER_MS = 1000;

/**
 * The chunks of a streamed chat completion. They are sorted out where the bytes arrive, without a promise for each, as
 * a call has fifty of them a second.
 */
export class ChatStream {
  readonly #body: Readable;
  readonly #clock: Clock;
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
  #wake: (() => void) | undefined;

  /**
   * @param body bytes of UTF-8; the stream is theirs to destroy
   * @param isWhole the server sent one answer in place of a stream
   */
  constructor(body: Readable, clock: Clock, isWhole = false) {
    this.#body = body;
    this.#clock = clock;
    this.#whole = isWhole ? '' : undefined;
    body.setEncoding('utf8');
    body.on('data', (text: string) => this.#read(() => this.#feed(text)));
    body.on('end', () => this.#read(() => this.#end()));
    body.on('error', (error) => this.#finish('broken', error));
    body.on('close', () => this.#finish('broken'));
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
    if (this.#body.isPaused()) this.#body.resume();
    if (this.#state === 'broken') throw modelCutOff(this.#cause);
    return undefined;
  }

  /** Resolves when there is something to take, or nothing more to come. Never rejects; one at a time. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      if (this.ended || this.#events.length > 0) resolve();
      else this.#wake = resolve;
    });
  }

  /** Frees the connection: for the next request if the answer is complete, else by breaking it off. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    const isDone = this.#state === 'done';
    this.#state = 'closed';
    this.#events = [];
    const body = this.#body;
    if (!isDone) body.destroy();
    else if (!body.readableEnded) {
      const cancel = this.#clock.after(LINGER_MS, () => body.destroy());
      body.once('close', cancel).resume();
    }
  }

  #read(decode: () => void): void {
    if (this.#state !== 'open') return;
    try {
      decode();
    } catch (error) {
      this.#finish('broken', error);
    }
    if (this.#events.length > MAX_WAITING) this.#body.pause();
    if (this.#events.length > 0) this.#wakeUp();
  }

  #finish(state: 'done' | 'broken', cause?: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#cause = cause;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
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
    this.#finish('done');
  }

  #receive(event: EventSourceMessage): void {
    if (this.#state !== 'open') return;
    if (event.data.trim() !== '[DONE]') {
      this.#events.push(event);
      return;
    }
    this.#sentinel = true;
    this.#finish('done');
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
