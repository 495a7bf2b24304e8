import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tell } from './dialogue.ts';
import { spentText } from './spent.ts';
import { asText, begin, change, EMPTY_TRANSCRIPT, end, restore, save, withDialogue, withSpent } from './transcript.ts';

const AT = new Date(2026, 0, 2, 10, 0, 5).getTime();
const talk = { kind: 'talk', title: 'Talk with orders', startedAt: AT, sessionId: 's1' } as const;

/** A talk in which the agent greets and one answer is cut off. */
const spoken = change(begin(EMPTY_TRANSCRIPT, talk), 1, (part) =>
  withDialogue(
    part,
    [
      { type: 'user_final', content: 'Status?', turn: 2, turn_id: 's1:2' } as const,
      { type: 'tool_start', callId: 'a', tool: 'find', ts: 0, args: { id: 7 }, turn: 2, turn_id: 's1:2' } as const,
      {
        type: 'assistant_spoken',
        full: 'It is here.',
        heard: 'It is',
        interrupted: true,
        turn: 2,
        turn_id: 's1:2',
      } as const,
      { type: 'user_partial', content: 'and the' } as const,
    ].reduce((dialogue, message) => tell(dialogue, message, AT), part.dialogue),
  ),
);

test('a second talk is a part of its own, and the first one stands as it was (5.2-1)', () => {
  const over = change(spoken, 1, (part) => end(part, 'You ended the talk.', AT));
  const second = begin(over, { ...talk, sessionId: 's2' });
  assert.equal(second.parts[0], over.parts[0]);
  assert.deepEqual(
    second.parts.map(({ id, sessionId, over }) => [id, sessionId, over]),
    [
      [1, 's1', true],
      [2, 's2', false],
    ],
  );
  const again = change(second, 1, (part) => end(part, 'And again.', AT));
  assert.equal(again, second);
});

test('a reload finds all of it again, and what was under way is marked as lost (5.2-11)', () => {
  const found = restore(save(spoken));
  assert.deepEqual(
    found.parts[0]?.dialogue.lines.map(({ kind, text, ...line }) => [kind, text, 'broken' in line]),
    [
      ['caller', 'Status?', false],
      ['agent', 'It is here.', false],
      ['caller', 'and the', true],
    ],
  );
  assert.equal(found.nextId, spoken.nextId);
});

test('what cannot be read again is an empty transcript, not a page that does not open', () => {
  for (const saved of [null, '', 'no json', '{"version":2}', '{"version":1}', '{"version":1,"transcript":{}}']) {
    assert.equal(restore(saved), EMPTY_TRANSCRIPT, String(saved));
  }
});

test('as text it tells who said what and when, what nobody heard, and what tools were given', () => {
  const text = asText(spoken);
  assert.match(text, /^Talk with orders, .*2026.*, session s1\n/);
  assert.match(text, /\n10:00:05 {2}You: Status\?\n/);
  assert.match(text, /\n10:00:05 {2}Tool find \{"id":7\} -> running/);
  assert.match(text, /\n10:00:05 {2}Agent: It is \[not heard: here\.\]/);
});

test('what a talk has come to in the end takes the place of what it had come to before its end (stranger: a stale count)', () => {
  const used = (tokens: number) => ({
    type: 'call_spent' as const,
    totals: [{ service: 'chat-model', used: { input_tokens: tokens } }],
    cost: null,
  });
  const told = change(spoken, 1, (part) => withDialogue(part, tell(part.dialogue, used(10), AT)));
  const over = change(told, 1, (part) => end(part, 'You ended the talk.', AT));
  const notes = (transcript: typeof over) =>
    transcript.parts[0]?.dialogue.lines.flatMap((line) => (line.kind === 'note' ? [line.text] : []));
  assert.deepEqual(notes(over), ['You ended the talk.', spentText(used(10))]);
  const last = change(over, 1, (part) => withSpent(part, spentText(used(25)), AT));
  assert.deepEqual(notes(last), ['You ended the talk.', spentText(used(25))]);
  assert.equal(
    change(last, 1, (part) => withSpent(part, spentText(used(25)), AT)),
    last,
  );
  assert.equal(
    change(told, 1, (part) => withSpent(part, 'Used: x', AT)),
    told,
  );
});
