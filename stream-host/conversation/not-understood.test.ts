import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHRASES, Rig } from './testing/rig.ts';

/** The loudness of a voice beyond doubt: it swings from syllable to syllable. */
const CLEAR = [0x20, 0x20, 0x04, 0x20];
const POLICY = { policy: { onset: { echoGuard: false }, away: { afterMs: 15_000 } } } as const;

/** A voice without words: of so long, to which the recogniser says that it found none, or nothing at all. */
async function speaksInVain(rig: Rig, ms = 500, recogniser: 'no words' | 'nothing' = 'no words'): Promise<number> {
  const fromMs = rig.clock.now();
  await rig.voice(0.99, ms, CLEAR);
  const endedMs = rig.clock.now();
  if (recogniser === 'no words') rig.noWords(fromMs);
  await rig.voice(0.05, 2900);
  return endedMs;
}

test('a caller who spoke and was not understood is asked to say it again within 3 s (newcomer 5.2-5)', async () => {
  const rig = await new Rig(POLICY).started();
  const endedMs = await speaksInVain(rig);
  assert.equal(rig.spoken.slice(1).join(''), PHRASES.notUnderstood);
  const [frame] = rig.of('frame');
  assert.ok(frame && frame.atMs - endedMs <= 3000);
  await rig.clock.advance(5000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, PHRASES.notUnderstood);
  assert.equal(rig.conversation.state, 'listening');
});

test('nobody is asked twice running, and after words again', async () => {
  const rig = await new Rig(POLICY).started();
  const asked = () => rig.of('agentSpoke').filter(({ fullText }) => fullText === PHRASES.notUnderstood).length;
  await speaksInVain(rig);
  await rig.voice(0.05, 4000);
  await speaksInVain(rig);
  await rig.voice(0.05, 4000);
  assert.equal(asked(), 1);
  await rig.says('Where is my order?', { restMs: 3000 });
  await speaksInVain(rig);
  await rig.voice(0.05, 4000);
  assert.equal(asked(), 2);
});

test('a click and a cough are not asked what they said; a doubtful voice is when it lasted half a second', async () => {
  const rig = await new Rig(POLICY).started();
  await speaksInVain(rig, 160);
  for (const ms of [320, 416]) {
    await rig.voice(0.9, ms, [0x10, -0x10]);
    rig.noWords(rig.clock.now());
    await rig.voice(0.05, 4000);
  }
  assert.equal(rig.of('agentSpoke').length, 0);
  await rig.voice(0.9, 608, [0x10, -0x10]);
  rig.noWords(rig.clock.now());
  await rig.voice(0.05, 6000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, PHRASES.notUnderstood);
});

test('who was asked to wait while the recogniser was silent is asked to say it again, not told that there is no answer', async () => {
  const rig = await new Rig(POLICY).started();
  await speaksInVain(rig, 900, 'nothing');
  await rig.voice(0.05, 8000);
  assert.deepEqual(
    rig.of('waitFilled').map(({ kind }) => kind),
    ['filler'],
  );
  assert.equal(rig.of('agentSpoke')[0]?.heardText, PHRASES.notUnderstood);
});

test('a caller who speaks on before the question is heard is listened to', async () => {
  const rig = await new Rig(POLICY).started();
  rig.synthesisDelayMs = 2000;
  await speaksInVain(rig);
  assert.equal(rig.conversation.state, 'thinking');
  rig.synthesisDelayMs = 100;
  await rig.says('Where is my order?', { restMs: 3000 });
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'All right.');
  assert.equal(rig.of('agentSpoke').length, 1);
});
