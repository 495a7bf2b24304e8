import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionFacts } from '../contract/agent.ts';
import { phrasesIn } from './opening-words.ts';
import { defaultPhrases } from './phrases.ts';
import { recordingOf, saidOf } from './recording-settings.ts';

const phrases = defaultPhrases('en-US', 'Hello.');
const contextGreeting = 'Hello {customer_name}, your order {order} is here.';
const session = (context?: SessionFacts['context']): SessionFacts => ({
  sessionId: 's',
  direction: 'outbound',
  context,
});
const greetingOf = (options: Partial<Parameters<typeof phrasesIn>[0]>) =>
  phrasesIn({ phrases, contextGreeting, session: session(), recording: undefined, ...options }).greeting;

test('the context of a call reaches the greeting, and a greeting that lacks something of it is not said', () => {
  const whole = session({ customer_name: ' Ann\u0007 ', order: 1042 });
  assert.equal(greetingOf({ session: whole }), 'Hello Ann, your order 1042 is here.');
  for (const context of [
    undefined,
    { customer_name: 'Ann' },
    { customer_name: '', order: 1 },
    { customer_name: {}, order: 1 },
  ]) {
    assert.equal(greetingOf({ session: session(context) }), 'Hello.');
  }
});

test('who is recorded from the beginning is told so before anything else', () => {
  const recording = { fromStart: true, notice: 'This call is recorded.' };
  assert.equal(greetingOf({ recording }), 'This call is recorded. Hello.');
  assert.equal(greetingOf({ recording: { ...recording, fromStart: false } }), 'Hello.');
  assert.equal(greetingOf({ recording: { fromStart: true, notice: false } }), 'Hello.');
});

test('the agent does not say its notice where the carrier plays one in its place (breaker17 7: it talked over it)', () => {
  const settings = { start: 'always', notice: 'This call is recorded.' } as const;
  const greeted = (url?: string) => greetingOf({ recording: recordingOf(saidOf(settings, url), session()) });
  assert.equal(greeted('https://example.org/notice.wav'), 'Hello.');
  assert.equal(greeted(), 'This call is recorded. Hello.');
});
