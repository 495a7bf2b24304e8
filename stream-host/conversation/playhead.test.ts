import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, text } from './testing/rig.ts';

const LONG = 'It is on its way, and it arrives tomorrow before noon, at the door.';

test('while the agent speaks it is told how far the voice is, a few times a second and never ahead (newcomer 5.3)', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text(LONG)];
  await rig.says('Where is my order?', { restMs: 12_000 });
  const [spoken] = rig.of('agentSpoke').slice(-1);
  assert.equal(spoken?.heardText, LONG);
  const told = rig.of('agentHeard').filter(({ turn }) => turn === spoken.turn);
  assert.ok(told.length >= 5, `${told.length} times`);
  for (const [i, { heardText, atMs }] of told.entries()) {
    assert.ok(LONG.startsWith(heardText), heardText);
    const before = told[i - 1];
    if (!before) continue;
    assert.ok(heardText.length >= before.heardText.length && atMs - before.atMs >= 200);
  }
});

test('an answer that was cut off was never told to have been heard further than it was', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text(LONG)];
  await rig.says('Where is my order?', { restMs: 2500 });
  rig.conversation.interrupt();
  const [spoken] = rig.of('agentSpoke').slice(-1);
  assert.equal(spoken?.interrupted, true);
  const last = rig.of('agentHeard').findLast(({ turn }) => turn === spoken.turn);
  assert.ok(last && spoken.heardText.startsWith(last.heardText), last?.heardText);
});
