import { z } from 'zod';
import { type CallRecord, isOwnTool, type TranscriptLine } from './caller-requests.ts';

/** An event of a call's record, on the call's clock. */
export interface DatedEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly atMs: number;
}

/** @param startWallMs when the call was connected, since 1970 */
export const datedEvents = (events: CallRecord['events'], startWallMs: number): readonly DatedEvent[] =>
  events.flatMap(({ type, data, at }) => (at ? [{ type, data, atMs: Date.parse(at) - startWallMs }] : []));

const number = z.number().catch(0);
const latency = z.object({ turn: number, wordsMs: number, firstAudioMs: number });
const said = z.object({ text: z.string().catch(''), durationMs: number });

/**
 * When each line was said or done, by the events of it: the caller's words when they were recognised, the agent's when it
 * began to say them. What the agent was told it speaks of next. Undefined of what no event tells.
 */
export function lineTimes(
  lines: readonly TranscriptLine[],
  events: readonly DatedEvent[],
): readonly (number | undefined)[] {
  const caller = new Unread(events, /^caller\.(?:said|corrected)$/);
  const tools = new Unread(events, /^tool\.started$/);
  const agent = new Unread(events, /^agent\.said$/);
  /** Within one turn, the agent says the next of it once its tool is done. */
  let toolEndMs = Number.NEGATIVE_INFINITY;
  const times = lines.map((line) => {
    if (line.role === 'caller') {
      toolEndMs = Number.NEGATIVE_INFINITY;
      const event = caller.take(line.text);
      return event && (recognisedMs(event, events) ?? event.atMs);
    }
    if (line.role === 'agent') {
      const event = agent.take(line.text.trim());
      return event && Math.max(event.atMs - said.parse(event.data).durationMs, toolEndMs);
    }
    const started = isOwnTool(line) ? tools.takeNamed(line.tool) : undefined;
    if (started === undefined) return undefined;
    const ended = events.find(({ type, data }) => type === 'tool.ended' && data.callId === started.data.callId);
    toolEndMs = ended?.atMs ?? started.atMs;
    return started.atMs;
  });
  const nextOf = (at: number) => times.slice(at).find((timeMs) => timeMs !== undefined);
  return lines.map((line, at) => (isTold(line) ? nextOf(at) : times[at]));
}

/** The service told it the agent. */
export const isTold = (line: TranscriptLine): boolean => line.role === 'tool' && !isOwnTool(line);

/** When the first sound of the last answer among them was sent; without what filled the wait for it. */
export const answerMs = (events: readonly DatedEvent[]): number | undefined =>
  events.findLast(({ type }) => type === 'turn.latency')?.atMs;

function recognisedMs({ data: { turn } }: DatedEvent, events: readonly DatedEvent[]): number | undefined {
  const event = events.find(({ type, data }) => type === 'turn.latency' && data.turn === turn);
  if (event === undefined) return undefined;
  const { firstAudioMs, wordsMs } = latency.parse(event.data);
  return event.atMs - firstAudioMs + wordsMs;
}

/** Events of one kind, each of them for a line or several, in order. */
class Unread {
  readonly #events: readonly DatedEvent[];
  #at = -1;
  /** What no line was found for yet of the words of the one that was taken last. */
  #rest = '';

  constructor(events: readonly DatedEvent[], type: RegExp) {
    this.#events = events.filter((event) => type.test(event.type));
  }

  take(text: string): DatedEvent | undefined {
    if (!this.#rest.includes(text)) {
      const at = this.#next(({ data }) => said.parse(data).text.includes(text));
      if (at < 0) return undefined;
      this.#at = at;
      this.#rest = said.parse(this.#events[at]?.data).text;
    }
    this.#rest = this.#rest.slice(this.#rest.indexOf(text) + text.length);
    return this.#events[this.#at];
  }

  takeNamed(name: string): DatedEvent | undefined {
    const at = this.#next(({ data }) => data.name === name);
    if (at >= 0) this.#at = at;
    return this.#events[at];
  }

  #next(fits: (event: DatedEvent) => boolean): number {
    return this.#events.findIndex((event, at) => at > this.#at && fits(event));
  }
}
