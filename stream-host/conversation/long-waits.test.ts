import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHRASES, Rig, text } from './testing/rig.ts';

const PROMISE_MS = 3000;
const POLICY = { policy: { onset: { echoGuard: false }, away: { afterMs: 0 } } } as const;
/** The loudness of a voice beyond doubt: it swings from syllable to syllable. */
const CLEAR = [0x20, 0x20, 0x04, 0x20];

/** How long after `fromMs` the caller heard the agent for the first time. */
const heardAfterMs = (rig: Rig, fromMs: number): number =>
  (rig.of('frame').find(({ atMs }) => atMs >= fromMs)?.atMs ?? Number.POSITIVE_INFINITY) - fromMs;

test('a noise every two seconds leaves nobody in silence who waits for an answer', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = () => [20_000, text('It is blue.')];
  const offsetMs = rig.clock.now();
  await rig.voice(0.9, 800);
  let heardUntilMs = rig.clock.now();
  rig.partial('Which colour does it have?', offsetMs);
  await rig.voice(0.05, 320);
  rig.final('Which colour does it have?', offsetMs);
  for (let noise = 0; noise < 8; noise += 1) {
    await rig.voice(0.05, 1800);
    await rig.voice(0.9, 160);
  }
  const gapsMs: number[] = [];
  for (const { atMs } of rig.of('frame')) {
    gapsMs.push(atMs - heardUntilMs);
    heardUntilMs = Math.max(heardUntilMs, atMs) + 20;
  }
  // What the noise was must be clear before anybody speaks.
  assert.ok(Math.max(...gapsMs) <= PROMISE_MS + 700, `${Math.max(...gapsMs)} ms of silence`);
  assert.ok(rig.of('waitFilled').length >= 3);
  assert.deepEqual(new Set(rig.of('waitFilled').map(({ turn }) => turn)), new Set([2]));
  assert.equal(rig.prompts.length, 1);
});

test('a noise does not bring the next thing that fills a wait forward', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = () => [20_000, text('It is blue.')];
  await rig.says('Which colour does it have?', { restMs: 2500 });
  assert.equal(rig.of('waitFilled').length, 1);
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 1500);
  assert.equal(rig.of('waitFilled').length, 1);
});

test('who is asked to say it again hears something within 3 s, though the voice takes long to say so', async () => {
  const rig = await new Rig(POLICY).started();
  rig.synthesisDelayMs = 4000;
  const fromMs = rig.clock.now();
  await rig.voice(0.99, 500, CLEAR);
  const endedMs = rig.clock.now();
  rig.noWords(fromMs);
  await rig.voice(0.05, 16_000);
  assert.ok(heardAfterMs(rig, endedMs) <= PROMISE_MS, `${heardAfterMs(rig, endedMs)} ms`);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, PHRASES.notUnderstood);
});

test('who has asked over music that goes on hears something 3 s after the last words, though the model is slow', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = () => [4000, text('It is on its way.')];
  const offsetMs = rig.clock.now();
  await rig.voice(0.9, 800);
  rig.partial('Where is my order?', offsetMs);
  const saidMs = rig.clock.now();
  await rig.voice(0.6, 6000);
  assert.ok(heardAfterMs(rig, saidMs) <= PROMISE_MS, `${heardAfterMs(rig, saidMs)} ms`);
});

test('who has pressed keys waits since the last of them', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = () => [5000, text('It is on its way.')];
  rig.conversation.pressed('7');
  await rig.clock.advance(250);
  rig.conversation.pressed('7');
  const lastMs = rig.clock.now();
  await rig.clock.advance(9000);
  assert.ok(heardAfterMs(rig, lastMs) <= PROMISE_MS, `${heardAfterMs(rig, lastMs)} ms`);
  assert.equal(rig.callerWords, '[pressed 77]');
});

test('an agent that hangs up when it gives up does so once it has said so, and not a stall later', async () => {
  const rig = await new Rig({ policy: { waiting: { afterGivingUp: 'hang-up' } } }).started();
  rig.script = () => ['hang'];
  await rig.says('Where is my order?');
  await rig.clock.advance(60_000);
  const lastFrameMs = rig.of('frame').at(-1)?.atMs ?? 0;
  const endedMs = rig.of('ended')[0]?.atMs ?? Number.POSITIVE_INFINITY;
  assert.ok(endedMs >= lastFrameMs && endedMs <= lastFrameMs + 600, `${endedMs - lastFrameMs} ms after the last frame`);
});

test('who asks "hello?" into a slow answer is not taken for somebody who pauses long', async () => {
  const rig = await new Rig(POLICY).started();
  rig.script = () => [5500, text('Yes.')];
  for (let turn = 0; turn < 3; turn += 1) {
    await rig.says(`Where is order number ${turn}?`, { restMs: 3000 });
    await rig.says('Hello?', { restMs: 4000 });
    await rig.voice(0.05, 4000);
  }
  rig.log.length = 0;
  rig.script = () => [text('Yes.')];
  await rig.says('Where is my order?', { restMs: 2000 });
  const fresh = await new Rig(POLICY).started();
  fresh.script = () => [text('Yes.')];
  await fresh.says('Where is my order?', { restMs: 2000 });
  assert.equal(rig.of('turnLatency')[0]?.recognisedMs, fresh.of('turnLatency')[0]?.recognisedMs);
});

test('nothing is begun any more by an agent that hangs up when it gives up, whatever was to be said yet', async () => {
  const rig = await new Rig({ policy: { waiting: { afterGivingUp: 'hang-up' } } }).started();
  rig.script = () => ['hang'];
  await rig.says('Where is my order?');
  rig.conversation.told({ speech: { line: 'This call is recorded.' } });
  rig.conversation.told({ speech: 'own-words' });
  await rig.clock.advance(60_000);
  assert.equal(rig.log.at(-1)?.type, 'ended');
  assert.deepEqual([rig.prompts.length, rig.openAnswers, rig.openSyntheses], [1, 0, 0]);
  assert.ok(!rig.spoken.includes('This call is recorded.'));
});
