import type { Clock } from '../../shared/clock.ts';
import { wait } from '../wait.ts';
import type { CallEvent } from './caller-events.ts';
import { type AnswerStages, answerStages, type CallRecord, isOwnTool, type TranscriptLine } from './caller-requests.ts';
import { answerMs, datedEvents, isTold, lineTimes } from './line-times.ts';

export interface HeardLine {
  readonly line: TranscriptLine;
  /**
   * When it was said or done, on the call's clock; where the record does not tell, when the answer that it belongs to was
   * first heard. Undefined where none was noted, either.
   */
  readonly atMs: number | undefined;
}

/** What was said meanwhile, in place of an answer that was late. */
export interface Filling {
  readonly text: string;
  readonly atMs: number | undefined;
}

/** What has come on record since the last time. */
export interface TurnOnRecord {
  readonly lines: readonly HeardLine[];
  /**
   * Whether words of the caller stand there, and before any that the agent said of its own accord; or the service that
   * heard them has lost what they were.
   */
  readonly understood: boolean;
  /** Whether words of the agent follow the last ones of the caller. */
  readonly answered: boolean;
  /** All that answered was an apology, or that there will be no answer: the model gave nothing. */
  readonly apologised: boolean;
  readonly fillings: readonly Filling[];
  /** When the first sound of the last answer was sent, on the call's clock. */
  readonly answerMs: number | undefined;
  /** Something is done with the call, or was in the meantime: a transfer, a hold. Whoever speaks then may not be heard. */
  readonly isHandled: boolean;
  readonly tools: readonly string[];
  readonly filled: boolean;
  readonly stages: AnswerStages | undefined;
  /** Events that stood on record, and the last of them. */
  readonly eventsRead: number;
  readonly lastEvent: CallRecord['events'][number] | undefined;
  readonly operationsRead: number;
}

/** The agent's last words are written down a moment after they were heard. */
const PATIENCE_MS = 2_000;
const LOOK_AGAIN_MS = 200;
/** What the host sends is heard so soon: then the moment in which it was heard counts. */
const SENT_TO_HEARD_MS = 500;

export interface CallerTranscriptOptions {
  readonly clock: Clock;
  /** The record of the call so far; undefined where it cannot be had. */
  readonly read: () => Promise<CallRecord | undefined>;
  /** When the call was connected, since 1970. */
  readonly startWallMs: () => number;
}

/** What was said in the call, read piece by piece and dated by what the caller heard. */
export class CallerTranscript {
  readonly #options: CallerTranscriptOptions;
  /** Of the greeting and of the answers whose words were not read yet. */
  #heardAtMs: number[] = [];
  #utterances = 0;
  #linesRead = 0;
  #eventsRead = 0;
  #lastEvent: CallRecord['events'][number] | undefined;
  /** Of so many lines Redis has lost the events, or keeps them no more: none that stands there now is theirs. */
  #eventless = 0;
  #operationsRead = 0;

  constructor(options: CallerTranscriptOptions) {
    this.#options = options;
  }

  /** Notes that the greeting, or the answer to an utterance, became audible. */
  heard(what: 'greeting' | 'answer', atMs: number): void {
    this.#heardAtMs.push(atMs);
    if (what === 'answer') this.#utterances += 1;
  }

  /** Goes on behind what that was; it stands for all that was heard so far. */
  told(turn: TurnOnRecord): void {
    this.#linesRead += turn.lines.length;
    this.#eventsRead = turn.eventsRead;
    this.#lastEvent = turn.lastEvent;
    this.#operationsRead = turn.operationsRead;
    this.#heardAtMs = [];
    this.#utterances = 0;
  }

  /**
   * What is there since the last that was told. Waits a little for the agent's words, unless the call is over and there is nothing
   * new. Undefined where nobody can tell.
   */
  async readOn(callIsOver: () => boolean): Promise<TurnOnRecord | undefined> {
    const { clock, read } = this.#options;
    const giveUpMs = clock.now() + PATIENCE_MS;
    for (;;) {
      const record = await read();
      if (record === undefined) return undefined;
      const fresh = record.transcript.slice(this.#linesRead);
      // A greeting that could not be read sooner is no answer.
      const isAnswered = this.#utterances === 0 || fresh.some(({ role }) => role === 'caller');
      const complete = (isAnswered && fresh.at(-1)?.role === 'agent') || (callIsOver() && fresh.length === 0);
      if (complete || clock.now() >= giveUpMs) return this.#turnOf(record, fresh);
      await wait(clock, LOOK_AGAIN_MS);
    }
  }

  /** What has come on record by now, whether it is whole or not. Undefined where nobody can tell. */
  async readNow(): Promise<TurnOnRecord | undefined> {
    const record = await this.#options.read();
    return record && this.#turnOf(record, record.transcript.slice(this.#linesRead));
  }

  #turnOf(record: CallRecord, fresh: readonly TranscriptLine[]): TurnOnRecord {
    const lastRead = JSON.stringify(this.#lastEvent);
    const isLastRead = (event: unknown) => JSON.stringify(event) === lastRead;
    const isWhole = isLastRead(record.events[this.#eventsRead - 1]);
    if (!isWhole) this.#eventless = this.#linesRead;
    const events = record.events.slice(isWhole ? this.#eventsRead : 0);
    const startWallMs = this.#options.startWallMs();
    const answeredMs = answerMs(datedEvents(events, startWallMs));
    const dated = record.transcript.slice(this.#eventless);
    const times = lineTimes(dated, datedEvents(record.events, startWallMs)).slice(this.#linesRead - this.#eventless);
    const before = fresh.findIndex(({ role }) => role === 'caller');
    // A greeting that was not on record when it was looked for stands before the caller's words.
    const greetings = this.#heardAtMs.length - this.#utterances;
    const faults = new Set(events.flatMap(({ type, data }) => (type === 'fault' ? [data.code] : [])));
    const waits = events.filter(({ type }) => type === 'wait.filled');
    const operations = record.operations ?? [];
    const latency = events.findLast(({ type }) => type === 'turn.latency');
    return {
      lines: this.#date(fresh, times, answeredMs),
      answerMs: answeredMs,
      understood: (before >= 0 && before <= greetings) || faults.has('realtime.words_lost'),
      apologised:
        faults.has('reply.failed') ||
        faults.has('synthesis.failed') ||
        waits.some(({ data }) => data.kind === 'give-up'),
      fillings: waits.flatMap(({ data: { text }, at }) =>
        typeof text === 'string' ? [{ text, atMs: at ? Date.parse(at) - startWallMs : undefined }] : [],
      ),
      answered: fresh.at(-1)?.role === 'agent',
      isHandled: isBeingMoved(record) || operations.slice(this.#operationsRead).some(moves),
      tools: fresh.flatMap((line) => (isOwnTool(line) ? [line.tool] : [])),
      filled: waits.length > 0,
      stages: answerStages.safeParse(latency?.data).data,
      eventsRead: record.events.length,
      lastEvent: record.events.at(-1),
      operationsRead: operations.length,
    };
  }

  /**
   * By the record; else each caller's line begins another turn that was heard, and what the agent says before the first is
   * its greeting, or a prompt.
   */
  #date(
    lines: readonly TranscriptLine[],
    times: readonly (number | undefined)[],
    answeredMs: number | undefined,
  ): HeardLine[] {
    let turn = -1;
    // What was done with words before they were final is told behind them; and nothing was said before the call.
    let earliestMs = 0;
    return lines.map((line, at) => {
      if (line.role === 'caller' || turn < 0) turn = Math.min(turn + 1, Math.max(0, this.#heardAtMs.length - 1));
      const heardMs = this.#heardAtMs[turn];
      const ownMs = times[at] ?? (line.role === 'agent' && heardMs !== undefined ? answeredMs : undefined);
      // It speaks of that later, or not at all.
      if (isTold(line)) return { line, atMs: ownMs };
      const nearMs =
        line.role === 'agent' && ownMs !== undefined
          ? this.#heardAtMs.find((each) => Math.abs(each - ownMs) < SENT_TO_HEARD_MS)
          : undefined;
      const foundMs = nearMs ?? ownMs ?? heardMs;
      const atMs = foundMs && Math.max(line.role === 'tool' ? earliestMs : 0, foundMs);
      if (line.role === 'caller') earliestMs = atMs ?? 0;
      return { line, atMs };
    });
  }
}

type Operation = NonNullable<CallRecord['operations']>[number];

const moves = ({ kind }: Operation): boolean => kind === 'transfer' || kind === 'hold' || kind === 'unhold';

/** Whether somebody is handing the caller on at the moment. */
export const isBeingMoved = (record: CallRecord | undefined): boolean =>
  record?.operations?.some(({ kind, state }) => kind === 'transfer' && (state === 'asked' || state === 'accepted')) ??
  false;

/** The agent hangs up, or somebody who asked the API for it: the phone network cannot tell. */
export function endingOnRecord(ending: CallEvent, record: CallRecord | undefined): CallEvent {
  const isAskedFor = record?.events.some(({ type }) => type === 'call.hangup-requested');
  if (!isAskedFor || ending.event !== 'disconnected') return ending;
  return { ...ending, by: 'request', reason: 'Somebody asked the API to hang up.' };
}
