import { z } from 'zod';
import { jsonOf } from '../../../shared/json.ts';
import type { ChatAnswer, ChatMessage, ToolShape } from '../chat-wire.ts';
import { phraseResult } from './result-words.ts';

/** What the scripted dialogue does with the call itself, and says of it: put through, hold, and what came of either. */

const CALL_TOOLS: ReadonlySet<string> = new Set(['transfer_call', 'hand_to_human', 'hold_call', 'hang_up']);

export const isCallTool = ({ name }: ToolShape): boolean => CALL_TOOLS.has(name);

const HUMAN = /\b(human|representative|operator|colleague|(talk|speak) (to|with) (a|an|some\w*)\b)/;
const THROUGH = /\b(put|connect|transfer) me\b/;
/** Whoever asks that wants to know, and not to be put through. */
const ASKS_WHO = /\bare you\b/;
const HOLD = /\bhold\b.*\b(line|on|moment)\b|\bput me on hold\b/;

const wantsSomebody = (plain: string): boolean => !ASKS_WHO.test(plain) && (HUMAN.test(plain) || THROUGH.test(plain));

/** What an agent says that is asked for a human, and may put nobody through. */
export const nobodyToReach = (plain: string): string | undefined =>
  wantsSomebody(plain)
    ? 'I am sorry, I cannot put you through: nobody is named whom I may hand you to. What else can I do for you?'
    : undefined;

/** What it does when the caller wants to be put through, or held; undefined where he wants something else. */
export function callWish(said: string, tools: readonly ToolShape[]): ChatAnswer | undefined {
  const plain = said.toLowerCase();
  const named = (name: string) => tools.find((tool) => tool.name === name);
  const use = (text: string, tool: ToolShape, args: object): ChatAnswer => ({
    text,
    calls: [{ name: tool.name, args: JSON.stringify(args) }],
  });
  const summary = `I have a caller on the line who would like to talk to you. The last words were: ${said}`;
  const hold = named('hold_call');
  if (hold && HOLD.test(plain)) return use('I will put you on hold for a moment.', hold, { seconds: 5 });
  if (!wantsSomebody(plain)) return undefined;
  const transfer = named('transfer_call');
  const targets = (transfer?.parameters.properties.target?.enum ?? []).filter((name) => typeof name === 'string');
  const target = targets.find((name) => plain.includes(name.replaceAll(/[_-]/g, ' ')));
  if (transfer && target !== undefined) {
    return use(`I will put you through to ${target}. One moment, please.`, transfer, { target, summary });
  }
  const human = named('hand_to_human');
  if (human) return use('I will put you through to a colleague. One moment, please.', human, { summary });
  const [only] = targets;
  if (!transfer || only === undefined) return undefined;
  return use(`I will put you through to ${only}. One moment, please.`, transfer, { target: only, summary });
}

const news = z.object({ status: z.string(), reason: z.string().optional() });
const timeLeft = z.object({ ends_in_s: z.number() });

/** What it says of what has happened in the call, where that is the last thing that it was told. */
export function callNews(messages: readonly ChatMessage[]): string | undefined {
  const last = messages.at(-1);
  if (last?.role !== 'tool') return undefined;
  const made = messages.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : []));
  const name = made.find(({ id }) => id === last.tool_call_id)?.function.name ?? '';
  const result = jsonOf(last.content);
  const ends = timeLeft.safeParse(result).data;
  if (ends) return `I am sorry, our time is nearly up: this call ends in ${ends.ends_in_s} seconds.`;
  if (name === 'collect_keys') return keysCollected(result);
  const told = CALL_TOOLS.has(name) ? news.safeParse(result).data : undefined;
  switch (told?.status) {
    case 'accepted':
      return 'One moment, please.';
    case 'human_answered':
      return 'Hello, this is the order desk. I have a caller for you who would like to talk to somebody.';
    case 'caller_is_back':
      return 'Thank you for waiting. I am with you again. What else can I do for you?';
    case 'failed':
      return 'I am sorry, I could not put you through: nobody is there to take your call. What else can I do for you?';
    default:
      return undefined;
  }
}

const collected = z.looseObject({
  status: z.string(),
  attempts: z.number(),
  keys: z.string().optional(),
  handle: z.string().optional(),
});

/** What came of the keys that a caller was asked for, and what a check brought beside that. A handle is for tools, not for ears. */
function keysCollected(result: unknown): string | undefined {
  const { status, attempts: _, keys: _keys, handle: _handle, ...brought } = collected.safeParse(result).data ?? {};
  const also = Object.keys(brought).length === 0 ? '' : ` ${phraseResult(brought)}`;
  switch (status) {
    case 'right':
      return `Thank you, that is right.${also} What can I do for you?`;
    case 'not_right':
      return 'I am sorry, that was not right. What else can I do for you?';
    case 'nothing':
      return 'I have got no keys from you. What else can I do for you?';
    default:
      return undefined;
  }
}
