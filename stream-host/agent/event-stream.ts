/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  /** Empty where the server named none. */
  readonly type: string;
  /** The lines of its data, joined by a line feed. */
  readonly data: string;
}

const BYTE_ORDER_MARK = '\uFEFF';
/** A model's chunk has some hundred characters. */
const LONGEST_EVENT_CHARS = 1 << 20;

/**
 * Decodes server-sent events, as WHATWG HTML section 9.2.6 ("Interpreting an event stream") wants it, from text that
 * may be cut anywhere. Ids and reconnection times are left out: a stream of a model's answer cannot be resumed.
 */
export class EventStreamDecoder {
  #rest = '';
  #data: string | undefined;
  #type = '';
  #started = false;
  #endedInCarriageReturn = false;

  /**
   * Takes the next piece of the stream and returns the events that are complete now.
   * @throws {RangeError} for an event of more than a million characters
   */
  push(piece: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    if (piece === '') return events;
    let text = this.#rest + this.#opened(piece);
    // A carriage return at the very end may be half of a pair; it ends its line at once, and its line feed is skipped.
    this.#endedInCarriageReturn = text.endsWith('\r');
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#takeLine(text, start, end, events);
      start = end + 1;
    }
    this.#rest = start === 0 ? text : text.slice(start);
    if (this.#rest.length + (this.#data?.length ?? 0) > LONGEST_EVENT_CHARS) {
      throw new RangeError('An event of the stream is too long.');
    }
    return events;
  }

  /** What the end of the stream completes: some servers leave the last blank line out. */
  end(): ServerSentEvent[] {
    return this.push('\n\n');
  }

  #opened(piece: string): string {
    let from = 0;
    if (!this.#started && piece.startsWith(BYTE_ORDER_MARK)) from = 1;
    if (this.#endedInCarriageReturn && piece.startsWith('\n')) from = 1;
    this.#started = true;
    return from === 0 ? piece : piece.slice(from);
  }

  #takeLine(text: string, start: number, end: number, events: ServerSentEvent[]): void {
    if (start === end) {
      if (this.#data !== undefined) events.push({ type: this.#type, data: this.#data });
      this.#data = undefined;
      this.#type = '';
      return;
    }
    const colon = text.indexOf(':', start);
    const nameEnd = colon < 0 || colon > end ? end : colon;
    const valueStart = Math.min(end, nameEnd + (text[nameEnd + 1] === ' ' ? 2 : 1));
    const name = text.slice(start, nameEnd);
    if (name === 'data') {
      const value = text.slice(valueStart, end);
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    } else if (name === 'event') {
      this.#type = text.slice(valueStart, end);
    }
  }
}
