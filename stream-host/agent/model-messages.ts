import type OpenAI from 'openai';
import { type HistoryItem, INTERRUPTED, pressedText, type ToolCall } from '../../shared/sessions/history.ts';
import type { SessionFacts } from '../contract/agent.ts';
import { type Agent, END_CALL } from './agent-definition.ts';
import { describeFacts } from './session-facts.ts';
import { toolDeclarations } from './tool-calls.ts';

type Message = OpenAI.ChatCompletionMessageParam;

/** How much of a conversation the model is sent. Beyond it the oldest turns are left out, whole. */
export interface HistoryBudget {
  readonly maxItems: number;
  readonly maxCharacters: number;
}

const LONGEST_RESULT = 8000;

const NOTES = `About this conversation:
The caller's words come from speech recognition and may be misheard; ask when they make no sense.
An answer of yours that ends in "${INTERRUPTED}" was cut off there: the caller heard nothing after it. Never write that mark yourself.
"${pressedText('12#')}" means that the caller pressed these keys of the telephone; it is as good as having said them.`;

/**
 * The history as chat messages, after the agent's instructions.
 * @returns also how many items did not fit the budget and were left out
 */
export function toMessages(
  agent: Agent,
  history: readonly HistoryItem[],
  options: { readonly budget: HistoryBudget; readonly now: Date; readonly facts?: SessionFacts },
): { messages: Message[]; leftOut: number } {
  const kept = withinBudget(history, options.budget);
  const leftOut = history.length - kept.length;
  const facts = options.facts ? describeFacts(options.facts) : '';
  const system = [agent.prompt, NOTES, ...(facts === '' ? [] : [facts])];
  if (leftOut > 0) system.push('The beginning of this conversation is left out here.');
  // Last, so that a provider can keep what stands before it.
  system.push(`It is ${spokenDate(options.now, agent)}.`);
  return {
    messages: [{ role: 'system', content: system.join('\n\n') }, ...kept.flatMap(toMessageGroups(kept))],
    leftOut,
  };
}

/** A round's tool calls and what came of them, as the model wants to see them again. */
export function toolMessages(
  done: readonly { readonly call: ToolCall; readonly result: unknown }[],
  text = '',
): Message[] {
  return [
    {
      role: 'assistant',
      content: text === '' ? null : text,
      tool_calls: done.map(({ call }) => ({
        id: call.callId,
        type: 'function',
        function: { name: call.name, arguments: JSON.stringify(call.args) },
      })),
    },
    ...done.map(
      ({ call, result }): Message => ({ role: 'tool', tool_call_id: call.callId, content: resultText(result) }),
    ),
  ];
}

/** What the model may call: the agent's tools, and the built-in one that hangs up. */
export function toolsOf(agent: Agent): OpenAI.ChatCompletionFunctionTool[] {
  const tools = [...toolDeclarations(agent.tools), ...toolDeclarations(agent.callTools ?? new Map())];
  if (!agent.canEndCall) return tools;
  const description = 'Hangs up once what you say in this answer has been heard. Say goodbye in the same answer.';
  const reason = { type: 'string', description: 'Why, in a few words' };
  const parameters = { type: 'object', properties: { reason }, additionalProperties: false };
  return [...tools, { type: 'function', function: { name: agent.endCallName ?? END_CALL, description, parameters } }];
}

/** Tool calls that follow each other were made together and go into one message; other items map one to one. */
function toMessageGroups(history: readonly HistoryItem[]): (item: HistoryItem, index: number) => Message[] {
  return (item, index) => {
    if (item.role === 'caller') return [{ role: 'user', content: item.text }];
    if (item.role === 'agent') {
      const content = item.heard ? item.text : `${item.text} ${INTERRUPTED}`.trim();
      return content === '' ? [] : [{ role: 'assistant', content }];
    }
    if (history[index - 1]?.role === 'tool') return [];
    const end = history.findIndex((later, at) => at > index && later.role !== 'tool');
    const run = history.slice(index, end < 0 ? history.length : end);
    return toolMessages(run.filter((each) => each.role === 'tool'));
  };
}

/** Kept for each agent: to make one cost a host 1 % of its work, as every request of the model asks for the date. */
const dateFormats = new WeakMap<Agent, Intl.DateTimeFormat>();

/** In one language whatever the agent speaks: the instructions around it are the model's, not the caller's. */
export function spokenDate(now: Date, agent: Agent): string {
  let format = dateFormats.get(agent);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: agent.timeZone,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
    });
    dateFormats.set(agent, format);
  }
  return `${format.format(now)} (${agent.timeZone})`;
}

/** Drops turns from the front (a turn opens with the caller's words) until the rest fits. The last one always stays. */
function withinBudget(history: readonly HistoryItem[], budget: HistoryBudget): readonly HistoryItem[] {
  let start = history.length;
  let characters = 0;
  for (let index = history.length - 1; index >= 0; index--) {
    const item = history[index];
    if (!item) break;
    characters += item.role === 'tool' ? resultText(item.result).length : item.text.length;
    const fits = history.length - index <= budget.maxItems && characters <= budget.maxCharacters;
    if (!fits && start < history.length) break;
    if (item.role === 'caller' || index === 0) start = index;
  }
  return history.slice(start);
}

function resultText(result: unknown): string {
  const text = JSON.stringify(result) ?? 'null';
  return text.length <= LONGEST_RESULT ? text : `${text.slice(0, LONGEST_RESULT)} (the rest is left out)`;
}
