import { type HistoryItem, INTERRUPTED } from '../../shared/sessions/history.ts';
import type { Dialect } from './dialect.ts';
import type { Fields } from './fields.ts';

/** As much as MEDIA's model is sent: what is older is left out, from a caller's words on. */
const MAX_ITEMS = 80;
const MAX_CHARACTERS = 24_000;

/** A caller's words that were not spoken to the service. */
export const callerItem = (text: string): Fields => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});

export const toolResultItem = (callId: string, output: string): Fields => ({
  type: 'function_call_output',
  call_id: callId,
  output,
});

/** An earlier dialogue as items of the conversation. Of an answer that was cut off only what was heard is there. */
export function restoredItems(history: readonly HistoryItem[], textType: Dialect['agentTextType']): Fields[] {
  return withinBudget(history).flatMap((item): Fields[] => {
    if (item.role === 'caller') return [callerItem(item.text)];
    if (item.role === 'tool') {
      const { callId, name, args } = item.call;
      return [
        { type: 'function_call', call_id: callId, name, arguments: JSON.stringify(args) },
        toolResultItem(callId, JSON.stringify(item.result) ?? 'null'),
      ];
    }
    const text = item.heard ? item.text : `${item.text} ${INTERRUPTED}`.trim();
    return text === '' ? [] : [{ type: 'message', role: 'assistant', content: [{ type: textType, text }] }];
  });
}

function withinBudget(history: readonly HistoryItem[]): readonly HistoryItem[] {
  let start = history.length;
  let characters = 0;
  for (let index = history.length - 1; index >= 0; index--) {
    const item = history[index];
    if (!item) break;
    characters += JSON.stringify(item).length;
    const fits = history.length - index <= MAX_ITEMS && characters <= MAX_CHARACTERS;
    if (!fits && start < history.length) break;
    if (item.role === 'caller' || index === 0) start = index;
  }
  return history.slice(start);
}
