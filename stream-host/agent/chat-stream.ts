import type { Readable } from 'node:stream';
import { APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { type Chunk, readChunk } from './chat-chunk.ts';
import { EventStreamDecoder, type ServerSentEvent } from './event-stream.ts';
import { modelCutOff } from './model-errors.ts';

/** Chunks that wait to be taken; beyond, the server is made to wait. */
const MAX_WAITING = 256;
/** An answer that is not streamed. */
const LONGEST_BODY_CHARS = 1 << 20;
/** How long a server may take from `[DONE]` to the end of the body before its connection is given up. */
const LINGER_MS = 1000;

/**
 * The chunks of a streamed chat completion. They are sorted out where the bytes arrive, without a promise for each, as
 * a call has fifty of them a second.
 */
export class ChatStream {
  readonly #body: Readable;
  readonly #clock: Clock;
  readonly #decoder: { push(text: string): readonly ServerSentEvent[]; end(): readonly ServerSentEvent[] };
  #waiting: ServerSentEvent[] = [];
  #taken = 0;
  #state: 'open' | 'done' | 'broken' | 'closed' = 'open';
  #sentinel = false;
  #cause: unknown;
  #wake: (() => void) | undefined;

  /**
   * @param body bytes of UTF-8; the stream is theirs to destroy
   * @param isWhole the server sent one answer in place of a stream
   */
  constructor(body: Readable, clock: Clock, isWhole = false) {
    this.#decoder = isWhole ? new WholeBody() : new EventStreamDecoder();
    this.#body = body;
    this.#clock = clock;
    body.setEncoding('utf8');
    body.on('data', (text: string) => this.#receive(() => this.#decoder.push(text)));
    body.on('end', () => {
      this.#receive(() => this.#decoder.end());
      this.#finish('done');
    });
    body.on('error', (error) => this.#finish('broken', error));
    body.on('close', () => this.#finish('broken'));
  }

  /** All chunks have arrived: once `take` returns undefined there is nothing more to come. */
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
    const event = this.#waiting[this.#taken];
    if (event) {
      this.#taken += 1;
      return toChunk(event);
    }
    if (this.#taken > 0) {
      this.#waiting = [];
      this.#taken = 0;
      if (this.#body.isPaused()) this.#body.resume();
    }
    if (this.#state === 'broken') throw modelCutOff(this.#cause);
    return undefined;
  }

  /** Resolves when there is something to take, or nothing more to come. Never rejects; one at a time. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      if (this.ended || this.#taken < this.#waiting.length) resolve();
      else this.#wake = resolve;
    });
  }

  /** Frees the connection: for the next request if the answer is complete, else by breaking it off. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    const isDone = this.#state === 'done';
    this.#state = 'closed';
    this.#waiting = [];
    if (!isDone) {
      this.#body.destroy();
    } else if (!this.#body.readableEnded) {
      this.#body.once(
        'close',
        this.#clock.after(LINGER_MS, () => this.#body.destroy()),
      );
      this.#body.resume();
    }
  }

  #receive(decode: () => readonly ServerSentEvent[]): void {
    if (this.#state !== 'open') return;
    try {
      for (const event of decode()) {
        if (event.data.trim() === '[DONE]') {
          this.#sentinel = true;
          this.#finish('done');
          return;
        }
        this.#waiting.push(event);
      }
    } catch (error) {
      this.#finish('broken', error);
    }
    if (this.#waiting.length - this.#taken > MAX_WAITING) this.#body.pause();
    if (this.#taken < this.#waiting.length) this.#wakeUp();
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
}

/** A body that is one chunk. */
class WholeBody {
  #text = '';

  push(text: string): ServerSentEvent[] {
    this.#text += text;
    if (this.#text.length > LONGEST_BODY_CHARS) throw new RangeError('The answer is too long.');
    return [];
  }

  end(): ServerSentEvent[] {
    return this.#text.trim() === '' ? [] : [{ type: '', data: this.#text }];
  }
}

function toChunk({ type, data }: ServerSentEvent): Chunk {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw modelCutOff(error);
  }
  const chunk = readChunk(value);
  const error = type === 'error' ? (chunk.error ?? Object(value)) : chunk.error;
  if (error) throw new APIError(undefined, error, undefined, new Headers());
  return chunk;
}
