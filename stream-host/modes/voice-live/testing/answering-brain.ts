import type { HistoryItem } from '../../../../shared/sessions/history.ts';
import type { RealtimeResponseRequest } from '../../../contract/realtime.ts';
import type { Step } from './talking-service.ts';

/** What its answer's words begin with. */
export const nameOf = (question: string): string => question.replaceAll('word', '').replaceAll(' ', '-');

/** The whole answer to a question: words that tell which question they answer, and which word of the answer they are. */
export function answerTo(question: string): string {
  const words = Array.from({ length: 12 }, (_, n) => `${nameOf(question)}:${n}`);
  return `${words.join(' ')}.`;
}

/**
 * A model that reads its instructions: it answers the caller's newest words, goes on where an answer breaks off, and
 * begins with an excuse, as it is told.
 */
export function answeringBrain(lines: readonly HistoryItem[], request: RealtimeResponseRequest, tool: boolean): Step[] {
  const { instructions = '' } = request;
  const excuse = /word for word: "(.*)"/.exec(instructions)?.[1];
  const before: Step[] = excuse === undefined ? [] : [{ say: excuse }];
  const question = lines.findLast((line) => line.role === 'caller')?.text ?? '';
  const last = lines.at(-1);
  if (instructions.includes('The line broke in the middle')) {
    const said = last?.role === 'agent' ? last.text : '';
    const whole = answerTo(question);
    const from = whole.indexOf(':') < 0 ? 0 : saidOf(whole, said);
    return [...before, { say: whole.slice(from).trim() || '.' }];
  }
  if (tool && last?.role !== 'tool') return [...before, { tool: 'look_up' }];
  return [...before, 300, { say: answerTo(question) }];
}

/** How much of the answer the end of what was said is. */
function saidOf(whole: string, said: string): number {
  for (let length = Math.min(whole.length, said.length); length > 0; length -= 1) {
    if (said.endsWith(whole.slice(0, length))) return length;
  }
  return 0;
}
