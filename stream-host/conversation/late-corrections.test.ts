import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, text } from './testing/rig.ts';

const POLICY = { policy: { onset: { echoGuard: false } } } as const;
const LONG = 'It is on its way, and it arrives tomorrow before noon, at the door, with all that was ordered.';

/** The caller has said that, as it sounds so far, and the agent has taken it up. */
async function misheard(rig: Rig): Promise<number> {
  const offsetMs = rig.clock.now();
  await rig.voice(0.9, 640);
  rig.partial('order ten forty', offsetMs);
  await rig.voice(0.05, 640);
  return offsetMs;
}

test('a correction that comes while a sound holds the answer is answered, and not what was misheard', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = () => [1500, text('Yes.')];
  const offsetMs = await misheard(rig);
  assert.equal(rig.conversation.state, 'thinking');
  await rig.voice(0.9, 64);
  assert.equal(rig.conversation.state, 'held');
  rig.final('order 1042', offsetMs);
  assert.equal(rig.conversation.state, 'held');
  await rig.voice(0.05, 4000);
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'order 1042' });
  assert.equal(rig.callerWords, 'order 1042');
  assert.deepEqual(
    rig.of('callerFinal').map(({ turn, text: words }) => [turn, words]),
    [[2, 'order 1042']],
  );
  assert.equal(rig.of('agentSpoke').length, 1);
  assert.equal(rig.openAnswers, 0);
});

test('what a correction brings with it stops an agent that speaks, as other words do', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = (prompt) => [text(prompt === 1 ? LONG : 'Very well.')];
  const offsetMs = await misheard(rig);
  await rig.voice(0.05, 640);
  assert.equal(rig.conversation.state, 'speaking');
  await rig.voice(0.9, 192);
  rig.final('order 1042, no wait, cancel it', offsetMs);
  assert.equal(rig.of('bargeIn').length, 1);
  await rig.voice(0.05, 2000);
  const last = rig.prompts.at(-1)?.at(-1);
  assert.ok(last?.role === 'caller' && last.text.endsWith('cancel it'));
});

test('what a correction brings with it once the agent has finished is answered within 3 s', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false }, away: { afterMs: 0 } } }).started();
  rig.script = () => [text('Yes.')];
  const offsetMs = await misheard(rig);
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 3000);
  assert.equal(rig.conversation.state, 'listening');
  rig.final('order 1042 and a lamp', offsetMs);
  const before = rig.of('agentSpoke').length;
  await rig.voice(0.05, 3000);
  assert.equal(rig.of('agentSpoke').length, before + 1);
  assert.equal(rig.callerWords, 'order 1042 and a lamp');
});
