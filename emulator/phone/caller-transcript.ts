import type { Clock } from '../../shared/clock.ts';
import { wait } from '../wait.ts';
import type { TranscriptLine } from './caller-requests.ts';

export interface HeardLine {
  readonly line: TranscriptLine;
  /** When the answer that the line belongs to was first heard, on the call's clock; undefined where none was noted. */
  readonly atMs: number | undefined;
}

/** The agent's last words are written down a moment after they were heard. */
const PATIENCE_MS = 2_000;
const LOOK_AGAIN_MS = 200;

/** What was said in the call, read piece by piece and dated by what the caller heard. */
export class CallerTranscript {
  readonly #clock: Clock;
  readonly #read: () => Promise<TranscriptLine[] | undefined>;
  /** Of the greeting and of each answer. */
  readonly #answersAtMs: number[] = [];
  #linesRead = 0;
  #answersRead = 0;

  /** @param read the whole transcript so far; undefined where it cannot be had */
  constructor(clock: Clock, read: () => Promise<TranscriptLine[] | undefined>) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Notes that the greeting or an answer became audible. */
  answerHeard(atMs: number): void {
    this.#answersAtMs.push(atMs);
  }

  /** The lines since the last time. Waits a little for the agent's words, unless the call is over and there is nothing new. */
  async readOn(callIsOver: () => boolean): Promise<readonly HeardLine[]> {
    const giveUpMs = this.#clock.now() + PATIENCE_MS;
    for (;;) {
      const lines = await this.#read();
      if (lines === undefined) return [];
      const fresh = lines.slice(this.#linesRead);
      const complete = fresh.at(-1)?.role === 'agent' || (callIsOver() && fresh.length === 0);
      if (complete || this.#clock.now() >= giveUpMs) return fresh.map((line) => this.#date(line));
      await wait(this.#clock, LOOK_AGAIN_MS);
    }
  }

  #date(line: TranscriptLine): HeardLine {
    const atMs = this.#answersAtMs[this.#answersRead];
    this.#linesRead += 1;
    if (line.role === 'agent') this.#answersRead += 1;
    return { line, atMs };
  }
}
