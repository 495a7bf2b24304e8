import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import { type BrowserMessage, browserMessage } from '../../shared/protocol/browser.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { tellBrowser } from './browser-messages.ts';

function browserOf(events: SessionEvents, greeting = ''): BrowserMessage[] {
  const messages: BrowserMessage[] = [];
  const about = { sessionId: 's', agent: 'orders', mode: 'media', resumed: false, scripted: false };
  const session = greeting === '' ? about : { ...about, greeting };
  tellBrowser(session, events, (message) => messages.push(browserMessage.parse(message)), systemClock);
  return messages;
}

test('who waits for an answer that fails is told why, and nothing that a provider wrote (5.2-10)', () => {
  const events = new SessionEvents(systemClock);
  const messages = browserOf(events);
  const error = new ParleyError('model.unreachable', 'ECONNREFUSED 127.0.0.1:9, asked for "my number is 1042"');
  events.emit('fault', { code: 'reply.failed', error });
  events.emit('fault', { code: 'reply.failed', error: new Error('my number is 1042') });
  assert.deepEqual(messages, [
    {
      type: 'notice',
      code: 'reply.failed',
      message: 'The agent could not answer. The language model cannot be reached.',
    },
    { type: 'notice', code: 'reply.failed', message: 'The agent could not answer.' },
  ]);
});

test('how far the voice is, is told with its turn (5.3)', () => {
  const events = new SessionEvents(systemClock);
  const messages = browserOf(events);
  events.emit('agentHeard', { turn: 2, heardText: 'It is on' });
  assert.deepEqual(messages, [{ type: 'assistant_heard', heard: 'It is on', turn: 2, turn_id: 's:2' }]);
});

test('a greeting is one status, though the voice begins it clause by clause', () => {
  const events = new SessionEvents(systemClock);
  const greeting = 'Hello, this is Parley. How can I help you?';
  const messages = browserOf(events, greeting);
  events.emit('agentText', { text: 'Hello, this is Parley. ', turn: 1 });
  events.emit('agentText', { text: 'How can I help you?', turn: 1 });
  events.emit('agentText', { text: 'Hello again.', turn: 2 });
  assert.deepEqual(
    messages.map((message) => [
      message.type,
      'payload' in message && (message.payload.message ?? message.payload.content),
    ]),
    [
      ['status', greeting],
      ['assistant_streaming', 'Hello again.'],
    ],
  );
});

test('what somebody else than the caller hears is told so with the first of its words', () => {
  const events = new SessionEvents(systemClock);
  const messages = browserOf(events);
  events.emit('agentText', { text: 'Ann is calling.', turn: 2, to: 'human' });
  events.emit('agentText', { text: 'Hello again.', turn: 3 });
  assert.deepEqual(
    messages.map((message) => 'payload' in message && message.payload.to),
    ['human', undefined],
  );
});

test('an answer to who spoke first is no greeting, however it begins', () => {
  const events = new SessionEvents(systemClock);
  const messages = browserOf(events, 'Hello, this is Parley.');
  events.emit('callerFinal', { text: 'Hello?', turn: 1 });
  events.emit('agentText', { text: 'Hello', turn: 1 });
  assert.equal(messages.at(-1)?.type, 'assistant_streaming');
});

test('arguments and results that are too long for a page are cut, and say how much is missing', () => {
  const events = new SessionEvents(systemClock);
  const messages = browserOf(events);
  const call = { callId: 'c', name: 'look_up', args: { text: 'x'.repeat(9000) } };
  events.emit('toolStarted', { call, turn: 2 });
  events.emit('toolEnded', { call, elapsedMs: 1, result: ['y'.repeat(9000)], turn: 2 });
  const [start, end] = messages;
  assert.ok(start && 'args' in start && end && 'result' in end);
  assert.equal(start.args.leftOut, JSON.stringify(call.args).length - 8000);
  assert.match(JSON.stringify(end.result), /"leftOut":\d+/);
});
