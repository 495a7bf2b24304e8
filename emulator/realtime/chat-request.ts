import type { Entry } from './conversation.ts';
import type { ResponseParams, SessionSettings } from './dialect.ts';
import type { Json } from './wire-error.ts';

/** What a model that follows its instructions says: the words themselves where it is told them. */
const WORD_FOR_WORD = /\b(?:say|speak|read|repeat|greet)\b[^"“:]*(?::\s*["“]?(.+?)["”]?\s*$|["“]([^"”]+)["”])/is;

/** The words of a response that needs no model. */
export const givenWords = ({ says, instructions }: ResponseParams): string | undefined =>
  (
    says ??
    WORD_FOR_WORD.exec(instructions ?? '')
      ?.slice(1)
      .find(Boolean)
  )?.trim();

/** The body of the chat request that a response stands for. */
export function chatRequest(context: readonly Entry[], { instructions, tools, toolChoice }: SessionSettings): Json {
  const functions = tools.filter(({ type }) => type === 'function');
  return {
    messages: messagesOf(context, instructions),
    ...(functions.length > 0 && {
      tools: functions.map(({ type, ...shape }) => ({ type, function: shape })),
      tool_choice: typeof toolChoice === 'object' ? { type: 'function', function: toolChoice } : toolChoice,
    }),
  };
}

interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}
type Message = { role: string; content: string; tool_calls?: ToolCall[]; tool_call_id?: string };

/** What the model is asked: the items as messages of a chat. A caller who pauses makes two items of one sentence. */
function messagesOf(entries: readonly Entry[], instructions: string): Message[] {
  const messages: Message[] = [{ role: 'system', content: instructions }];
  for (const { item, text } of entries) {
    const last = messages.at(-1);
    const callId = String(item.call_id);
    if (item.type === 'function_call') {
      const call: ToolCall = {
        id: callId,
        type: 'function',
        function: { name: String(item.name), arguments: String(item.arguments) },
      };
      if (last?.role === 'assistant') last.tool_calls = [...(last.tool_calls ?? []), call];
      else messages.push({ role: 'assistant', content: '', tool_calls: [call] });
    } else if (item.type === 'function_call_output') {
      messages.push({ role: 'tool', content: String(item.output), tool_call_id: callId });
    } else if (item.role === 'user' && last?.role === 'user') {
      last.content = `${last.content} ${text}`.trim();
    } else if (text !== '' || item.role === 'user') {
      messages.push({ role: String(item.role), content: text });
    }
  }
  return messages;
}
