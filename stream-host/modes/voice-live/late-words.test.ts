import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeringBrain } from './testing/answering-brain.ts';
import { LiveRig } from './testing/live-rig.ts';
import { MS_PER_CHAR } from './testing/talking-service.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';

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

test('words that are known only when the agent has finished, as nobody could tell that they were a caller’s, are answered (close reader 2)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  while (rig.of('turnLatency').length === 0) await rig.pass(32);
  await rig.pass(LONG.length * MS_PER_CHAR - 1500);
  rig.service.wordsAfterMs = 4000;
  rig.service.brain = () => [{ say: 'Before noon.' }];
  await rig.says([0x30], 9000);
  assert.deepEqual(rig.callerWords, ['word32', 'word48']);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText, interrupted }) => [heardText, interrupted]),
    [
      [LONG, false],
      ['Before noon.', false],
    ],
  );
});

test('what the caller is to be told is not kept back by a cough of which it is known late that it has no words (close reader 9)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  while (rig.of('turnLatency').length === 0) await rig.pass(32);
  await rig.pass(LONG.length * MS_PER_CHAR - 1500);
  rig.service.wordsAfterMs = 4000;
  rig.call.told?.({ speech: { line: 'Nobody answered.' } });
  await rig.says([0x74], 9000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    [LONG, 'Nobody answered.'],
  );
});

test('a tool that has run is not run again where its session is lost before the caller’s words are known (close reader 5)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines, request) => answeringBrain(lines, request, true);
  rig.service.wordsAfterMs = 3000;
  await rig.says([0x20]);
  while (rig.tools.length === 0) await rig.pass(32);
  await rig.pass(640);
  assert.equal(rig.of('toolEnded').length, 1);
  assert.equal(rig.of('turnLatency').length, 0, 'nothing is audible');
  rig.service.session?.end('realtime.lost');
  await rig.pass(9000);
  assert.equal(rig.tools.length, 1);
  assert.equal(rig.history.filter(({ role }) => role === 'tool').length, 1);
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('a tool is asked for in the same turn of the caller’s whether or not his words are known yet, so that another host gives it the same key (close reader 6)', async () => {
  for (const wordsAfterMs of [0, 3000]) {
    const rig = await new LiveRig().started();
    rig.service.brain = (lines, request) => answeringBrain(lines, request, true);
    rig.service.wordsAfterMs = wordsAfterMs;
    await rig.says([0x20], 9000);
    assert.deepEqual(rig.toolTurns, [1], `${wordsAfterMs}`);
    assert.deepEqual(rig.callerWords, ['word32']);
  }
});

test('a session is not renewed before it has told the words of what was answered last (close reader 11)', async () => {
  const rig = await new LiveRig({ expiresAfterMs: 30_000 }).started();
  rig.service.brain = () => [{ say: 'Yes.' }];
  rig.service.wordsAfterMs = 3000;
  await rig.pass(6700);
  await rig.says([0x20], 9000);
  assert.equal(rig.service.sessions.length, 2, 'it was renewed meanwhile');
  assert.deepEqual(rig.of('fault'), []);
  assert.deepEqual(rig.callerWords, ['word32']);
  assert.deepEqual(rig.service.session?.lines.at(-2), { role: 'caller', text: 'word32' });
});
