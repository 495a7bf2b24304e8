import { z } from 'zod';
import { TEENS, TENS, UNITS } from '../../number-names.ts';
import type { ToolShape } from '../chat-wire.ts';
import { DAY, numbersIn } from './tool-arguments.ts';
import type { Wanted } from './tool-choice.ts';

/** The demo's order desk (`agents/orders.yaml`): what its callers say without naming a tool, and what they are told. */

const ASKS =
  /^((and|so|but|ok|okay|well|please),? )*(when'?s?|what'?s?|which|where'?s?|is|are|will|does|has|did|how)\b/;
const MOVES = /\b(mov(e|ing)|chang(e|ing)|shift|reschedul\w*|postpone|(another|different) (day|date))\b/;
const WISHES = /\b(instead|later|earlier|can|could|would|want|like|make|rather|put|please|deliver|bring|send)\b/;
const HOURS = /\b(open|opening|opens|clos(e|ed|es)|hours|hoping)\b/;
const ORDER = /\b(orders?|status|track\w*|arriv\w*|deliver\w*|com(e|es|ing)|package|parcel|shipped|where('s| is))\b/;
const CANCELS = /\b(cancel\w*|refund\w*|money back)\b/;
const HUMAN = /\b(human|representative|operator|(talk|speak) (to|with) (a|an|some)\b.*)/;

/** The tool of the desk that an utterance is about. A bare number or day is a guess. */
export function deskTool(plain: string, tools: readonly ToolShape[]): Wanted | undefined {
  if (deskLine(plain, tools) !== undefined) return undefined;
  const wants = (name: string, isGuess = false) => {
    const tool = tools.find((each) => each.name === name);
    return tool && { tool, isGuess };
  };
  const hasDay = plain.match(DAY) !== null;
  const isOrder = numbersIn(plain).some((number) => number.length >= 3);
  if (HOURS.test(plain) && !isOrder) return wants('opening_hours');
  if (MOVES.test(plain) || (WISHES.test(plain) && !ASKS.test(plain) && (hasDay || /\binstead\b/.test(plain)))) {
    return wants('change_delivery_day', !/\b(mov|chang|instead|deliver|order)/.test(plain));
  }
  if (ORDER.test(plain)) return wants('look_up_order');
  if (hasDay) return wants('change_delivery_day', true);
  return isOrder ? wants('look_up_order', true) : undefined;
}

/** What the desk says to what it cannot do. */
export function deskLine(plain: string, tools: readonly ToolShape[]): string | undefined {
  if (!tools.some(({ name }) => name === 'opening_hours')) return undefined;
  if (CANCELS.test(plain)) return 'I cannot cancel orders, but our staff can. Ask me for the opening hours.';
  if (HUMAN.test(plain))
    return 'I cannot put you through from this demo. Our staff can help you: ask me for the opening hours.';
  return undefined;
}

const order = z.object({
  number: z.string(),
  item: z.string(),
  status: z.enum(['processing', 'packed', 'shipped', 'out_for_delivery', 'delivered', 'cancelled']),
  deliveryDay: z.string(),
  weekday: z.string(),
  slot: z.string(),
});
type Order = z.infer<typeof order>;
const limit = z.object({ day: z.string(), weekday: z.string() });
const lookUp = z.object({ found: z.boolean(), order: order.optional(), order_number: z.string().optional() });
const change = z.object({
  changed: z.boolean(),
  order_number: z.string(),
  reason: z.string().optional(),
  order: order.optional(),
  previousWeekday: z.string().optional(),
  earliest: limit.optional(),
  latest: limit.optional(),
});
const times = z.object({
  openNow: z.boolean(),
  hours: z.array(z.object({ from: z.string(), to: z.string(), opens: z.string(), closes: z.string() })),
  closedOn: z.array(z.string()),
});

/** Whether a tool refused what it was given, so that the caller's next words may mend it. */
export const wasRefused = (result: unknown): boolean =>
  z.union([z.object({ found: z.literal(false) }), z.object({ changed: z.literal(false) })]).safeParse(result).success;

/** What a tool of the desk brought, as the desk tells it; undefined where it is none of the desk's. */
export function phraseDeskResult(tool: string, result: unknown): string | undefined {
  if (tool === 'look_up_order') {
    const { data } = lookUp.safeParse(result);
    return data && (data.order ? statusOf(data.order) : notFound(data.order_number));
  }
  if (tool === 'change_delivery_day') {
    const { data } = change.safeParse(result);
    return data && changeOf(data);
  }
  const { data } = tool === 'opening_hours' ? times.safeParse(result) : {};
  return data && hoursOf(data);
}

const STATUS: Readonly<Record<Order['status'], string>> = {
  processing: 'is still being put together in our warehouse.',
  packed: 'is packed and about to leave our warehouse.',
  shipped: 'has left our warehouse and is on its way to you.',
  out_for_delivery: 'is with our driver right now.',
  delivered: 'has arrived.',
  cancelled: 'was cancelled, so nothing will be delivered.',
};

function statusOf(found: Order): string {
  const told = `Here it is. Order ${speakNumber(found.number)}, ${found.item}, ${STATUS[found.status]}`;
  if (found.status === 'cancelled') return told;
  if (found.status === 'delivered') return `${told} It was delivered on ${dayOf(found)}.`;
  if (found.status === 'out_for_delivery') return `${told} You can expect it today, ${found.slot}.`;
  return `${told} It should reach you on ${dayOf(found)}, ${found.slot}.`;
}

function changeOf({ changed, order: found, order_number, reason, ...rest }: z.infer<typeof change>): string {
  if (!found) return notFound(order_number);
  const name = `order ${speakNumber(found.number)}`;
  if (changed) {
    return `Done. O${name.slice(1)}, ${found.item}, will now come on ${dayOf(found)} instead of ${rest.previousWeekday}, ${found.slot}. Is there anything else I can do for you?`;
  }
  const earliest = rest.earliest ? speakDay(rest.earliest.weekday, rest.earliest.day) : 'tomorrow';
  const latest = rest.latest ? speakDay(rest.latest.weekday, rest.latest.day) : 'in two weeks';
  const refusals: Readonly<Record<string, string>> = {
    already_delivered: `I cannot move ${name} any more. It was delivered on ${dayOf(found)}.`,
    cancelled: `There is no delivery that I could move, as ${name} was cancelled.`,
    out_for_delivery: `I cannot move it any more, as ${name} is already with the driver. It comes today, ${found.slot}.`,
    same_day: `I have left it as it is, as ${name} already comes on ${dayOf(found)}, ${found.slot}.`,
    no_delivery_on_sunday: `I am sorry, we do not deliver on Sundays. From ${earliest} on, any other day is fine. Which one would you like?`,
    too_soon: `I am sorry, that is too soon for ${name}. The earliest day is ${earliest}. Which day would you like?`,
    too_late: `I am sorry, we cannot hold it for that long. The last day is ${latest}. Which day would you like?`,
  };
  return refusals[reason ?? ''] ?? 'I did not understand which day you mean. Please name a day of the week.';
}

function hoursOf({ openNow, hours, closedOn }: z.infer<typeof times>): string {
  const runs = hours.map(({ from, to, opens, closes }) => {
    const days = from === to ? `on ${from}` : `from ${from} to ${to}`;
    return `${days}, ${speakTime(opens)} to ${speakTime(closes)}`;
  });
  const closed = closedOn.length > 0 ? ` We are closed on ${closedOn.join(' and ')}.` : '';
  return `Right now we are ${openNow ? 'open' : 'closed'}. Our staff are here ${runs.join(', and ')}.${closed}`;
}

const notFound = (number = ''): string =>
  `I am sorry, I cannot find order ${speakNumber(number)}. Could you read me the number again, digit by digit?`;

const dayOf = (found: Order): string => speakDay(found.weekday, found.deliveryDay);

/** `2025-11-25` with its weekday -> `Tuesday the 25th`. */
function speakDay(weekday: string, isoDay: string): string {
  const day = Number(isoDay.slice(8, 10));
  const ending = day > 3 && day < 21 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th');
  return `${weekday} the ${day}${ending}`;
}

/** `08:00` -> `8 in the morning`. */
function speakTime(time: string): string {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const part = hour < 12 ? 'in the morning' : hour < 18 ? 'in the afternoon' : 'in the evening';
  return `${hour % 12 || 12}${minute === 0 ? '' : ` ${minute}`} ${part}`;
}

/** `1042` -> `ten forty-two`; numbers of other lengths digit by digit. */
function speakNumber(digits: string): string {
  const [, high, low] = /^([1-9]\d)(\d\d)$/.exec(digits) ?? [];
  if (high === undefined || low === undefined) return [...digits].map((digit) => UNITS[Number(digit)]).join(' ');
  if (low === '00') return `${speakPair(high)} hundred`;
  return `${speakPair(high)} ${low.startsWith('0') ? 'oh ' : ''}${speakPair(low)}`;
}

function speakPair(pair: string): string {
  const value = Number(pair);
  if (value < 20) return [...UNITS, ...TEENS][value] ?? '';
  const unit = UNITS[value % 10];
  return `${TENS[Math.floor(value / 10)]}${value % 10 === 0 ? '' : `-${unit}`}`;
}
