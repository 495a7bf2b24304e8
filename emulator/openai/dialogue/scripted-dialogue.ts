import type { ChatAnswer, ChatModel, ChatRequest } from '../chat-wire.ts';
import { isOrderIntent, type OrderIntent, type Understanding, understand } from './intents.ts';
import { findOrderNumbers, speakOrderNumber } from './number-words.ts';
import { isNotFound, phraseChange, phraseHours, phraseLookUp } from './order-phrases.ts';
import { phraseFallback, phraseHelp, phraseSmallTalk } from './small-talk.ts';
import { type CallRecord, readTurns, type Turn } from './transcript.ts';

/** The tools that the dialogue knows how to use, if the agent has them. */
const TOOL = {
  lookUp: 'look_up_order',
  changeDay: 'change_delivery_day',
  hours: 'opening_hours',
  endCall: 'end_call',
} as const;

interface PlannedCall {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
}

/** What to do about the caller's last words. It follows from the messages alone, so it is made anew for each request. */
type Plan =
  | { readonly kind: 'say'; readonly text: string; readonly hangUp?: boolean }
  /** A question whose answer goes on with what the caller wanted. */
  | { readonly kind: 'ask'; readonly text: string }
  | {
      readonly kind: 'use';
      readonly calls: readonly PlannedCall[];
      /** Where answers to these calls may be found already. */
      readonly done: readonly CallRecord[];
      readonly phrase: (results: readonly unknown[]) => string;
    };

/** What the caller wants about which order. */
interface Wish {
  readonly intent: OrderIntent;
  readonly numbers: readonly string[];
  readonly day: string | undefined;
}

/**
 * Stands in for a language model where there is none: a fixed set of rules that sees what a model would see, the
 * messages and the tools, and answers about orders. It is no language model and says so when asked.
 */
export class ScriptedDialogue implements ChatModel {
  readonly name = 'scripted-demo';

  answer(request: ChatRequest): ChatAnswer {
    const tools = new Set(request.tools?.map((tool) => tool.function.name));
    const plan = makePlan(readTurns(request.messages), tools);
    if (plan.kind !== 'use') {
      const hangUp = plan.kind === 'say' && plan.hangUp && tools.has(TOOL.endCall);
      return { text: plan.text, calls: hangUp ? [{ name: TOOL.endCall, args: '{"reason":"goodbye"}' }] : [] };
    }
    const answered = plan.calls.map((call) => plan.done.findLast((record) => isSameCall(record, call)));
    const missing = plan.calls.filter((_, index) => answered[index] === undefined);
    if (missing.length > 0 && request.tool_choice !== 'none') {
      return { text: '', calls: missing.map(({ name, args }) => ({ name, args: JSON.stringify(args) })) };
    }
    return { text: plan.phrase(answered.map((record) => record?.result)), calls: [] };
  }
}

function makePlan(turns: readonly Turn[], tools: ReadonlySet<string>): Plan {
  const turn = turns.at(-1);
  if (!turn || turn.caller.trim() === '') return { kind: 'say', text: phraseHelp(tools) };
  const understood = understand(turn.caller);
  const wish = findWish(turns, understood, tools);
  if (wish) return planOrder(wish, turn, tools);

  const before = turns.at(-2);
  const { intent } = understood;
  const acceptsHours = intent === 'yes' && before !== undefined && understand(before.caller).intent === 'human';
  if (intent === 'hours' || acceptsHours) {
    if (!tools.has(TOOL.hours)) return cannot();
    return { kind: 'use', calls: [{ name: TOOL.hours, args: {} }], done: turn.calls, phrase: ([r]) => phraseHours(r) };
  }
  if (intent === 'repeat') return planRepeat(turns, tools);
  if (intent === undefined || isOrderIntent(intent)) {
    const again = before !== undefined && before.caller !== '' && understand(before.caller).intent === undefined;
    return { kind: 'say', text: phraseFallback(tools, again) };
  }
  return { kind: 'say', text: phraseSmallTalk(intent, tools), hangUp: intent === 'goodbye' };
}

function planOrder({ intent, numbers, day }: Wish, turn: Turn, tools: ReadonlySet<string>): Plan {
  const name = intent === 'change-day' ? TOOL.changeDay : TOOL.lookUp;
  if (!tools.has(name)) return cannot();
  if (numbers.length === 0) return { kind: 'ask', text: 'Of course. Which order is it? Please tell me its number.' };
  if (intent !== 'change-day') {
    const calls = numbers.map((number) => ({ name, args: { order_number: number } }));
    const phrase = (results: readonly unknown[]) =>
      results.map((result) => phraseLookUp(result, intent, day)).join(' ');
    return { kind: 'use', calls, done: turn.calls, phrase };
  }
  if (day === undefined) {
    const orders = numbers.map(speakOrderNumber).join(' and ');
    return { kind: 'ask', text: `Certainly. On which day of the week shall order ${orders} come?` };
  }
  const calls = numbers.map((number) => ({ name, args: { order_number: number, new_day: day } }));
  return { kind: 'use', calls, done: turn.calls, phrase: (results) => results.map(phraseChange).join(' ') };
}

/** Says the last answer again, whole, even where the caller cut it off. */
function planRepeat(turns: readonly Turn[], tools: ReadonlySet<string>): Plan {
  const before = turns.at(-2);
  const opening = 'Of course. ';
  if (!before) return { kind: 'say', text: phraseHelp(tools) };
  if (before.caller === '') return { kind: 'say', text: opening + before.agent.join(' ').replace(/ \[.*\]$/, '') };
  const plan = makePlan(turns.slice(0, -1), tools);
  if (plan.kind !== 'use') return { kind: plan.kind, text: opening + plan.text.replace(opening, '') };
  const done = [...plan.done, ...(turns.at(-1)?.calls ?? [])];
  return { ...plan, done, phrase: (results) => opening + plan.phrase(results).replace(opening, '') };
}

/** What the caller wants about an order, with what was said before filled in. Undefined where it is about no order. */
function findWish(turns: readonly Turn[], understood: Understanding, tools: ReadonlySet<string>): Wish | undefined {
  const { intent, numbers, day, otherOrder } = understood;
  const earlier = turns.slice(0, -1);
  const known = numbers.length > 0 || otherOrder ? numbers : lastMentionedOrder(earlier);
  if (isOrderIntent(intent)) return { intent, numbers: known, day };
  if (intent !== undefined || (numbers.length === 0 && day === undefined)) return undefined;

  // Only a number or a day: it answers a question, mends what was misheard, or asks the same of something else.
  const before = earlier.at(-1);
  const wish = before && findWish(earlier, understand(before.caller), tools);
  if (numbers.length === 0) return { intent: 'change-day', numbers: wish?.numbers ?? known, day };
  if (!before || !wish) return { intent: day === undefined ? 'status' : 'change-day', numbers, day };
  const isOpen = makePlan(earlier, tools).kind === 'ask' || before.calls.some(isNotFound);
  if (wish.intent === 'change-day' && !isOpen && day === undefined) return { intent: 'status', numbers, day };
  return { intent: wish.intent, numbers, day: day ?? wish.day };
}

function lastMentionedOrder(turns: readonly Turn[]): string[] {
  for (const turn of turns.toReversed()) {
    const used = turn.calls.findLast(({ args }) => typeof args.order_number === 'string')?.args.order_number;
    const number = used ?? findOrderNumbers(turn.caller).at(-1);
    if (typeof number === 'string') return [number];
  }
  return [];
}

function isSameCall(record: CallRecord, call: PlannedCall): boolean {
  if (record.name !== call.name || record.result === undefined) return false;
  return Object.entries(call.args).every(([key, value]) => String(record.args[key]) === value);
}

const cannot = (): Plan => ({
  kind: 'say',
  text: 'I am sorry, I am only a scripted demo, and this agent has no tool for that.',
});
