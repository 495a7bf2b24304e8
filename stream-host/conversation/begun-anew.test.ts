import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyPiece } from '../contract/agent.ts';
import { PLAIN_POLICY, Rig, text } from './testing/rig.ts';

const call = { callId: 'c1', name: 'look_up_order', args: { order_number: '1042' } };
const toolRuns: readonly ReplyPiece[] = [
  { type: 'tool-started', call },
  { type: 'tool-ended', call, elapsedMs: 5, result: { found: true } },
];

/** An agent that looks the order up, and answers from what was found where that is on record already. */
async function lookingUp(rig = new Rig()): Promise<Rig> {
  await rig.started();
  rig.script = (_, history) => [...(history.at(-1)?.role === 'tool' ? [] : toolRuns), 400, text('It is packed.')];
  return rig;
}

/** The events that carry a turn's number, in short. */
const told = (rig: Rig) =>
  rig.log.flatMap((entry) =>
    entry.type === 'callerFinal' ||
    entry.type === 'toolEnded' ||
    entry.type === 'callerCorrected' ||
    entry.type === 'turnLatency' ||
    entry.type === 'agentSpoke'
      ? [`${entry.type} ${entry.turn}`]
      : [],
  );

const ONE_TURN = ['callerFinal 2', 'toolEnded 2', 'callerCorrected 2', 'turnLatency 2', 'agentSpoke 2'];

for (const [name, policy] of Object.entries({
  'that was drafted': { onset: { echoGuard: false } },
  'with a fixed hold': PLAIN_POLICY,
})) {
  test(`an answer ${name} whose words are corrected after its tool ran stays one turn, with its latency (newcomer: two rows)`, async () => {
    const rig = await lookingUp(new Rig({ policy }));
    await rig.voice(0.9, 640);
    const lastSpeechMs = rig.clock.now();
    rig.partial('what is the status of order one thousand forty two', 2000);
    await rig.voice(0.05, 640);
    assert.deepEqual(told(rig), ['callerFinal 2', 'toolEnded 2']);
    const correctedMs = rig.clock.now();
    rig.final('What is the status of order 1042?', 2000);
    await rig.voice(0.05, 640);
    const audibleMs = rig.of('turnLatency')[0]?.atMs ?? 0;
    await rig.clock.advance(3000);
    assert.deepEqual(told(rig), ONE_TURN);
    const { wordsMs, recognisedMs, firstAudioMs } = rig.of('turnLatency')[0] ?? {};
    assert.deepEqual(
      [wordsMs, recognisedMs, firstAudioMs],
      [correctedMs - lastSpeechMs, correctedMs - lastSpeechMs, audibleMs - lastSpeechMs],
      'measured from the same end of speech',
    );
    assert.deepEqual(
      rig.conversation.history.slice(1).map(({ role }) => role),
      ['caller', 'tool', 'agent'],
    );
    assert.equal(rig.callerWords, 'What is the status of order 1042?');
    rig.log.length = 0;
    await rig.says('Thank you.');
    assert.deepEqual(told(rig).slice(0, 1), ['callerFinal 3'], 'no number is lost');
  });
}

test('words that are corrected twice after the tool ran are still one turn (newcomer: two rows)', async () => {
  const rig = await lookingUp();
  await rig.voice(0.9, 640);
  rig.partial('Hello.', 1000, 1900);
  rig.partial('order ten forty two', 2000);
  await rig.voice(0.05, 640);
  rig.final('order 1042', 2000);
  await rig.voice(0.05, 128);
  rig.final('Order 1043.', 2000);
  await rig.voice(0.05, 640);
  await rig.clock.advance(3000);
  assert.deepEqual(told(rig), [...ONE_TURN.slice(0, 2), 'callerCorrected 2', ...ONE_TURN.slice(2)]);
  assert.deepEqual(
    rig.prompts.slice(-3).map((history) => history.flatMap((item) => (item.role === 'caller' ? [item.text] : []))),
    [['Hello. order ten forty two'], ['Hello. order 1042'], ['Hello. Order 1043.']],
  );
  assert.equal(rig.callerWords, 'Hello. Order 1043.');
});

test('an answer that a noise takes back after its tool ran stays one turn, with its latency (newcomer: two rows)', async () => {
  const rig = await lookingUp();
  await rig.voice(0.9, 640);
  const lastSpeechMs = rig.clock.now();
  rig.partial('order ten forty two', 2000);
  await rig.voice(0.05, 320);
  rig.final('order ten forty two', 2000);
  await rig.voice(0.05, 320);
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 4000);
  assert.deepEqual(
    told(rig),
    ONE_TURN.filter((each) => each !== 'callerCorrected 2'),
  );
  const [latency] = rig.of('turnLatency');
  assert.equal(latency?.firstAudioMs, (latency?.atMs ?? 0) - lastSpeechMs);
});

test('new words after a tool ran are a turn of their own, and a correction without a tool leaves no gap in the numbers', async () => {
  const rig = await lookingUp();
  await rig.voice(0.9, 640);
  rig.partial('order ten forty two', 2000);
  await rig.voice(0.05, 640);
  rig.partial('order ten forty two and ten forty three', 2000);
  await rig.voice(0.05, 2000);
  await rig.clock.advance(3000);
  assert.deepEqual(told(rig).slice(0, 3), ['callerFinal 2', 'toolEnded 2', 'callerFinal 3']);
  assert.deepEqual(
    rig.of('turnLatency').map(({ turn }) => turn),
    [3],
  );

  const plain = await new Rig({ policy: PLAIN_POLICY }).started();
  plain.script = () => [400, text('It is packed.')];
  await plain.voice(0.9, 640);
  plain.partial('order ten forty', 2000);
  await plain.voice(0.05, 640);
  plain.final('order 1042', 2000);
  await plain.clock.advance(3000);
  assert.deepEqual(told(plain), ['callerFinal 2', 'turnLatency 2', 'agentSpoke 2']);
});
