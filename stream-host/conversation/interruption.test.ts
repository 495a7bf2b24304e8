import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAIN_POLICY, Rig, text } from './testing/rig.ts';
import type { TurnPolicyChanges } from './turns/turn-policy.ts';

const LONG = 'It is on its way, and it arrives tomorrow before noon, at the door, with all that was ordered.';
const TENTATIVE: TurnPolicyChanges = {
  ...PLAIN_POLICY,
  interruption: { tentative: true, backchannels: true, resumeMs: 350, wordlessMs: 650, clearWordlessMs: 1500 },
};

/** The agent is a second into a long answer. */
async function speaking(policy: TurnPolicyChanges = TENTATIVE): Promise<Rig> {
  const rig = await new Rig({ policy }).started();
  rig.script = (prompt) => [text(prompt === 1 ? LONG : 'Very well.')];
  await rig.says('Where is my order?', { restMs: 1500 });
  assert.equal(rig.conversation.state, 'speaking');
  rig.log.length = 0;
  return rig;
}

test('a cough silences the agent, and it goes on where it was cut off within 700 ms', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 192);
  assert.equal(rig.of('stop').length, 1);
  await rig.voice(0.05, 640);
  const [resumed] = rig.of('replyResumed');
  assert.ok(resumed && resumed.silentMs <= 700, `silent for ${resumed?.silentMs} ms`);
  await rig.clock.advance(10_000);
  const [spoke] = rig.of('agentSpoke');
  assert.equal(spoke?.heardText, LONG);
  assert.equal(spoke?.interrupted, false);
  assert.equal(rig.of('bargeIn').length, 0);
});

test('an acknowledgement lets the agent go on, and is not answered', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 320);
  rig.partial('mhm', 20_000);
  await rig.voice(0.05, 192);
  assert.equal(rig.of('replyResumed').length, 1);
  rig.final('Mhm.', 20_000);
  await rig.clock.advance(10_000);
  assert.equal(rig.prompts.length, 1);
  assert.deepEqual(rig.of('callerAcknowledged')[0]?.text, 'mhm');
  assert.equal(rig.of('agentSpoke')[0]?.heardText, LONG);
});

test('an acknowledgement that grows into words takes the floor, and nothing of it is lost', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 320);
  rig.partial('okay', 20_000);
  await rig.voice(0.05, 192);
  await rig.voice(0.9, 320);
  rig.partial('okay wait', 20_000);
  await rig.voice(0.05, 192);
  rig.final('Okay, wait a moment.', 20_000);
  await rig.voice(0.05, 640);
  assert.equal(rig.of('bargeIn').length, 1);
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'Okay, wait a moment.' });
});

test('what may be half of an acknowledgement, of a voice that has ended, is not waited for beyond 700 ms', async () => {
  const rig = await speaking();
  await rig.voice(0.99, 608, WITH_CONSONANTS);
  rig.partial('I', 20_000);
  await rig.voice(0.05, 640);
  const [resumed] = rig.of('replyResumed');
  assert.ok(resumed && resumed.silentMs <= 700, `silent for ${resumed?.silentMs} ms`);
  rig.final('I see.', 20_000);
  await rig.clock.advance(10_000);
  assert.equal(rig.prompts.length, 1, 'it is not answered');
  assert.equal(rig.of('agentSpoke')[0]?.heardText, LONG);
});

test('an acknowledgement over other people lets the agent go on when its time is up, though the sound goes on', async () => {
  const rig = await speaking();
  await rig.voice(0.99, 320, WITH_CONSONANTS);
  rig.partial('okay', 20_000);
  // Too quiet beside it to be the caller's, and now and then a frame that is.
  for (let t = 0; t < 640; t += 128) await rig.voice(0.3, 96, [0x01]).then(() => rig.voice(0.5, 32, [0x01]));
  const [resumed] = rig.of('replyResumed');
  assert.ok(resumed && resumed.silentMs <= 700, `silent for ${resumed?.silentMs} ms`);
});

test('words that come while the agent is silenced make it an interruption, with the history cut to what was heard', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 320);
  rig.partial('stop', 20_000);
  assert.deepEqual(rig.of('bargeIn')[0]?.by, 'voice');
  const item = rig.conversation.history.at(-1);
  assert.ok(item?.role === 'agent' && !item.heard && LONG.startsWith(item.text));
  assert.equal(rig.of('stop').length, 1, 'it is silent already');
});

test('words that come only after the agent has gone on still interrupt it', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 192);
  await rig.voice(0.05, 640);
  assert.equal(rig.conversation.state, 'speaking');
  rig.final('No!', 20_000);
  assert.equal(rig.of('bargeIn').length, 1);
  await rig.voice(0.05, 640);
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'No!' });
});

/** How loud the syllables of one voice are, and of many at once. */
const ONE_VOICE = [0x20, 0x18, 0x08, 0x03];
const WITH_CONSONANTS = [0x20, -0x10, 0x08, 0x03];
const MANY_VOICES = [-0x10, -0x0c, -0x14, -0x0e];
const UNEVEN_VOICES = [-0x08, -0x08, -0x18, -0x08];
/** Less than a voice, but no silence. */
const MURMUR = [-0x02];
/** Somebody who hardly raises and lowers the voice, but whom the model does not doubt for a moment. */
const LEVEL_VOICE = [0x10, 0x20, 0x08, 0x14];

/** Many people at once: the model is not certain all the time, and the level hardly changes. */
async function babble(rig: Rig, ms: number): Promise<void> {
  for (let t = 0; t < ms; t += 128) {
    await rig.voice(0.99, 96, MANY_VOICES);
    await rig.voice(0.8, 32, [-0x0e]);
  }
}

test('music or people talking do not silence the agent for ever, one voice without words a little longer', async () => {
  for (const [sound, silentMs] of [
    [(rig: Rig) => rig.voice(0.9, 4000, ONE_VOICE), 650],
    [(rig: Rig) => babble(rig, 4000), 650],
    [(rig: Rig) => rig.voice(0.99, 4000, ONE_VOICE), 1500],
    [(rig: Rig) => rig.voice(0.99, 4000, LEVEL_VOICE), 1500],
  ] as const) {
    const rig = await speaking();
    await sound(rig);
    assert.equal(rig.of('replyResumed')[0]?.silentMs, silentMs);
    await rig.clock.advance(10_000);
    assert.equal(rig.of('replyHeld').length, 1, 'a sound that goes on is no second interruption');
    assert.equal(rig.of('agentSpoke')[0]?.heardText, LONG);
  }
});

test('"Wait, that is not it" is not spoken over in its second word, which is too short yet to be told from a babble', async () => {
  const rig = await speaking();
  await rig.voice(0.99, 256);
  await rig.voice(0.05, 192);
  await rig.voice(0.99, 320);
  assert.equal(rig.of('replyResumed').length, 0);
  rig.partial('wait that is', 20_000);
  assert.equal(rig.of('bargeIn').length, 1);
});

test('a sound that ends late without a word is not waited for any longer than one that goes on', async () => {
  const rig = await speaking();
  await babble(rig, 512);
  await rig.voice(0.05, 640);
  assert.ok((rig.of('replyResumed')[0]?.silentMs ?? Number.POSITIVE_INFINITY) <= 700);
});

test('one voice that ends late is given time for its words, which the agent would speak over', async () => {
  const rig = await speaking();
  await rig.voice(0.99, 576, WITH_CONSONANTS);
  await rig.voice(0.05, 256);
  assert.equal(rig.of('replyResumed').length, 0);
  rig.partial('stop please', 20_000);
  assert.equal(rig.of('bargeIn').length, 1);
});

test('one that only hums is a listener, and the agent does not wait for its words beyond 700 ms', async () => {
  for (const ms of [480, 576, 704]) {
    const rig = await speaking();
    await rig.voice(0.99, ms, ONE_VOICE);
    await rig.voice(0.05, 400);
    const [resumed] = rig.of('replyResumed');
    assert.ok(resumed && resumed.silentMs <= 700, `${ms} ms: silent for ${resumed?.silentMs} ms`);
  }
});

test('a caller whose words come after the agent has gone on stops it for good, and nothing is lost', async () => {
  const rig = await speaking();
  await babble(rig, 896);
  assert.equal(rig.conversation.state, 'speaking');
  rig.partial('cancel it', 20_000);
  assert.equal(rig.of('bargeIn').length, 1);
  rig.final('Cancel it.', 20_000);
  await rig.voice(0.05, 1500);
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'Cancel it.' });
});

test('after a false stop the next sound must last longer, until the caller really speaks', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 128);
  await rig.voice(0.05, 640, MURMUR);
  await rig.voice(0.9, 128);
  await rig.voice(0.05, 640, MURMUR);
  assert.equal(rig.of('replyHeld').length, 1);
  await rig.voice(0.9, 288);
  assert.equal(rig.of('replyHeld').length, 2);
});

test('after a cough on a quiet line the next sound need not last as long as in a babble', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 128);
  await rig.voice(0.05, 640);
  await rig.voice(0.9, 96);
  await rig.voice(0.05, 640);
  assert.equal(rig.of('replyHeld').length, 1, 'as much as an onset takes where nothing has misled us is not enough');
  await rig.voice(0.9, 128);
  assert.equal(rig.of('replyHeld').length, 2);
});

test('a caller who is louder than what misled the agent is not doubted for it', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 700, MANY_VOICES);
  await rig.voice(0.05, 320);
  assert.equal(rig.of('replyResumed').length, 1);
  await rig.voice(0.9, 128, [0x40]);
  assert.equal(rig.of('replyHeld').length, 2);
});

test('an agent that has just gone on over a sound is not stopped again by the same sound at once, but is by words', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 768, UNEVEN_VOICES);
  assert.equal(rig.of('replyResumed').length, 1);
  await rig.voice(0.9, 192, [0x20]);
  assert.equal(rig.of('replyHeld').length, 1);
  rig.partial('cancel it', 20_000);
  assert.equal(rig.of('bargeIn').length, 1);
});

test('an agent that has just gone on over a sound is stopped at once by one that is clearly louder', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 768, UNEVEN_VOICES);
  assert.equal(rig.of('replyResumed').length, 1);
  await rig.voice(0.9, 96, [0x40]);
  assert.equal(rig.of('replyHeld').length, 2);
});

test('"okay" at the very end of what the agent says is an answer', async () => {
  const rig = await speaking();
  await rig.clock.advance(LONG.length * 50 - 2200);
  await rig.voice(0.9, 320);
  rig.partial('okay', 20_000);
  assert.equal(rig.of('bargeIn').length, 1);
});

test('a command ends a held turn for good', async () => {
  const rig = await speaking();
  await rig.voice(0.9, 192);
  rig.conversation.interrupt();
  await rig.voice(0.05, 2000);
  assert.deepEqual(rig.of('bargeIn')[0]?.by, 'command');
  assert.equal(rig.of('replyResumed').length, 0);
  const stoppedAtMs = rig.of('stop')[0]?.atMs ?? 0;
  assert.deepEqual(
    rig.of('frame').filter(({ atMs }) => atMs > stoppedAtMs),
    [],
  );
});

test('the beginning of what may become an acknowledgement is waited for, and then is one, or is not', async () => {
  for (const [ending, interrupts] of [
    ['see', 0],
    ['want to cancel', 1],
  ] as const) {
    const rig = await speaking();
    await rig.voice(0.9, 320);
    rig.partial('I', 20_000);
    assert.equal(rig.of('bargeIn').length, 0);
    await rig.voice(0.9, 192);
    rig.partial(`I ${ending}`, 20_000);
    await rig.voice(0.05, 320);
    rig.final(`I ${ending}.`, 20_000);
    assert.equal(rig.of('bargeIn').length, interrupts);
  }
});

test('words of the question that come when the answer has just begun are answered with the rest, not after it', async () => {
  const rig = await new Rig({ policy: TENTATIVE }).started();
  rig.script = (prompt) => [text(prompt === 1 ? LONG : 'Very well.')];
  await rig.voice(0.9, 640);
  rig.partial('Deliver it', 2000);
  await rig.voice(0.05, 736);
  assert.equal(rig.conversation.state, 'speaking');
  rig.final('Deliver it on Friday', 2000);
  await rig.voice(0.05, 1500);
  assert.equal(rig.callerWords, 'Deliver it on Friday');
  assert.equal(rig.of('agentSpoke').at(-1)?.fullText, 'Very well.');
});

test('"okay" into an answer that nobody has heard yet asks for nothing, however short the answer is', async () => {
  const rig = await new Rig({ policy: TENTATIVE }).started();
  rig.synthesisDelayMs = 250;
  rig.script = () => [text('Yes.')];
  await rig.says('Can you deliver it on Friday?', { restMs: 320 });
  assert.equal(rig.conversation.state, 'thinking');
  await rig.voice(0.9, 320);
  rig.partial('okay', 20_000);
  await rig.voice(0.05, 2000);
  assert.equal(rig.prompts.length, 1);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    ['Yes.'],
  );
});
