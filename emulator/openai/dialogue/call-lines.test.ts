import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatRequestSchema } from '../chat-wire.ts';
import { ScriptedDialogue } from './scripted-dialogue.ts';

const tool = (name: string, properties: object = {}) => ({
  type: 'function',
  function: { name, description: name, parameters: { type: 'object', properties } },
});
const TRANSFER = tool('transfer_call', {
  target: { type: 'string', enum: ['sales', 'lost_and_found'] },
  summary: { type: 'string' },
});
const ALL = [TRANSFER, tool('hand_to_human'), tool('hold_call', { seconds: { type: 'integer' } }), tool('hang_up')];

const answer = (messages: readonly unknown[], tools: readonly unknown[] = ALL) =>
  new ScriptedDialogue().answer(chatRequestSchema.parse({ model: 'm', stream: true, messages, tools }));
const said = (content: string) => ({ role: 'user', content });

test('a caller who wants to be put through is, to the one he names or to a human, with what it is about', () => {
  for (const [words, name, args] of [
    ['Can I talk to somebody in sales?', 'transfer_call', /"target":"sales".*talk to somebody in sales/],
    ['Please connect me to lost and found', 'transfer_call', /"target":"lost_and_found"/],
    ['I want to speak to a human', 'hand_to_human', /speak to a human/],
  ] as const) {
    const { text, calls } = answer([said(words)]);
    assert.match(text, /put you through/);
    assert.equal(calls[0]?.name, name, words);
    assert.match(calls[0]?.args ?? '', args);
  }
  assert.deepEqual(
    answer([said('Put me on hold, please')]).calls.map(({ name, args }) => [name, args]),
    [['hold_call', '{"seconds":5}']],
  );
  assert.deepEqual(answer([said('Goodbye')]).calls[0]?.name, 'hang_up');
});

test('an agent that may put nobody through does not, and says so (operator: a spoken transfer)', () => {
  for (const words of ['I want to speak to a human', 'Please put me through to somebody else']) {
    const { text, calls } = answer([said(words)], [tool('opening_hours')]);
    assert.deepEqual(calls, []);
    assert.match(text, /I cannot put you through/);
  }
  assert.deepEqual(answer([said('Are you a human?')]).calls, [], 'who asks that wants to know');
});

test('what has come of it is spoken of', () => {
  for (const [result, words] of [
    [{ status: 'failed', reason: '486' }, /could not put you through/],
    [{ status: 'human_answered' }, /I have a caller for you/],
    [{ status: 'caller_is_back' }, /with you again/],
    [{ ends_in_s: 60 }, /ends in 60 seconds/],
  ] as const) {
    const call = { id: 'c', type: 'function', function: { name: 'transfer_call', arguments: '{}' } };
    const messages = [
      said('I want to speak to a human'),
      { role: 'assistant', content: 'I will put you through.', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: JSON.stringify(result) },
    ];
    const { text, calls } = answer(messages);
    assert.match(text, words);
    assert.deepEqual(calls, []);
  }
});

test('what has come of keys is spoken of: a right PIN sounded like a refusal (stranger)', () => {
  for (const [result, words] of [
    [{ status: 'right', attempts: 1 }, /that is right/],
    [{ status: 'right', attempts: 1, keys: '1234' }, /that is right/],
    [{ status: 'not_right', attempts: 3 }, /was not right/],
    [{ status: 'nothing', attempts: 3 }, /no keys/],
  ] as const) {
    const call = { id: 'c', type: 'function', function: { name: 'collect_keys', arguments: '{}' } };
    const messages = [
      said('Hello.'),
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: JSON.stringify(result) },
    ];
    assert.match(answer(messages).text, words);
  }
});

test('what names a secret to tools is not read aloud: a caller heard sixteen seconds of it (stranger16: a handle aloud)', () => {
  const call = { id: 'c', type: 'function', function: { name: 'collect_keys', arguments: '{}' } };
  const result = { status: 'right', attempts: 3, handle: 'keys-67f6a9ec-45cb-47ee-9c26-7528623f0e2b', customer: 'Ann' };
  const messages = [
    said('Hello.'),
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c', content: JSON.stringify(result) },
  ];
  assert.equal(answer(messages).text, 'Thank you, that is right. Customer: Ann. What can I do for you?');
});
