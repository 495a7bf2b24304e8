import type { ChatAnswer } from '../openai/chat-wire.ts';
import type { Entry } from './conversation.ts';
import type { ResponseParams, SessionSettings } from './dialect.ts';
import type { Json } from './wire-error.ts';

/** Instructions that are nothing but words to say. Those of an agent may quote some, too, in what they tell of it. */
const WORD_FOR_WORD =
  /^\s*(?:please\s+)?(?:say|speak|read|repeat|greet)\b[^"“:]*(?::\s*["“]?(.+?)["”]?\s*$|["“]([^"”]+)["”])/is;

/** The words of a response that needs no model. */
export const givenWords = ({ says, instructions }: ResponseParams): string | undefined =>
  (
    says ??
    WORD_FOR_WORD.exec(instructions ?? '')
      ?.slice(1)
      .find(Boolean)
  )?.trim();

const FIRST = /\bbegin with this sentence[^"“]*["“]([^"”]+)["”]/i;
const REST = /\bsay only what is still missing\b/i;

/** An answer as a model gives it that is told how to begin, or to go on with its last message. */
export async function asInstructed(
  { instructions = '' }: ResponseParams,
  context: readonly Entry[],
  answer: (context: readonly Entry[]) => Promise<ChatAnswer>,
): Promise<ChatAnswer> {
  const first = FIRST.exec(instructions)?.[1];
  const last = context.at(-1);
  const broken = REST.test(instructions) && last?.item.role === 'assistant' ? last.text : '';
  const { text, calls } = await answer(broken === '' ? context : context.slice(0, -1));
  const rest = text.slice(saidOf(text, broken)).trim();
  return { text: [first, rest].filter(Boolean).join(' '), calls };
}

/** How much of an answer's beginning was said. */
function saidOf(answer: string, said: string): number {
  let length = said === '' ? 0 : answer.length;
  while (length > 0 && !said.includes(answer.slice(0, length))) length -= 1;
  return length;
}

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
