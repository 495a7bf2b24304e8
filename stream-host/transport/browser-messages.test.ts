import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import { type BrowserMessage, browserMessage } from '../../shared/protocol/browser.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { tellBrowser } from './browser-messages.ts';

function browserOf(events: SessionEvents): BrowserMessage[] {
  const messages: BrowserMessage[] = [];
  const session = { sessionId: 's', agent: 'orders', resumed: false, scripted: false };
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
