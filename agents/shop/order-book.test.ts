import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createServices } from '../services.ts';
import { addDays, parseDay, weekdayOf } from './calendar.ts';
import { OrderBook } from './order-book.ts';

/** Saturday, 22 November 2025, noon in New York. */
const SATURDAY = new Date('2025-11-22T17:00:00Z');

const bookAt = (now: Date) => new OrderBook({ now: () => now });

test('an order is due some days from today, and never on a Sunday', () => {
  assert.deepEqual(bookAt(SATURDAY).find('1042'), {
    number: '1042',
    item: 'a pair of walking boots',
    status: 'packed',
    deliveryDay: '2025-11-25',
    weekday: 'Tuesday',
    slot: 'between nine and noon',
  });
  assert.equal(bookAt(SATURDAY).find('1018')?.weekday, 'Monday');
  assert.equal(bookAt(SATURDAY).find('9999'), undefined);
});

test('the day changes at midnight where the shop is', () => {
  assert.equal(bookAt(new Date('2025-11-22T04:59:00Z')).find('1042')?.deliveryDay, '2025-11-24');
  assert.equal(bookAt(new Date('2025-11-22T05:01:00Z')).find('1042')?.deliveryDay, '2025-11-25');
});

test('a chosen day is kept, in this book alone', () => {
  const book = bookAt(SATURDAY);
  const change = book.changeDeliveryDay('1042', 'Friday');
  assert.ok(change.changed);
  assert.equal(change.order.deliveryDay, '2025-11-28');
  assert.equal(change.previousWeekday, 'Tuesday');
  assert.equal(book.find('1042')?.weekday, 'Friday');
  assert.equal(bookAt(SATURDAY).find('1042')?.weekday, 'Tuesday');
});

test('the next caller finds the orders as they were, and one who comes back as he left them (newcomer 5.2-16)', () => {
  const { orders } = createServices(() => SATURDAY);
  assert.ok(orders.of('one').changeDeliveryDay('1042', 'Friday').changed);
  assert.equal(orders.of('two').find('1042')?.weekday, 'Tuesday');
  assert.equal(orders.of('one').find('1042')?.weekday, 'Friday');
});

const REFUSALS: readonly [number: string, day: string, reason: string][] = [
  ['9999', 'Friday', 'not_found'],
  ['1001', 'Friday', 'already_delivered'],
  ['1013', 'Friday', 'out_for_delivery'],
  ['1031', 'Friday', 'cancelled'],
  ['1042', 'someday', 'unclear_day'],
  ['1042', '2025-02-30', 'unclear_day'],
  ['1042', 'Tuesday', 'same_day'],
  ['1042', 'tomorrow', 'no_delivery_on_sunday'],
  ['1042', 'today', 'too_soon'],
  ['1042', '2025-11-21', 'too_soon'],
  ['1042', '2025-12-08', 'too_late'],
];

for (const [number, day, reason] of REFUSALS) {
  test(`moving order ${number} to ${day} is refused: ${reason}`, () => {
    const book = bookAt(SATURDAY);
    const before = book.find(number);
    const change = book.changeDeliveryDay(number, day);
    assert.ok(!change.changed);
    assert.equal(change.reason, reason);
    assert.deepEqual(book.find(number), before);
  });
}

test('a refused day comes with the days that are possible, and those are accepted', () => {
  const change = bookAt(SATURDAY).changeDeliveryDay('1005', 'today');
  assert.ok(!change.changed && change.earliest && change.latest);
  assert.deepEqual(change.earliest, { day: '2025-11-24', weekday: 'Monday' });
  assert.deepEqual(change.latest, { day: '2025-12-06', weekday: 'Saturday' });
  assert.ok(bookAt(SATURDAY).changeDeliveryDay('1005', change.earliest.day).changed);
  assert.ok(bookAt(SATURDAY).changeDeliveryDay('1005', change.latest.day).changed);
});

test('an order whose chosen day has passed has been delivered', () => {
  let now = SATURDAY;
  const book = new OrderBook({ now: () => now });
  assert.ok(book.changeDeliveryDay('1042', 'Friday').changed);
  now = new Date('2025-11-30T17:00:00Z');
  assert.equal(book.find('1042')?.status, 'delivered');
});

test('a weekday means the next one, within a week', () => {
  const today = fc.integer({ min: 0, max: 800 }).map((days) => addDays('2025-01-01', days));
  const weekday = fc.constantFrom('Monday', 'tuesday', 'WEDNESDAY', 'Thursday', 'Friday', 'Saturday', 'Sunday');
  fc.assert(
    fc.property(today, weekday, (from, wanted) => {
      const day = parseDay(wanted, from) ?? '';
      assert.equal(weekdayOf(day).toLowerCase(), wanted.toLowerCase());
      assert.ok(day > from && day <= addDays(from, 7));
    }),
  );
});

test('the shop is open by its own clock', () => {
  const at = (instant: string) => createServices(() => new Date(instant)).openingHours.times();
  assert.deepEqual([at('2025-11-22T17:00:00Z').today, at('2025-11-22T17:00:00Z').openNow], ['Saturday', true]);
  assert.equal(at('2025-11-22T22:00:00Z').openNow, false);
  assert.equal(at('2025-11-23T17:00:00Z').openNow, false);
  assert.equal(at('2025-11-25T00:59:00Z').openNow, true);
});
