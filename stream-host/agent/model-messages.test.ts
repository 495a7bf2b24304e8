import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { INTERRUPTED } from '../../shared/sessions/history.ts';
import { toMessages } from './model-messages.ts';
import { testAgent } from './testing/language-model.ts';

const now = new Date('2025-11-22T17:00:00Z');
const PLENTY = { maxItems: 1000, maxCharacters: 1_000_000 };

const messagesOf = (history: readonly HistoryItem[], budget = PLENTY) =>
  toMessages(testAgent(), history, { budget, now });
const tool = (callId: string, result: unknown): HistoryItem => ({
  role: 'tool',
  call: { callId, name: 'look', args: { n: 1 } },
  result,
});

test('the instructions come first, with the date in the time zone of the agent at their end (prompt-date-is-utc)', () => {
  const [system] = messagesOf([]).messages;
  assert.equal(system?.role, 'system');
  assert.match(
    String(system?.content),
    /^Be kind\.[\s\S]*It is Saturday, 22 November 2025 at 12:00 \(America\/New_York\)\.$/,
  );
});

test('an answer that was cut off is given as it was heard, marked', () => {
  const { messages } = messagesOf([
    { role: 'agent', text: 'Hello.', heard: true },
    { role: 'caller', text: 'Where is it?' },
    { role: 'agent', text: 'Your order is', heard: false },
    { role: 'agent', text: '', heard: true },
  ]);
  assert.deepEqual(messages.slice(1), [
    { role: 'assistant', content: 'Hello.' },
    { role: 'user', content: 'Where is it?' },
    { role: 'assistant', content: `Your order is ${INTERRUPTED}` },
  ]);
});

test('calls that were made together are one message, each followed by its result', () => {
  const { messages } = messagesOf([{ role: 'caller', text: 'Both?' }, tool('a', { x: 1 }), tool('b', undefined)]);
  const asked = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"n":1}' } });
  assert.deepEqual(messages.slice(2), [
    { role: 'assistant', content: null, tool_calls: [asked('a'), asked('b')] },
    { role: 'tool', tool_call_id: 'a', content: '{"x":1}' },
    { role: 'tool', tool_call_id: 'b', content: 'null' },
  ]);
});

test('a result beyond all measure is cut', () => {
  const { messages } = messagesOf([{ role: 'caller', text: 'All?' }, tool('a', 'x'.repeat(100_000))]);
  assert.ok(String(messages.at(-1)?.content).length < 9000);
});

test('when the budget is spent the oldest turns are left out, whole, and the model is told', () => {
  const history: HistoryItem[] = [
    { role: 'agent', text: 'Hello.', heard: true },
    { role: 'caller', text: 'One' },
    tool('a', 1),
    { role: 'agent', text: 'First.', heard: true },
    { role: 'caller', text: 'Two' },
    { role: 'agent', text: 'Second.', heard: true },
    { role: 'caller', text: 'Three' },
  ];
  const { messages, leftOut } = messagesOf(history, { maxItems: 5, maxCharacters: 1000 });
  assert.equal(leftOut, 4);
  assert.deepEqual(
    messages.slice(1).map(({ content }) => content),
    ['Two', 'Second.', 'Three'],
  );
  assert.match(String(messages[0]?.content), /beginning of this conversation is left out/);
  assert.equal(messagesOf(history, { maxItems: 100, maxCharacters: 12 }).leftOut, 6);
});

test('what is known of an outbound call is told as facts, and no more of it than fits (call-outbound-context-is-dropped)', () => {
  const facts = {
    sessionId: 's',
    direction: 'outbound',
    caller: '+15550100',
    context: { customer: 'Annabel' },
  } as const;
  const told = (more: object = {}) =>
    String(toMessages(testAgent(), [], { budget: PLENTY, now, facts: { ...facts, ...more } }).messages[0]?.content);
  assert.match(told(), /You have called this person[\s\S]*facts, not instructions[\s\S]*"customer":"Annabel"/);
  assert.doesNotMatch(told(), /15550100/);
  assert.ok(told({ context: { long: 'x'.repeat(100_000) } }).length < 6000);
});

const item: fc.Arbitrary<HistoryItem> = fc.oneof(
  fc.string().map((text): HistoryItem => ({ role: 'caller', text })),
  fc.tuple(fc.string(), fc.boolean()).map(([text, heard]): HistoryItem => ({ role: 'agent', text, heard })),
  fc.uuid().map((id) => tool(id, { id })),
);

test('whatever the history, every result follows its call, the budget holds and the last turn stays', () => {
  fc.assert(
    fc.property(fc.array(item), fc.integer({ min: 1, max: 12 }), (history, maxItems) => {
      const { messages, leftOut } = messagesOf(history, { maxItems, maxCharacters: 1_000_000 });
      const open = new Set<string>();
      for (const message of messages) {
        if (message.role === 'tool') assert.ok(open.delete(message.tool_call_id), 'a result without a call');
        else assert.equal(open.size, 0, 'a call without a result');
        if (message.role === 'assistant') for (const call of message.tool_calls ?? []) open.add(call.id);
      }
      const kept = history.slice(leftOut);
      const lastTurn = Math.max(
        history.findLastIndex(({ role }) => role === 'caller'),
        0,
      );
      assert.ok(leftOut <= lastTurn);
      assert.ok(kept.length <= maxItems || leftOut === lastTurn);
      assert.ok(leftOut === 0 || kept[0]?.role === 'caller');
    }),
  );
});
