import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, text } from './testing/rig.ts';

async function press(rig: Rig, keys: string): Promise<void> {
  for (const key of keys) {
    rig.conversation.pressed(key);
    await rig.clock.advance(250);
  }
}

test('keys that the caller presses are words: the agent answers them (call-dtmf-is-ignored)', async () => {
  const rig = await new Rig().started();
  await press(rig, '1042#');
  await rig.clock.advance(3000);
  assert.equal(rig.callerWords, '[pressed 1042#]');
  assert.equal(rig.prompts.length, 1);
  assert.deepEqual(rig.of('callerFinal')[0]?.text, '[pressed 1042#]');
});

test('keys without a # count as all pressed after a pause', async () => {
  const rig = await new Rig().started();
  await press(rig, '77');
  assert.equal(rig.prompts.length, 0);
  await rig.clock.advance(4000);
  assert.equal(rig.callerWords, '[pressed 77]');
});

test('keys cut the agent off', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('It is on its way, and it arrives tomorrow before noon, at the door, if nobody minds.')];
  await rig.says('Where is my order?');
  assert.equal(rig.conversation.state, 'speaking');
  await press(rig, '9#');
  await rig.clock.advance(500);
  assert.equal(rig.of('bargeIn').length, 1);
  await rig.clock.advance(9000);
  assert.equal(rig.callerWords, 'Where is my order? [pressed 9#]');
});

test('a caller who has pressed keys is not asked whether anybody is there', async () => {
  const rig = await new Rig({ policy: { away: { afterMs: 5000 } } }).started();
  await rig.clock.advance(3000);
  await press(rig, '1042');
  await rig.clock.advance(3000);
  assert.deepEqual(rig.spoken.slice(1), ['All right.']);
});

test('keys are answered at once, though the recogniser has not said what the noise before them was', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 4000);
  assert.equal(rig.conversation.state, 'listening');
  await press(rig, '1#');
  await rig.voice(0.05, 960);
  assert.equal(rig.prompts.length, 1);
  assert.equal(rig.callerWords, '[pressed 1#]');
});
