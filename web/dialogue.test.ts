import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrowserMessage, Envelope } from '../shared/protocol/browser.ts';
import { type AgentLine, type Dialogue, EMPTY_DIALOGUE, MOST_LINES, note, splitAtHeard, tell } from './dialogue.ts';

const partial = (content: string): BrowserMessage => ({ type: 'user_partial', content });
const of = (turn: number) => ({ turn, turn_id: `s:${turn}` });
const final = (content: string, turn: number): BrowserMessage => ({ type: 'user_final', content, ...of(turn) });
const envelope = (type: Envelope['type'], sender: string, payload: Record<string, unknown>): BrowserMessage => ({
  type,
  topic: 'session',
  session_id: 's',
  call_id: null,
  user_id: null,
  sender,
  ts: '2026-01-01T00:00:00Z',
  payload,
});
const text = (content: string): BrowserMessage =>
  envelope('assistant_streaming', 'Assistant', { content, streaming: true });
const spoken = (turn: number, full: string, heard = full): BrowserMessage => ({
  type: 'assistant_spoken',
  ...of(turn),
  full,
  heard,
  interrupted: heard !== full,
});
const latency = (turn: number): BrowserMessage => ({
  type: 'turn_latency',
  ...of(turn),
  words_ms: 150,
  recognised_ms: 200,
  first_token_ms: 210,
  first_voice_ms: 290,
  first_audio_ms: 300,
});

const told = (...messages: BrowserMessage[]): Dialogue => messages.reduce(tell, EMPTY_DIALOGUE);
const shape = ({ lines }: Dialogue) => lines.map((line) => `${line.kind}: ${line.text}`);
const answers = ({ lines }: Dialogue) => lines.filter((line): line is AgentLine => line.kind === 'agent');

test('partials change one line, and the final words take its place', () => {
  const open = told(partial('what is'), partial('what is the status'));
  assert.deepEqual(shape(open), ['caller: what is the status']);
  const settled = tell(open, final('What is the status?', 2));
  assert.deepEqual(shape(settled), ['caller: What is the status?']);
  assert.equal(settled.lines[0]?.id, open.lines[0]?.id);
});

test('words that are corrected later change where they stand', () => {
  const dialogue = told(final('order one', 2), text('Which order?'), latency(2), final('order 1042', 2));
  assert.deepEqual(shape(dialogue), ['caller: order 1042', 'agent: Which order?']);
});

test('an empty partial takes the unfinished words away', () => {
  assert.deepEqual(shape(told(partial('mhm'), partial(''))), []);
});

test('the pieces of an answer join, and its end tells what was heard', () => {
  const dialogue = told(final('Hi.', 2), text('It is '), text('on its way.'), spoken(2, 'It is on its way.', 'It is'));
  assert.deepEqual(shape(dialogue), ['caller: Hi.', 'agent: It is on its way.']);
  assert.deepEqual(answers(dialogue)[0]?.spoken, { heard: 'It is ', unheard: 'on its way.', cutOff: true });
});

test('a greeting without a number is the turn that its end names', () => {
  const dialogue = told(text('Hello, '), text('this is Parley.'), spoken(1, 'Hello, this is Parley.'));
  assert.deepEqual(shape(dialogue), ['agent: Hello, this is Parley.']);
  assert.equal(answers(dialogue)[0]?.turn, 1);
});

test('a greeting may come whole, as a status; the status that repeats an answer shows nothing', () => {
  const greeting = told(envelope('status', 'System', { message: 'Hello.' }), spoken(1, 'Hello.'));
  const repeated = [final('A', 2), text('B'), envelope('status', 'orders', { message: 'B' }), spoken(2, 'B')];
  assert.deepEqual(shape(repeated.reduce(tell, greeting)), ['agent: Hello.', 'caller: A', 'agent: B']);
});

test('the end of a cut-off answer finds its line after the caller has begun to speak', () => {
  const dialogue = told(
    final('Tell me.', 2),
    text('Once upon a time'),
    latency(2),
    partial('stop'),
    spoken(2, 'Once upon a time', 'Once'),
  );
  assert.deepEqual(shape(dialogue), ['caller: Tell me.', 'agent: Once upon a time', 'caller: stop']);
  assert.equal(answers(dialogue)[0]?.spoken?.cutOff, true);
});

test('what has been told stands: the server tells no turn that it may still take back (review 1.4)', () => {
  const dialogue = told(final('What is', 2), partial('the status'), final('The status?', 3));
  assert.deepEqual(shape(dialogue), ['caller: What is', 'caller: The status?']);
});

test('what the agent says while an answer is late is shown, and is no part of the answer', () => {
  const filled: BrowserMessage = { type: 'wait_filled', ...of(2), kind: 'filler', content: 'One moment.' };
  const dialogue = told(final('Order 7?', 2), filled, text('It is'), text(' here.'), spoken(2, 'It is here.'));
  assert.deepEqual(shape(dialogue), ['caller: Order 7?', 'note: Meanwhile: “One moment.”', 'agent: It is here.']);
});

test('a tool is running until its end tells how it went', () => {
  const dialogue = told(
    final('Order 7?', 2),
    { type: 'tool_start', callId: 'a', tool: 'find_order', ts: 0, args: {}, ...of(2) },
    { type: 'tool_start', callId: 'b', tool: 'change_day', ts: 0, args: {}, ...of(2) },
    {
      type: 'tool_end',
      callId: 'a',
      tool: 'find_order',
      ts: 0,
      status: 'success',
      elapsedMs: 12,
      result: {},
      ...of(2),
    },
    {
      type: 'tool_end',
      callId: 'b',
      tool: 'change_day',
      ts: 0,
      status: 'error',
      elapsedMs: 3,
      result: null,
      error: 'x',
      ...of(2),
    },
    text('Done.'),
  );
  const [answer] = answers(dialogue);
  assert.deepEqual(
    answer?.tools.map(({ name, state, elapsedMs }) => [name, state, elapsedMs]),
    [
      ['find_order', 'done', 12],
      ['change_day', 'failed', 3],
    ],
  );
  assert.equal(answer?.text, 'Done.');
});

test('latency goes to the answer of its turn', () => {
  const dialogue = told(final('A', 2), text('B'), latency(2));
  assert.deepEqual(answers(dialogue)[0]?.latency, { recognisedMs: 200, firstTokenMs: 210, firstAudioMs: 300 });
});

test('a second answer without a number does not run into the first', () => {
  const dialogue = told(final('A', 2), text('one'), spoken(2, 'one'), final('B', 3), text('two'));
  assert.deepEqual(shape(dialogue), ['caller: A', 'agent: one', 'caller: B', 'agent: two']);
});

test('messages that show nothing leave the very same dialogue', () => {
  const before = told(final('A', 1));
  const cancelled: BrowserMessage = {
    type: 'control',
    action: 'tts_cancelled',
    reason: 'barge_in',
    at: 'voice',
    session_id: 's',
  };
  assert.equal(tell(before, cancelled), before);
});

test('the oldest lines leave when there are too many', () => {
  let dialogue = EMPTY_DIALOGUE;
  for (let turn = 0; turn < MOST_LINES + 5; turn += 1) dialogue = note(dialogue, `line ${turn}`);
  assert.equal(dialogue.lines.length, MOST_LINES);
  assert.equal(dialogue.lines[0]?.text, 'line 5');
});

test('the same note twice in a row is one', () => {
  assert.equal(note(note(EMPTY_DIALOGUE, 'Reconnected.'), 'Reconnected.').lines.length, 1);
});

test('what was heard is split off by words, whatever the spacing', () => {
  assert.deepEqual(splitAtHeard('One  two three', 'One two'), { heard: 'One  two ', unheard: 'three' });
  assert.deepEqual(splitAtHeard('One two', ''), { heard: '', unheard: 'One two' });
  assert.deepEqual(splitAtHeard('One two', 'One two'), { heard: 'One two', unheard: '' });
});
