import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Phrases } from '../contract/agent.ts';
import { PLAIN_POLICY, Rig } from './testing/rig.ts';

async function quietLine(phrases: Partial<Phrases> = {}): Promise<Rig> {
  const rig = new Rig({
    phrases: { greeting: 'Hello.', prompts: ['Are you there?', 'Still there?'], ...phrases },
    policy: { ...PLAIN_POLICY, away: { afterMs: 10_000 } },
  });
  rig.conversation.start();
  await rig.clock.advance(5000);
  return rig;
}

test('a caller who says nothing is asked, counted from when the agent was heard to its end', async () => {
  const rig = await quietLine();
  const heardAtMs = rig.of('agentSpoke')[0]?.atMs ?? 0;
  await rig.clock.advance(10_000);
  assert.equal(rig.spoken[1], 'Are you there?');
  const firstFrameMs = rig.of('frame').find(({ speech }) => speech === 2)?.atMs ?? 0;
  assert.equal(firstFrameMs - heardAtMs, 10_000 + rig.synthesisDelayMs);
});

test('each prompt is said once, and then the line is kept in silence', async () => {
  const rig = await quietLine();
  await rig.clock.advance(120_000);
  assert.deepEqual(rig.spoken, ['Hello.', 'Are you there?', 'Still there?']);
  assert.equal(rig.conversation.state, 'listening');
  assert.equal(rig.clock.pending, 0);
});

test('with a farewell the agent hangs up when the last prompt was not answered either', async () => {
  const rig = await quietLine({ farewell: 'Goodbye, then.' });
  await rig.clock.advance(120_000);
  assert.deepEqual(rig.spoken, ['Hello.', 'Are you there?', 'Still there?', 'Goodbye, then.']);
  assert.deepEqual(rig.of('ended')[0]?.reason, 'caller-away');
});

test('a caller who answers is asked again only after the next long silence, from the first prompt on', async () => {
  const rig = await quietLine();
  await rig.clock.advance(12_000);
  await rig.says('Yes, one moment.');
  await rig.clock.advance(14_000);
  assert.deepEqual(rig.spoken, ['Hello.', 'Are you there?', 'All right.', 'Are you there?']);
});

test('a prompt that the caller speaks into is dropped for good', async () => {
  const rig = await quietLine();
  await rig.clock.advance(4500);
  rig.synthesisDelayMs = 1000;
  await rig.voice(0.05, 320);
  while (rig.conversation.state !== 'thinking') await rig.voice(0.05, 32);
  await rig.says('I am here.');
  await rig.clock.advance(5000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    ['Hello.', 'All right.'],
  );
});
