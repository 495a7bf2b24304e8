import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveRig } from './testing/live-rig.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';

test('an answer that is under way when the call ends is one of which nobody knows what it used', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(1_200);
  const before = rig.used.length;
  rig.call.close('caller-ended');
  const after = rig.used.slice(before);
  assert.equal(after.length, 1, 'there was one under way');
  assert.ok(
    after.every(({ service, used }) => service === 'realtime' && used.output_tokens === null),
    JSON.stringify(after),
  );
  assert.equal(rig.served.at(-1)?.finishReason, 'broken_off');
  rig.call.close('caller-ended');
  assert.equal(rig.used.length, before + after.length, 'told once');
});

test('each response is told with when it began, was first heard, and ended, and what it used', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(20_000);
  assert.equal(rig.served.length, rig.used.length);
  for (const { service, startedAtMs, firstAtMs = Number.NaN, endedAtMs, finishReason, error } of rig.served) {
    assert.deepEqual([service, finishReason, error], ['realtime', 'completed', undefined]);
    assert.ok(startedAtMs <= firstAtMs && firstAtMs <= endedAtMs);
  }
});

test('an answer that nobody wanted any more before it began has used something, which is told (close reader 8)', async () => {
  const rig = await new LiveRig().started();
  await rig.says([0x20]);
  while (rig.state !== 'waiting') await rig.pass(32);
  while (!rig.service.session?.isAnswering) await rig.pass(32);
  const before = rig.used.length;
  rig.call.interrupt();
  await rig.pass(2000);
  assert.equal(rig.of('agentSpoke').length, 0);
  assert.equal(rig.used.length, before + 1);
  assert.equal(rig.used.at(-1)?.used.output_audio_tokens, 8);
  assert.equal(rig.served.at(-1)?.finishReason, 'cancelled');
});
