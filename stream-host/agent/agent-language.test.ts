import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentIn } from './agent-language.ts';
import { testAgent } from './testing/language-model.ts';

test('a number may begin in another language of its agent; one that he does not speak changes nothing', () => {
  const agent = { ...testAgent(), languages: ['en-US', 'de-DE'] };
  const german = agentIn(agent, 'de-DE');
  assert.deepEqual([german.locale, german.languages], ['de-DE', ['de-DE', 'en-US']]);
  assert.equal(german.phrases.goodbye, 'Vielen Dank. Auf Wiederhören.');
  assert.equal(german.phrases.greeting, agent.phrases.greeting);
  for (const other of ['fr-FR', 'en-US', undefined]) assert.equal(agentIn(agent, other).locale, 'en-US');
});
