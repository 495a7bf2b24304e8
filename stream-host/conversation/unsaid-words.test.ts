import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Synthesiser } from '../contract/speech.ts';
import { PHRASES, Rig, STANDBY_SPEECH, text } from './testing/rig.ts';

const agentTexts = (rig: Rig): string =>
  rig
    .of('agentText')
    .map(({ text: said }) => said)
    .join('');

/** A voice that speaks what begins with "Your", and breaks down at anything else. */
const dying: Synthesiser = {
  async *speak(words) {
    if (!words.startsWith('Your')) throw new Error('the voice died');
    yield { type: 'audio', pcm: new Uint8Array(640 * 25).fill(9) };
  },
};

test('words that a voice which dies never says are shown to nobody, and stand in no history (issue 12, d)', async () => {
  const rig = await new Rig({ synthesiser: dying }).started();
  rig.script = () => [text('Your tent is packed. It leaves us tomorrow. You can follow it.')];
  rig.log.length = 0;
  await rig.says('Where is my order?');
  await rig.clock.advance(9000);
  assert.equal(agentTexts(rig), `Your tent is packed. ${PHRASES.apology}`);
  const said = `Your tent is packed. ${PHRASES.apology}`;
  assert.equal(rig.of('agentSpoke').at(-1)?.fullText, said);
  assert.deepEqual(rig.conversation.history.at(-1), { role: 'agent', text: said, heard: true });
});

test('an answer of which nothing was heard before it was given up is no answer that was said (issue 12, b)', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('It is on its way.')];
  rig.synthesisDelayMs = Number.POSITIVE_INFINITY;
  await rig.says('Where is my order?');
  await rig.clock.advance(90_000);
  assert.equal(rig.of('waitFilled').at(-1)?.kind, 'give-up');
  assert.equal(rig.conversation.state, 'listening');
  assert.deepEqual(rig.of('agentSpoke'), []);
  assert.equal(agentTexts(rig), '');
});

test('what is not heard because the caller presses the button in time was not said either', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('It is on its way.')];
  rig.synthesisDelayMs = 1500;
  await rig.says('Where is my order?');
  rig.conversation.interrupt();
  await rig.clock.advance(3000);
  assert.deepEqual([rig.of('agentSpoke').length, agentTexts(rig)], [0, '']);
  assert.equal(rig.of('callerFinal').length, 1);
});

test('an agent that hangs up without a word says goodbye first (issue 12, e)', async () => {
  const silent = [{ type: 'end-call', reason: 'done' }] as const;
  const call = { callId: 'c', name: 'look_up', args: {} };
  const afterTool = [
    text('Let me see.'),
    { type: 'tool-started', call },
    { type: 'tool-ended', call, elapsedMs: 1, result: {} },
    ...silent,
  ] as const;
  for (const script of [silent, afterTool]) {
    const rig = await new Rig().started();
    rig.script = () => script;
    await rig.says('That was all, thank you.');
    await rig.clock.advance(6000);
    assert.ok(rig.of('agentSpoke')[0]?.heardText.endsWith(PHRASES.goodbye));
    assert.equal(rig.of('ended')[0]?.reason, 'done');
    const lastFrameMs = rig.of('frame').at(-1)?.atMs ?? 0;
    assert.ok((rig.of('ended')[0]?.atMs ?? 0) > lastFrameMs, 'it is heard to its end');
    assert.deepEqual(rig.of('fault'), []);
  }
});

test('an agent that hangs up while its voice is away asks nobody to say it again', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('Goodbye!'), { type: 'end-call', reason: 'done' }];
  rig.synthesisFails = true;
  await rig.says('Bye.');
  await rig.clock.advance(6000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, PHRASES.goodbye);
  assert.equal(rig.of('ended')[0]?.reason, 'done');
});

test('no filling begins just when the answer’s words have come (issue 12, g)', async () => {
  for (let firstTokenMs = 1700; firstTokenMs <= 2200; firstTokenMs += 50) {
    const rig = await new Rig().started();
    rig.script = () => [firstTokenMs, text('It is on its way.')];
    rig.synthesisDelayMs = 250;
    await rig.says('Where is my order?', { restMs: 5000 });
    const filled = rig.of('frame').filter(({ speech }) => speech === STANDBY_SPEECH).length;
    const [latency] = rig.of('turnLatency');
    const wouldBeChopped = latency && latency.firstTokenMs < 2600 && latency.firstAudioMs > 2600;
    if (wouldBeChopped) assert.equal(filled, 0, `after ${firstTokenMs}`);
  }
});

test('an apology, and what is said after a tool, are told with a space before them (stranger: a glued apology)', async () => {
  const rig = await new Rig().started();
  const call = { callId: 'c', name: 'look_up', args: {} };
  rig.script = () => [
    text('Let me see.'),
    { type: 'tool-started', call },
    { type: 'tool-ended', call, elapsedMs: 5, result: { ok: true } },
    text('Your tent is packed and'),
    new Error('the model broke off'),
  ];
  await rig.says('Where is my order?');
  await rig.clock.advance(15_000);
  const told = `Let me see. Your tent is packed and ${PHRASES.apology}`;
  assert.equal(agentTexts(rig), told);
  assert.equal(rig.of('agentSpoke').at(-1)?.fullText, told);
});

test('whoever says something into a goodbye, too quiet to stop it, is answered and not hung up on', async () => {
  const rig = await new Rig().started();
  rig.script = (prompt) =>
    prompt === 1
      ? [text('Thank you for your call, and have a very nice day. Goodbye!'), { type: 'end-call', reason: 'done' }]
      : [text('Of course.')];
  await rig.says('That was all.', { restMs: 1500 });
  assert.equal(rig.conversation.state, 'speaking');
  rig.final('Wait, one more thing.', rig.clock.now());
  await rig.clock.advance(9000);
  assert.equal(rig.of('bargeIn').length, 0);
  assert.deepEqual(rig.of('ended'), []);
  assert.equal(rig.of('agentSpoke').at(-1)?.heardText, 'Of course.');
  assert.equal(rig.callerWords, 'That was all. Wait, one more thing.');
});
