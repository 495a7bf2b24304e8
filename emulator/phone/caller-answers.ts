import { NOT_UNDERSTOOD } from '../openai/dialogue/not-understood.ts';
import type { Answer, CallEvent } from './caller-events.ts';
import { isOwnTool } from './caller-requests.ts';
import type { TurnOnRecord } from './caller-transcript.ts';

interface HeardAnswer {
  /** What it was to. */
  readonly label: string;
  readonly atMs: number;
  /** Of the first sound after it. */
  readonly latencyMs: number;
  /** Of keys nobody says that he has understood them. */
  readonly toKeys: boolean;
}

/**
 * What became of the caller's utterances. That something was heard after one is no answer yet: an agent that has not
 * understood speaks up, too. So each is judged by what is on record.
 */
export class CallerAnswers {
  readonly #answers: Answer[] = [];
  readonly #missed: string[] = [];
  #heard: HeardAnswer[] = [];

  get answers(): readonly Answer[] {
    return this.#answers;
  }

  /** What the agent did not understand or answer, a sentence each. */
  get missed(): readonly string[] {
    return this.#missed;
  }

  /** Something was heard after an utterance. */
  heard(answer: HeardAnswer): void {
    this.#heard.push(answer);
  }

  /**
   * Judges what was heard since the last time.
   * @param turn what is on record of it; where nobody can tell, whatever was heard counts as an answer
   */
  judge(turn: TurnOnRecord | undefined): readonly CallEvent[] {
    const heard = this.#heard.splice(0);
    const last = heard.at(-1);
    if (!last) return [];
    const problem = turn && !last.toKeys && problemOf(turn, last.label);
    if (problem && turn.isHandled) return [{ event: 'not-judged', atMs: last.atMs, label: last.label }];
    if (problem) {
      this.#missed.push(problem);
      // Whoever only apologises has said all that is quoted before that is known.
      const said = [...turn.fillings, ...turn.lines].map(({ atMs = last.atMs }) => atMs);
      return [{ event: 'missed', atMs: Math.max(last.atMs, ...said), problem }];
    }
    return heard.map(({ atMs: soundMs, latencyMs: firstSoundMs }, index) => {
      const own = turn ? linesOf(turn, heard.length - 1 - index) : [];
      // After what filled the wait: so much later the answer itself.
      const laterMs = turn?.filled && heard.length === 1 ? Math.round((turn.answerMs ?? soundMs) - soundMs) : 0;
      const atMs = soundMs + Math.max(0, laterMs);
      const answer: Answer = {
        latencyMs: firstSoundMs + atMs - soundMs,
        ...(atMs > soundMs && { firstSoundMs }),
        tools: own.flatMap(({ line }) => (isOwnTool(line) ? [line.tool] : [])),
        filled: turn?.filled ?? false,
        // They count from the end of speech, and keys are none.
        ...(turn?.stages && heard.length === 1 && !last.toKeys && { stages: turn.stages }),
      };
      this.#answers.push(answer);
      return { event: 'answer', atMs, ...answer };
    });
  }
}

/** What was said and done in a turn, from the caller's words on. @param fromLast 0 is the last one, 1 the one before */
function linesOf({ lines }: TurnOnRecord, fromLast: number): TurnOnRecord['lines'] {
  const starts = lines.flatMap(({ line }, at) => (line.role === 'caller' ? [at] : []));
  const start = starts.at(-1 - fromLast) ?? (fromLast === 0 ? 0 : lines.length);
  return lines.slice(start, fromLast === 0 ? lines.length : starts.at(-fromLast));
}

function problemOf(turn: TurnOnRecord, label: string): string | undefined {
  const { understood, answered, apologised, fillings, lines } = turn;
  const texts = [
    ...(apologised ? fillings.map(({ text }) => text) : []),
    ...lines.flatMap(({ line }) => (line.role === 'agent' ? [line.text] : [])),
  ];
  const said = texts.join(' ');
  if (!understood || texts.at(-1)?.startsWith(NOT_UNDERSTOOD))
    return `The agent did not understand "${label}"${said && `; it only said "${said}"`}.`;
  if (apologised) return `The agent could not answer "${label}"${said && `; it only said "${said}"`}.`;
  return answered ? undefined : `The agent understood "${label}", but gave no answer.`;
}
