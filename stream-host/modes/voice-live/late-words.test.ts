import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeringBrain } from './testing/answering-brain.ts';
import { LiveRig } from './testing/live-rig.ts';

test('words that the service never tells are not waited for, and what was said since is not heard again by another session (reader: words doubled)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines, request) => answeringBrain(lines, request, false);
  rig.service.wordsAfterMs = 1e6;
  await rig.says([0x20], 4500);
  rig.service.wordsAfterMs = 200;
  await rig.says([0x21], 7500);
  assert.deepEqual(
    rig.of('fault').map(({ code }) => code),
    ['realtime.words_lost'],
  );
  rig.service.session?.end('realtime.lost');
  await rig.pass(9000);
  assert.deepEqual(rig.callerWords, ['word33']);
  assert.equal(rig.of('agentSpoke').length, 2);
  rig.call.close('done');
  assert.equal(rig.clock.pending, 0);
});

test('what was being said as the call ended is on record as it was last heard (reader: last words lost)', async () => {
  const rig = await new LiveRig().started();
  rig.service.partials = true;
  await rig.says([0x20, 0x21], 200);
  rig.call.close('hung-up');
  assert.deepEqual(rig.callerWords, ['word32', 'word33']);
  assert.equal(rig.log.at(-1)?.type, 'ended');
});
