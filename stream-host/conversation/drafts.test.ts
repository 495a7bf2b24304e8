import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyPiece } from '../contract/agent.ts';
import { PLAIN_POLICY, Rig, text } from './testing/rig.ts';
import type { DraftPolicy } from './turns/turn-policy.ts';

const call = { callId: 'c1', name: 'move_delivery', args: { day: 'Friday' } };
const toolEnds: ReplyPiece = { type: 'tool-ended', call, elapsedMs: 5, result: { ok: true } };

async function drafting(mode: DraftPolicy['mode'], maxPerTurn = 3): Promise<Rig> {
  const rig = await new Rig({ policy: { ...PLAIN_POLICY, drafts: { mode, maxPerTurn } } }).started();
  rig.script = () => [150, text('On its way.')];
  return rig;
}

/** Speech, then a pause in which the partial comes 160 ms after the last sound; the turn is not over yet. */
async function pausesAfter(rig: Rig, words: string, offsetMs: number): Promise<void> {
  await rig.voice(0.9, 640);
  await rig.voice(0.05, 192);
  rig.partial(words, offsetMs);
}

test('an answer that was begun in the pause is heard the moment the pause has lasted its hold', async () => {
  const latencies: number[] = [];
  for (const mode of ['off', 'text', 'speech'] as const) {
    const rig = await drafting(mode);
    await pausesAfter(rig, 'Where is my order?', 2000);
    await rig.voice(0.05, 900);
    latencies.push(rig.of('turnLatency')[0]?.firstAudioMs ?? 0);
    assert.equal(rig.prompts.length, 1);
  }
  assert.deepEqual(latencies, [500 + 150 + 100, 500 + 100, 500]);
});

test('nothing of a draft is heard or told when the caller goes on, and what it cost is counted', async () => {
  const rig = await drafting('speech');
  await pausesAfter(rig, 'Where is my order', 2000);
  await rig.voice(0.05, 128);
  rig.log.length = 0;
  await rig.voice(0.9, 640);
  rig.partial('Where is my order from Monday?', 2000);
  await rig.voice(0.05, 1000);
  assert.deepEqual(
    rig.of('draftDropped').map(({ pieces, characters }) => ({ pieces, characters })),
    [{ pieces: 1, characters: 'On its way.'.length }],
  );
  assert.deepEqual(
    rig.of('callerFinal').map(({ text, turn }) => [text, turn]),
    [['Where is my order from Monday?', 2]],
  );
  await rig.clock.advance(5000);
  assert.equal(rig.of('agentSpoke').length, 1);
  assert.ok(
    rig.of('frame').every(({ speech }) => speech === 0 || speech === rig.spoken.length),
    'only the last synthesis is heard',
  );
});

test('a draft of other words is replaced, one of the same words in better spelling is kept', async () => {
  const rig = await drafting('text');
  await pausesAfter(rig, 'order ten forty', 2000);
  rig.partial('order ten forty two', 2000);
  rig.final('Order ten forty two.', 2000);
  await rig.voice(0.05, 1000);
  assert.deepEqual(
    rig.prompts.map((history) => history.at(-1)),
    [
      { role: 'caller', text: 'order ten forty' },
      { role: 'caller', text: 'order ten forty two' },
    ],
  );
  assert.equal(rig.callerWords, 'Order ten forty two.');
});

test('one turn of the caller costs no more drafts than the policy allows', async () => {
  const rig = await drafting('text', 2);
  await pausesAfter(rig, 'one', 2000);
  for (const words of ['one two', 'one two three', 'one two three four']) rig.partial(words, 2000);
  assert.equal(rig.prompts.length, 2);
  await rig.voice(0.05, 1000);
  assert.equal(rig.prompts.length, 3, 'the answer itself');
});

test('no tool runs for a draft: it waits until the turn is the agent’s', async () => {
  const rig = await drafting('speech');
  let ranAtMs = 0;
  rig.script = () => [
    { type: 'tool-started', call },
    new Proxy(toolEnds, {
      get(target, key) {
        ranAtMs ||= rig.clock.now();
        return Reflect.get(target, key);
      },
    }),
    text('Moved.'),
  ];
  await rig.voice(0.9, 640);
  const lastSpeechMs = rig.clock.now();
  await rig.voice(0.05, 192);
  rig.partial('Move it to Friday.', 2000);
  await rig.voice(0.05, 256);
  assert.equal(rig.prompts.length, 1, 'the model was asked');
  assert.equal(rig.of('toolStarted').length, 0);
  await rig.voice(0.05, 640);
  assert.equal(ranAtMs, lastSpeechMs + 500);
  assert.equal(rig.of('toolEnded').length, 1);
});

test('a draft that failed is no answer: the model is asked again', async () => {
  const rig = await drafting('speech');
  rig.script = (prompt) => (prompt === 1 ? [new Error('503')] : [text('On its way.')]);
  await pausesAfter(rig, 'Where is my order?', 2000);
  await rig.voice(0.05, 1000);
  await rig.clock.advance(3000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'On its way.');
  assert.equal(rig.of('fault').length, 0);
});

test('an answer that is begun early knows what has happened in the call since the last one', async () => {
  const rig = await drafting('text');
  rig.script = (prompt) => [text(prompt === 1 ? 'It is on its way, and it arrives tomorrow before noon.' : 'I see.')];
  await rig.says('Sales, please.', { restMs: 900 });
  assert.equal(rig.conversation.state, 'speaking');
  const item = { role: 'tool', call, result: { status: 'failed' } } as const;
  rig.conversation.told({ item, speech: 'own-words' });
  await pausesAfter(rig, 'What is it?', rig.clock.now());
  assert.equal(rig.of('bargeIn').length, 1);
  await rig.voice(0.05, 900);
  assert.equal(rig.prompts.length, 2);
  assert.deepEqual(rig.prompts[1]?.slice(-2), [item, { role: 'caller', text: 'What is it?' }]);
});
