import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolItem } from '../../../shared/sessions/history.ts';
import { LiveRig } from './testing/live-rig.ts';

const news = (result: unknown): ToolItem => ({
  role: 'tool',
  call: { callId: 'news-1', name: 'transfer_call', args: {} },
  result,
});
const resultsIn = (rig: LiveRig) =>
  rig.history.flatMap((item) => (item.role === 'tool' && item.call.name === 'transfer_call' ? [item.result] : []));

test('what the model wants done with the call is begun when its words were heard to their end, and once', async () => {
  for (const steps of [
    [{ say: 'I put you through.' }, { tool: 'transfer_call' }, { tool: 'transfer_call' }],
    // It has not said a word: it is asked to.
    [{ tool: 'transfer_call' }],
  ]) {
    const rig = await new LiveRig().started();
    let asked = 0;
    rig.service.brain = () => (asked++ === 0 ? steps : [{ say: 'I put you through.' }]);
    await rig.says([0x20]);
    while (rig.of('agentSpoke').length === 0) {
      assert.deepEqual(rig.acts, []);
      await rig.pass(96);
    }
    await rig.pass(2000);
    assert.equal(rig.of('agentSpoke')[0]?.heardText, 'I put you through.');
    assert.equal(rig.acts.length, 1);
    assert.partialDeepStrictEqual(resultsIn(rig), [{ status: 'begun' }]);
    assert.partialDeepStrictEqual(rig.of('toolEnded'), [
      { call: { name: 'transfer_call' }, result: { status: 'begun' } },
    ]);
  }
});

test('a caller who cuts in before that cancels it, and the model is told so', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines) =>
    lines.some((line) => line.role === 'caller' && line.text.includes('word48'))
      ? [{ say: 'Very well.' }]
      : [{ say: 'I put you through to our colleagues in sales, one moment please.' }, { tool: 'transfer_call' }];
  await rig.says([0x20], 1500);
  await rig.says([0x30], 6000);
  assert.equal(rig.of('bargeIn').length, 1);
  assert.deepEqual(rig.acts, []);
  assert.partialDeepStrictEqual(resultsIn(rig), [{ status: 'not_done' }]);
});

test('what has come of it is told to the service, and spoken of as soon as nobody speaks', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines) => {
    const last = lines.at(-1);
    return [{ say: last?.role === 'tool' ? 'Nobody answered.' : 'One moment, I shall see who is there.' }];
  };
  await rig.says([0x20], 1500);
  rig.call.told?.({ item: news({ status: 'failed' }), speech: 'own-words' });
  await rig.pass(6000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText, interrupted }) => [heardText, interrupted]),
    [
      ['One moment, I shall see who is there.', false],
      ['Nobody answered.', false],
    ],
  );
  assert.deepEqual(resultsIn(rig), [{ status: 'failed' }]);
});

test('a line is said word for word, and whoever wants it said learns whether it was heard', async () => {
  const rig = await new LiveRig().started();
  const heard: boolean[] = [];
  rig.call.told?.({ speech: { line: 'This call is recorded.' }, onSpoken: (isHeard) => heard.push(isHeard) });
  await rig.pass(4000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'This call is recorded.');
  assert.deepEqual(heard, [true]);
});

test('a line that the service could not say is not heard, whatever is said in its place (close reader 2)', async () => {
  for (const steps of [['fail'], [{ say: 'This call' }, 'fail']] as const) {
    const rig = await new LiveRig().started();
    const heard: boolean[] = [];
    rig.service.lines = () => steps;
    rig.call.told?.({ speech: { line: 'This call is recorded.' }, onSpoken: (isHeard) => heard.push(isHeard) });
    await rig.pass(8000);
    assert.deepEqual(heard, [false]);
  }
});

test('a caller who is on hold is not heard, and is not asked whether he is there', async () => {
  const rig = await new LiveRig({ policy: { away: { afterMs: 9000 } } }).started();
  const spoken = rig.of('agentSpoke').length;
  rig.call.attend?.('nobody');
  await rig.pass(30_000);
  assert.equal(rig.of('agentSpoke').length, spoken);
  rig.call.attend?.('caller');
  await rig.pass(12_000);
  assert.equal(rig.of('agentSpoke').at(-1)?.heardText, 'Are you still there?');
});
