import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAgents } from '../../agent/agent-definition.ts';
import { Rig } from '../../conversation/testing/rig.ts';
import { phrasesOf } from './media-speech.ts';

test('what an agent says by itself is made ready in the very pieces in which it is asked for', async () => {
  const agents = await loadAgents('agents');
  const agent = agents.get('orders');
  assert.ok(agent);
  const phrases = { ...agent.phrases, farewell: 'I shall hang up now, as I cannot hear you. Goodbye!' };
  const ready = phrasesOf(new Map([['orders', { ...agent, phrases }]])).map(({ text }) => text.trim());

  const rig = new Rig({ phrases, policy: { away: { afterMs: 2000 }, onset: { echoGuard: false } } });
  rig.conversation.start();
  await rig.clock.advance(60_000);
  assert.equal(rig.of('ended').length, 1);
  const spoken = rig.spoken.map((text) => text.trim());
  assert.ok(spoken.length >= 6, `${spoken}`);
  assert.deepEqual(
    spoken.filter((text) => !ready.includes(text)),
    [],
  );
  const { apology, explanation, giveUp, goodbye, fillers } = phrases;
  for (const text of [apology, explanation, giveUp, goodbye, ...fillers]) assert.ok(ready.includes(text));
});
