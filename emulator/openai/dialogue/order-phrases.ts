import { z } from 'zod';
import type { OrderIntent } from './intents.ts';
import { speakOrderNumber } from './number-words.ts';
import { speakDay, speakTime } from './spoken-days.ts';
import type { CallRecord } from './transcript.ts';

const orderSchema = z.object({
  number: z.string(),
  item: z.string(),
  status: z.enum(['processing', 'packed', 'shipped', 'out_for_delivery', 'delivered', 'cancelled']),
  deliveryDay: z.string(),
  weekday: z.string(),
  slot: z.string(),
});
type Order = z.infer<typeof orderSchema>;

const lookUpSchema = z.discriminatedUnion('found', [
  z.object({ found: z.literal(true), order: orderSchema }),
  z.object({ found: z.literal(false), order_number: z.string() }),
]);

const dayLimit = z.object({ day: z.string(), weekday: z.string() });

const changeSchema = z.discriminatedUnion('changed', [
  z.object({ changed: z.literal(true), order: orderSchema, previousWeekday: z.string() }),
  z.object({
    changed: z.literal(false),
    order_number: z.string(),
    reason: z.string(),
    order: orderSchema.optional(),
    earliest: dayLimit.optional(),
    latest: dayLimit.optional(),
  }),
]);

const hoursSchema = z.object({
  openNow: z.boolean(),
  hours: z.array(z.object({ from: z.string(), to: z.string(), opens: z.string(), closes: z.string() })),
  closedOn: z.array(z.string()),
});

const BROKEN = 'I am sorry, I cannot get at our order system right now. Please ask me again in a moment.';

/** What a look-up brought, as an answer to what was asked about the order. */
export function phraseLookUp(result: unknown, intent: OrderIntent, askedDay: string | undefined): string {
  const parsed = lookUpSchema.safeParse(result);
  if (!parsed.success) return BROKEN;
  if (!parsed.data.found) return notFound(parsed.data.order_number);
  const { order } = parsed.data;
  if (intent === 'items') return `Order ${numberOf(order)} is for ${order.item}. ${whenPhrase(order)}`;
  if (intent === 'cancel') return cancelPhrase(order);
  if (intent === 'arrival') return `${verdict(order, askedDay)}${whenPhrase(order)}`;
  return statusPhrase(order);
}

export function phraseChange(result: unknown): string {
  const parsed = changeSchema.safeParse(result);
  if (!parsed.success) return BROKEN;
  const change = parsed.data;
  if (change.changed) {
    const { order, previousWeekday } = change;
    return `Done. Order ${numberOf(order)}, ${order.item}, will now come on ${dayOf(order)} instead of ${previousWeekday}, ${order.slot}. Is there anything else I can do for you?`;
  }
  const { order, earliest, latest } = change;
  if (!order) return notFound(change.order_number);
  const from = earliest ? speakDay(earliest.weekday, earliest.day) : 'tomorrow';
  switch (change.reason) {
    case 'already_delivered':
      return `I cannot move order ${numberOf(order)} any more. It was delivered on ${dayOf(order)}.`;
    case 'cancelled':
      return `Order ${numberOf(order)} was cancelled, so there is no delivery that I could move.`;
    case 'out_for_delivery':
      return `Order ${numberOf(order)} is already with the driver, so I cannot move it any more. It comes today, ${order.slot}.`;
    case 'same_day':
      return `Order ${numberOf(order)} already comes on ${dayOf(order)}, ${order.slot}. I have left it as it is.`;
    case 'no_delivery_on_sunday':
      return `I am sorry, we do not deliver on Sundays. From ${from} on, any other day is fine. Which one would you like?`;
    case 'too_soon':
      return `I am sorry, that is too soon for order ${numberOf(order)}. The earliest day is ${from}. Which day would you like?`;
    case 'too_late':
      return `I am sorry, we cannot hold it for that long. The last day is ${latest ? speakDay(latest.weekday, latest.day) : 'in two weeks'}. Which day would you like?`;
    default:
      return 'I did not understand which day you mean. Please name a day of the week.';
  }
}

export function phraseHours(result: unknown): string {
  const parsed = hoursSchema.safeParse(result);
  if (!parsed.success) return BROKEN;
  const { hours, closedOn, openNow } = parsed.data;
  const runs = hours.map(({ from, to, opens, closes }) => {
    const days = from === to ? `on ${from}` : `from ${from} to ${to}`;
    return `${days}, ${speakTime(opens)} to ${speakTime(closes)}`;
  });
  const closed = closedOn.length > 0 ? ` We are closed on ${closedOn.join(' and ')}.` : '';
  return `Our staff are here ${runs.join(', and ')}.${closed} Right now we are ${openNow ? 'open' : 'closed'}.`;
}

/** Whether a look-up or a change failed because there is no such order. */
export function isNotFound({ result }: CallRecord): boolean {
  const answer = z.object({ found: z.boolean().optional(), reason: z.string().optional() }).safeParse(result);
  return answer.success && (answer.data.found === false || answer.data.reason === 'not_found');
}

const numberOf = (order: Order): string => speakOrderNumber(order.number);
const dayOf = (order: Order): string => speakDay(order.weekday, order.deliveryDay);

function notFound(number: string): string {
  return `I am sorry, I cannot find order ${speakOrderNumber(number)}. Could you read me the number again, digit by digit?`;
}

function statusPhrase(order: Order): string {
  const opening = `Here it is. Order ${numberOf(order)}, ${order.item},`;
  switch (order.status) {
    case 'processing':
      return `${opening} is still being put together in our warehouse. ${whenPhrase(order)}`;
    case 'packed':
      return `${opening} is packed and about to leave our warehouse. ${whenPhrase(order)}`;
    case 'shipped':
      return `${opening} has left our warehouse and is on its way to you. ${whenPhrase(order)}`;
    case 'out_for_delivery':
      return `${opening} is with our driver right now. ${whenPhrase(order)}`;
    case 'delivered':
      return `${opening} has arrived. ${whenPhrase(order)} If you cannot find it, please ask your neighbours too.`;
    case 'cancelled':
      return `${opening} was cancelled, so nothing will be delivered. If you still want it, please order it again.`;
  }
}

function whenPhrase(order: Order): string {
  switch (order.status) {
    case 'out_for_delivery':
      return `You can expect it today, ${order.slot}.`;
    case 'delivered':
      return `It was delivered on ${dayOf(order)}.`;
    case 'cancelled':
      return 'It was cancelled, so nothing will be delivered.';
    default:
      return `It should reach you on ${dayOf(order)}, ${order.slot}.`;
  }
}

function cancelPhrase(order: Order): string {
  const number = numberOf(order);
  switch (order.status) {
    case 'processing':
    case 'packed':
      return `Order ${number}, ${order.item}, has not left our warehouse yet, so it can still be cancelled. I cannot do that myself, but our staff can. Ask me for the opening hours if you need them.`;
    case 'cancelled':
      return `Order ${number}, ${order.item}, is cancelled already. There is nothing more to do.`;
    case 'delivered':
      return `Order ${number}, ${order.item}, was delivered on ${dayOf(order)}. You can send it back to us within thirty days.`;
    default:
      return `Order ${number}, ${order.item}, has left our warehouse already, so it can no longer be cancelled. You can send it back to us when it has arrived.`;
  }
}

/** "Yes." or "No." to "does it come on Friday?" */
function verdict(order: Order, askedDay: string | undefined): string {
  if (askedDay === undefined || !/day$/.test(askedDay) || askedDay === 'today') return '';
  return askedDay === order.weekday ? 'Yes. ' : 'No. ';
}
