import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { type AudioFormat, RecordErased, type RecordPart } from '../../shared/records/record-store.ts';
import { within } from '../../shared/within.ts';
import type { RecordBudget } from './record-budget.ts';

/** What could not be kept. */
export interface Lost {
  readonly lines: number;
  readonly inputs: number;
  readonly audioMs: number;
}

export interface RecordWriterOptions {
  /** Begins this writer's part of the record. Asked again until it has. */
  readonly begin: () => Promise<RecordPart>;
  readonly format: AudioFormat;
  readonly budget: RecordBudget;
  readonly clock: Clock;
  readonly log: Logger;
  /** A line that says what was lost, once something can be written again. */
  readonly lostLine: (lost: Lost) => string;
  /** Told of each loss, also of what was left at the end, which no line can say any more. */
  readonly onLost?: ((more: Lost) => void) | undefined;
  /** What one record keeps in memory at most. 8 MB: two minutes of audio. */
  readonly maxBytes?: number;
}

type Audio = Uint8Array | { readonly silentBytes: number };

export const NOTHING_LOST: Lost = { lines: 0, inputs: 0, audioMs: 0 };

export const allLost = (some: Lost, more: Lost): Lost => ({
  lines: some.lines + more.lines,
  inputs: some.inputs + more.inputs,
  audioMs: some.audioMs + more.audioMs,
});

const MAX_BYTES = 8 * 1024 * 1024;
/** Lines wait so long for others, and audio so long: each addition is a request, and the number of them is limited. */
const LINES_MS = 1_000;
const AUDIO_MS = 5_000;
const MAX_LINES_BYTES = 512 * 1024;
const MAX_AUDIO_BYTES = 1024 * 1024;
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;

/**
 * Writes a part of a record behind the session's back: in batches, one at a time, tried again until the store takes them.
 * Nobody waits for it and it throws nothing. What it keeps meanwhile is bounded: beyond, inputs go first, then all else;
 * audio becomes silence, so that the rest keeps its time. What was lost is counted, and written down.
 */
export class RecordWriter {
  readonly #options: RecordWriterOptions;
  readonly #maxBytes: number;
  #part: RecordPart | undefined;
  #lines: { readonly text: Buffer; readonly isInput: boolean }[] = [];
  #linesBytes = 0;
  #audio: Audio[] = [];
  #audioBytes = 0;
  #audioSinceMs: number;
  /** What is being written, or has to be written again as it is. */
  #batch:
    | { readonly kind: 'lines' | 'audio'; readonly bytes: Uint8Array; readonly kept: number; readonly lines: number }
    | undefined;
  #lost = NOTHING_LOST;
  #untold = false;
  #failures = 0;
  #writing = false;
  #cancelTimer: Cancel | undefined;
  #closing = false;
  #over = false;
  #idle: (() => void)[] = [];

  constructor(options: RecordWriterOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#audioSinceMs = options.clock.now();
  }

  get lost(): Lost {
    return this.#lost;
  }

  /** Queues one line, without its end. Inputs have half the room. */
  line(line: string, isInput = false): void {
    if (this.#over) return;
    const text = Buffer.from(`${line}\n`);
    const room = isInput ? this.#maxBytes / 2 : this.#maxBytes;
    if (this.#kept + text.length > room || !this.#options.budget.take(text.length)) {
      this.#lose(isInput ? { inputs: 1 } : { lines: 1 });
      return;
    }
    this.#lines.push({ text, isInput });
    this.#linesBytes += text.length;
    this.#later(this.#linesBytes >= MAX_LINES_BYTES ? 0 : LINES_MS);
  }

  /** Queues audio of the format; it must not change any more. */
  audio(pcm: Uint8Array): void {
    if (this.#over) return;
    if (this.#kept + pcm.length > this.#maxBytes || !this.#options.budget.take(pcm.length)) {
      this.#lose({ audioMs: this.#msOf(pcm.length) });
      this.silence(pcm.length);
      return;
    }
    this.#audio.push(pcm);
    this.#audioBytes += pcm.length;
    this.#later(LINES_MS);
  }

  /** Queues silence. It takes no room: however much follows, it is one entry. */
  silence(bytes: number): void {
    if (this.#over) return;
    const last = this.#audio.at(-1);
    if (last === undefined || last instanceof Uint8Array) this.#audio.push({ silentBytes: bytes });
    else this.#audio[this.#audio.length - 1] = { silentBytes: last.silentBytes + bytes };
    this.#later(LINES_MS);
  }

  /** Gives what is queued `waitMs` to be written, and takes nothing more. Idempotent; never rejects. */
  async close(waitMs: number): Promise<void> {
    this.#closing = true;
    this.#later(0);
    if (!this.#isEmpty) {
      const written = new Promise<void>((resolve) => this.#idle.push(resolve));
      await within(this.#options.clock, waitMs, written, () => {});
    }
    if (!this.#isEmpty && !this.#over) {
      const left = { lines: this.#lines.length, audioBytes: this.#audioBytes };
      this.#options.log.warn(left, 'the end of a call’s record could not be written');
      const { kind, kept = 0, lines = 0 } = this.#batch ?? {};
      const audioMs = this.#msOf(this.#audioBytes + (kind === 'audio' ? kept : 0));
      this.#lose({ lines: this.#lines.length + lines, audioMs });
    }
    this.abandon();
  }

  /** Takes nothing more and forgets what is queued. Idempotent. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#options.budget.giveBack(this.#kept);
    this.#lines = [];
    this.#audio = [];
    this.#batch = undefined;
    this.#linesBytes = 0;
    this.#audioBytes = 0;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Bytes in memory. */
  get #kept(): number {
    return this.#linesBytes + this.#audioBytes + (this.#batch?.kept ?? 0);
  }

  get #isEmpty(): boolean {
    return !this.#writing && this.#batch === undefined && this.#lines.length === 0 && this.#audio.length === 0;
  }

  /** A second wish does not move the first, unless it shall be at once. */
  #later(delayMs: number): void {
    if (this.#over || this.#writing) return;
    // What waits to be tried again is not hurried, unless this is the last chance.
    if (this.#cancelTimer && (delayMs > 0 || (this.#failures > 0 && !this.#closing))) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#writing || this.#over) return;
    this.#writing = true;
    try {
      this.#part ??= await this.#options.begin();
      while (!this.#over && this.#next()) await this.#writeBatch(this.#part);
      this.#recovered();
      this.#writing = false;
      if (this.#lines.length > 0 || this.#audio.length > 0) this.#later(this.#closing ? 0 : LINES_MS);
      else for (const resolve of this.#idle.splice(0)) resolve();
    } catch (error) {
      this.#writing = false;
      this.#failed(error);
    }
  }

  /** Makes the next batch, where there is none that failed. False: there is nothing to write now. */
  #next(): boolean {
    if (this.#batch !== undefined) return true;
    if (this.#untold) this.#tellLost();
    if (this.#lines.length > 0) {
      const { bytes, lines } = this.#takeLines();
      this.#batch = { kind: 'lines', bytes, kept: bytes.length, lines };
    } else if (this.#isTimeForAudio) {
      this.#batch = { kind: 'audio', ...this.#takeAudio(), lines: 0 };
    }
    return this.#batch !== undefined;
  }

  get #isTimeForAudio(): boolean {
    if (this.#audio.length === 0) return false;
    const waitedMs = this.#options.clock.now() - this.#audioSinceMs;
    return this.#closing || waitedMs >= AUDIO_MS || this.#audioBytes >= MAX_AUDIO_BYTES;
  }

  async #writeBatch(part: RecordPart): Promise<void> {
    const batch = this.#batch;
    if (batch === undefined) return;
    if (batch.kind === 'lines') await part.appendLines(batch.bytes);
    else await part.appendAudio(batch.bytes, this.#options.format);
    // Abandoned meanwhile, it was given back with all the rest.
    if (this.#batch !== batch) return;
    this.#options.budget.giveBack(batch.kept);
    this.#batch = undefined;
    if (batch.kind === 'audio') this.#audioSinceMs = this.#options.clock.now();
  }

  #takeLines(): { readonly bytes: Buffer; readonly lines: number } {
    const taken: Buffer[] = [];
    for (let bytes = 0; bytes < MAX_LINES_BYTES; ) {
      const next = this.#lines.shift();
      if (next === undefined) break;
      taken.push(next.text);
      bytes += next.text.length;
    }
    const all = Buffer.concat(taken);
    this.#linesBytes -= all.length;
    return { bytes: all, lines: taken.length };
  }

  /** Silence has its memory only while it is written, and is not counted. */
  #takeAudio(): { readonly bytes: Buffer; readonly kept: number } {
    const taken: Uint8Array[] = [];
    let kept = 0;
    for (let bytes = 0; bytes < MAX_AUDIO_BYTES; ) {
      const next = this.#audio.shift();
      if (next === undefined) break;
      const piece =
        next instanceof Uint8Array ? next : new Uint8Array(Math.min(next.silentBytes, MAX_AUDIO_BYTES - bytes));
      taken.push(piece);
      bytes += piece.length;
      if (next instanceof Uint8Array) kept += piece.length;
      else if (piece.length < next.silentBytes) this.#audio.unshift({ silentBytes: next.silentBytes - piece.length });
    }
    this.#audioBytes -= kept;
    return { bytes: Buffer.concat(taken), kept };
  }

  #lose(more: Partial<Lost>): void {
    const lost = { ...NOTHING_LOST, ...more };
    this.#lost = allLost(this.#lost, lost);
    this.#untold = true;
    this.#options.onLost?.(lost);
  }

  #msOf(bytes: number): number {
    const { rateHz, channels } = this.#options.format;
    return Math.round((bytes / (2 * channels * rateHz)) * 1000);
  }

  #tellLost(): void {
    const text = Buffer.from(`${this.#options.lostLine(this.lost)}\n`);
    if (!this.#options.budget.take(text.length)) return;
    this.#untold = false;
    this.#lines.push({ text, isInput: false });
    this.#linesBytes += text.length;
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.log.info(this.#lost, 'the call’s record is being written again');
  }

  #failed(error: unknown): void {
    if (this.#over) return;
    if (error instanceof RecordErased) {
      this.#options.log.warn('the call’s record was erased while it was being written; nothing more is written');
      this.abandon();
      return;
    }
    this.#failures += 1;
    if (this.#failures === 1) {
      this.#options.log.warn(
        { reason: messageOf(error) },
        'the call’s record cannot be written now; it is kept for later',
      );
    }
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS);
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      void this.#drain();
    });
  }
}
