import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BrowserMessage, Envelope } from '../shared/protocol/browser.ts';
import {
  type AgentLine,
  agentName,
  type Dialogue,
  EMPTY_DIALOGUE,
  type Line,
  MOST_LINES,
  note,
  seal,
  speakerName,
  splitAtHeard,
  tell,
} from './dialogue.ts';

const named = (turn: number) => ({ turn, turn_id: `s:${turn}` });
const partial = (content: string): BrowserMessage => ({ type: 'user_partial', content });
const final = (content: string, turn: number): BrowserMessage => ({ type: 'user_final', content, ...named(turn) });
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
const text = (content: string, turn: number): BrowserMessage =>
  envelope('assistant_streaming', 'orders', { content, streaming: true, turn_id: `s:${turn}` });
const greeting = (message: string, turn: number): BrowserMessage =>
  envelope('status', 'System', { message, turn_id: `s:${turn}` });
const spoken = (turn: number, full: string, heard = full): BrowserMessage => ({
  type: 'assistant_spoken',
  full,
  heard,
  interrupted: heard !== full,
  ...named(turn),
});
const latency = (turn: number): BrowserMessage => ({
  type: 'turn_latency',
  words_ms: 150,
  recognised_ms: 200,
  first_token_ms: 210,
  first_voice_ms: 280,
  first_audio_ms: 300,
  ...named(turn),
});
const notice = (code: string, message: string): BrowserMessage => ({ type: 'notice', code, message });

const AT = 1_700_000_000_000;
const tellAll = (dialogue: Dialogue, messages: readonly BrowserMessage[]): Dialogue =>
  messages.reduce((before, message) => tell(before, message, AT), dialogue);
const told = (...messages: BrowserMessage[]): Dialogue => tellAll(EMPTY_DIALOGUE, messages);
const shape = ({ lines }: Dialogue) => lines.map((line) => `${line.kind}: ${line.text}`);
const answers = ({ lines }: Dialogue) => lines.filter((line): line is AgentLine => line.kind === 'agent');

test('partials change one line, and the final words take its place', () => {
  const open = told(partial('what is'), partial('what is the status'));
  assert.deepEqual(shape(open), ['caller: what is the status']);
  const settled = tell(open, final('What is the status?', 2), AT);
  assert.deepEqual(shape(settled), ['caller: What is the status?']);
  assert.deepEqual([settled.lines[0]?.id, settled.lines[0]?.at], [open.lines[0]?.id, AT]);
});

test('an empty partial takes the open line away', () => {
  assert.deepEqual(shape(told(partial('uh'), partial(''))), []);
});

test('better words of a turn take the place of the first ones', () => {
  const dialogue = told(final('What is the state of order 1042?', 2), final('What is the status of order 1042?', 2));
  assert.deepEqual(shape(dialogue), ['caller: What is the status of order 1042?']);
});

test('an answer is streamed, then told what of it was heard', () => {
  const dialogue = told(
    final('Hi.', 2),
    text('It is ', 2),
    text('on its way.', 2),
    spoken(2, 'It is on its way.', 'It is'),
  );
  assert.deepEqual(shape(dialogue), ['caller: Hi.', 'agent: It is on its way.']);
  assert.deepEqual(answers(dialogue)[0]?.spoken, { heard: 'It is ', unheard: 'on its way.', cutOff: true });
});

test('while the agent speaks, one sees how far it is; the end says what was heard (5.3)', () => {
  const heard = (words: string): BrowserMessage => ({ type: 'assistant_heard', heard: words, ...named(2) });
  const speaking = told(text('It is on its way.', 2), heard('It'), heard('It is on'));
  assert.equal(answers(speaking)[0]?.heard, 'It is on');
  const over = tell(speaking, spoken(2, 'It is on its way.'), AT);
  assert.equal(tell(over, heard('It is'), AT), over);
});

test('a greeting comes whole, as a status; the status that repeats an answer shows nothing', () => {
  const greeted = told(greeting('Hello.', 1), spoken(1, 'Hello.'));
  const repeated = [final('A', 2), text('B', 2), envelope('status', 'orders', { message: 'B' }), spoken(2, 'B')];
  assert.deepEqual(shape(tellAll(greeted, repeated)), ['agent: Hello.', 'caller: A', 'agent: B']);
});

test('the end of a cut-off answer finds its line after the caller has begun to speak', () => {
  const dialogue = told(
    final('Tell me.', 2),
    text('Once upon a time', 2),
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
  const filled: BrowserMessage = { type: 'wait_filled', kind: 'filler', content: 'One moment.', ...named(2) };
  const dialogue = told(final('Order 7?', 2), filled, text('It is', 2), text(' here.', 2), spoken(2, 'It is here.'));
  assert.deepEqual(shape(dialogue), ['caller: Order 7?', 'note: Meanwhile: “One moment.”', 'agent: It is here.']);
});

test('a tool is running until its end tells how it went, with what it was given and gave back', () => {
  const dialogue = told(
    final('Order 7?', 2),
    { type: 'tool_start', callId: 'a', tool: 'find_order', ts: 0, args: { id: 7 }, ...named(2) },
    { type: 'tool_start', callId: 'b', tool: 'change_day', ts: 0, args: {}, ...named(2) },
    {
      type: 'tool_end',
      callId: 'a',
      tool: 'find_order',
      ts: 0,
      status: 'success',
      elapsedMs: 12,
      result: 1,
      ...named(2),
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
      ...named(2),
    },
    text('Done.', 2),
  );
  const [answer] = answers(dialogue);
  assert.deepEqual(answer?.tools, [
    { callId: 'a', name: 'find_order', state: 'done', args: { id: 7 }, result: 1, elapsedMs: 12 },
    { callId: 'b', name: 'change_day', state: 'failed', args: {}, result: 'x', elapsedMs: 3 },
  ]);
  assert.equal(answer?.text, 'Done.');
});

test('a turn that was never said is over when the next one begins', () => {
  const tool: BrowserMessage = { type: 'tool_start', callId: 'a', tool: 'find', ts: 0, args: {}, ...named(2) };
  const [unsaid, said] = answers(told(tool, final('And?', 3), text('Here.', 3)));
  assert.deepEqual([unsaid?.broken, said?.broken], ['not said', undefined]);
});

test('the stages of an answer go to the answer of their turn', () => {
  assert.deepEqual(answers(told(final('A', 2), text('B', 2), latency(2)))[0]?.latency, {
    wordsMs: 150,
    turnOverMs: 200,
    firstTokenMs: 210,
    firstVoiceMs: 280,
    firstSoundMs: 300,
  });
});

test('a line that was lost says so, and what comes under the same numbers is appended (5.2-1)', () => {
  const before = seal(
    told(greeting('Hello, this is Parley.', 1), final('Status?', 2), text('It is', 2), partial('and')),
  );
  assert.deepEqual(
    before.lines.map((line) => 'broken' in line),
    [true, false, true, true],
  );
  const after = tellAll(before, [
    text('Sorry, we were cut off.', 1),
    spoken(1, 'Sorry, we were cut off.', 'Sorry,'),
    partial('where'),
    final('Where is it?', 2),
    text('Here.', 2),
    latency(2),
  ]);
  assert.deepEqual(after.lines.slice(0, 4), before.lines);
  assert.deepEqual(shape(after).slice(4), ['agent: Sorry, we were cut off.', 'caller: Where is it?', 'agent: Here.']);
});

test('of an answer in whose middle the talk was ended stands what was heard, and what was not (stranger 2)', () => {
  const heard = { type: 'assistant_heard', ...named(2), heard: 'It is on' } as const;
  const ended = seal(told(final('Status?', 2), text('It is on its way.', 2), heard), 'ended here');
  const [answer] = answers(ended);
  assert.deepEqual(answer?.spoken, { heard: 'It is on ', unheard: 'its way.', cutOff: true });
  assert.equal(answer?.broken, 'ended here');
});

test('whatever comes after a seal, nothing that stood is changed (5.2-1)', () => {
  const turn = fc.integer({ min: 1, max: 3 });
  const message = fc.oneof(
    fc.constantFrom(partial('so'), partial(''), notice('recogniser.failed', 'No.')),
    turn.map((n) => final('words', n)),
    turn.map((n) => text('more', n)),
    turn.map((n) => greeting('Hi.', n)),
    turn.map((n) => spoken(n, 'one two', 'one')),
    turn.map(latency),
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), fc.array(message, { maxLength: 20 }), (first, second) => {
      const sealed = seal(told(...first));
      const after = tellAll(sealed, second);
      assert.deepEqual(after.lines.slice(0, sealed.lines.length), sealed.lines);
      assert.deepEqual(
        after.lines.slice(0, sealed.lines.length).map((line: Line, i) => line === sealed.lines[i]),
        sealed.lines.map(() => true),
      );
    }),
  );
});

test('a notice that recognition was lost is followed by one when words come again (5.3)', () => {
  const dialogue = told(
    notice('recogniser.recovering', 'It was lost.'),
    partial(''),
    partial('is it'),
    partial('is it on'),
  );
  assert.deepEqual(shape(dialogue), [
    'note: It was lost.',
    'note: Speech recognition works again.',
    'caller: is it on',
  ]);
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
  assert.equal(tell(before, cancelled, AT), before);
});

test('the oldest lines leave when there are too many', () => {
  let dialogue = EMPTY_DIALOGUE;
  for (let turn = 0; turn < MOST_LINES + 5; turn += 1) dialogue = note(dialogue, `line ${turn}`, AT);
  assert.equal(dialogue.lines.length, MOST_LINES);
  assert.equal(dialogue.lines[0]?.text, 'line 5');
});

test('the same note twice in a row is one', () => {
  assert.equal(note(note(EMPTY_DIALOGUE, 'Reconnected.', AT), 'Reconnected.', AT).lines.length, 1);
});

test('what was heard is split off by words, whatever the spacing', () => {
  assert.deepEqual(splitAtHeard('One  two three', 'One two'), { heard: 'One  two ', unheard: 'three' });
  assert.deepEqual(splitAtHeard('One two', ''), { heard: '', unheard: 'One two' });
  assert.deepEqual(splitAtHeard('One two', 'One two'), { heard: 'One two', unheard: '' });
});

test('two speakers of a call that is written down have a line each while both speak, and each keeps his name', () => {
  const words = (speaker: string, content: string) => ({ speaker, content, offset_ms: 0, duration_ms: 500 });
  const hearing = (speaker: string, content: string): BrowserMessage => ({
    type: 'transcript_partial',
    ...words(speaker, content),
  });
  const heard = (speaker: string, content: string, turn: number): BrowserMessage => ({
    type: 'transcript_final',
    ...words(speaker, content),
    ...named(turn),
  });
  const both = told(hearing('caller', 'where'), hearing('callee', 'it'), hearing('caller', 'where is'));
  assert.deepEqual(shape(both), ['caller: where is', 'caller: it']);
  const done = tellAll(both, [heard('callee', 'It was sent.', 1), heard('caller', 'Where is it?', 2)]);
  const lines = done.lines.flatMap((line) => (line.kind === 'caller' ? [[speakerName(line.speaker), line.text]] : []));
  assert.deepEqual(lines, [
    ['You', 'Where is it?'],
    ['Callee', 'It was sent.'],
  ]);
  assert.equal(tellAll(done, [heard('participant-3', 'Hello.', 3)]).lines.length, 3);
  assert.equal(speakerName('participant-3'), 'Participant 3');
  // Whom the agent has called is the callee.
  const rung = tell(EMPTY_DIALOGUE, heard('callee', 'Hello?', 1), 0, 'callee');
  assert.partialDeepStrictEqual(rung.lines, [{ kind: 'caller', text: 'Hello?' }]);
  assert.equal(
    rung.lines.some((line) => line.kind === 'caller' && line.speaker !== undefined),
    false,
  );
});

test('an answer that is waited for, and of which nothing was heard, stands nowhere (stranger17: an empty line)', () => {
  const nothing: BrowserMessage = { type: 'assistant_heard', heard: '', ...named(2) };
  assert.deepEqual(shape(told(final('When is it?', 2), nothing)), ['caller: When is it?']);
});

test('what the agent tells the human does not read as told to the caller (stranger17 5)', () => {
  const words = 'Ann, about a bill.';
  const about = { full: words, heard: words, interrupted: false, ...named(2) };
  const aside: BrowserMessage = { type: 'assistant_spoken', to: 'human', ...about };
  assert.deepEqual(answers(told(aside, spoken(3, 'Hello again.'))).map(agentName), ['Agent, to the human', 'Agent']);
});

test('what the agent tells the human reads so while it is said, and where the line is lost meanwhile', () => {
  const payload = { content: 'Ann, about ', streaming: true, turn_id: 's:2', to: 'human' };
  const begun = told(envelope('assistant_streaming', 'orders', payload));
  assert.deepEqual(answers(begun).map(agentName), ['Agent, to the human']);
  assert.deepEqual(answers(seal(begun)).map(agentName), ['Agent, to the human']);
});
