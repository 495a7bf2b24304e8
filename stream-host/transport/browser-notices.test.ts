import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../shared/errors.ts';
import type { BrowserMessage } from '../../shared/protocol/browser.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { tellBrowser } from './browser-messages.ts';

test('an answer that does not come is told with its reason, and never with a provider’s own words (5.2-10)', () => {
  const clock = new VirtualClock();
  const events = new SessionEvents(clock);
  const sent: BrowserMessage[] = [];
  const session = { sessionId: 's', agent: 'orders', mode: 'media', resumed: false, scripted: false };
  tellBrowser(session, events, (message) => sent.push(message), clock);
  const unreachable = new DependencyError(
    'model.unreachable',
    'private.example:443 refused',
    new Error('words of a caller'),
  );
  events.emit('fault', { code: 'reply.failed', error: unreachable });
  events.emit('fault', { code: 'reply.failed', error: new TypeError('words of a caller') });
  assert.deepEqual(
    sent.map((message) => 'message' in message && message.message),
    ['The agent could not answer. The language model cannot be reached.', 'The agent could not answer.'],
  );
});
