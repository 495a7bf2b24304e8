import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyPiece } from '../contract/agent.ts';
import { Rig, text } from './testing/rig.ts';

const LONG = 'It is on its way, and it arrives tomorrow before noon, at the door.';
const call = { callId: 'c1', name: 'move_delivery', args: { day: 'Friday' } };
const ranTool: ReplyPiece[] = [
  { type: 'tool-started', call },
  { type: 'tool-ended', call, elapsedMs: 5, result: { ok: true } },
];

test('the greeting is spoken first and stands in the history', async () => {
  const rig = new Rig({ phrases: { greeting: 'Hello, this is Parley.' } });
  rig.conversation.start();
  await rig.clock.advance(3000);
  assert.deepEqual(rig.conversation.history, [{ role: 'agent', text: 'Hello, this is Parley.', heard: true }]);
  assert.equal(rig.conversation.state, 'listening');
});

test('an answer starts when the pause has lasted the hold, not when the final comes', async () => {
  const rig = await new Rig().started();
  await rig.says('Where is my order?');
  const [latency] = rig.of('turnLatency');
  assert.ok(latency);
  const { recognisedMs, firstAudioMs } = latency;
  assert.equal(recognisedMs, 500);
  assert.equal(firstAudioMs, 600, 'the hold, and the synthesiser’s 100 ms: nothing else');
});

test('a stable partial is enough: the recogniser’s final need not be waited for', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 640);
  rig.partial('Where is my order?', 2000);
  await rig.voice(0.05, 800);
  assert.equal(rig.prompts.length, 1);
  rig.final('Where is my order?', 2000);
  await rig.clock.advance(5000);
  assert.equal(rig.prompts.length, 1, 'the late final is not answered again');
});

test('a final that adds words to what is being thought about starts the thought anew', async () => {
  const rig = await new Rig().started();
  rig.script = () => [400, text('Yes.')];
  await rig.voice(0.9, 640);
  rig.partial('Deliver it', 2000);
  await rig.voice(0.05, 640);
  rig.final('Deliver it on Friday', 2000);
  await rig.clock.advance(3000);
  assert.equal(rig.callerWords, 'Deliver it on Friday');
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'Deliver it on Friday' });
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('a final that reads the taken words differently corrects them, before any sound by a new answer', async () => {
  const rig = await new Rig().started();
  rig.script = () => [400, text('Yes.')];
  await rig.voice(0.9, 640);
  rig.partial('order ten forty', 2000);
  await rig.voice(0.05, 640);
  rig.final('order 1042', 2000);
  await rig.clock.advance(3000);
  assert.equal(rig.callerWords, 'order 1042');
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'order 1042' });
});

test('a turn does not begin while the newest speech is in nobody’s words yet', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 640);
  const positionMs = 640;
  rig.partial('what is the status of', 0, positionMs);
  await rig.voice(0.9, 640);
  await rig.voice(0.05, 800);
  assert.equal(rig.prompts.length, 0, 'the partial lacks the last 640 ms of speech');
  rig.final('What is the status of order 1042?', 0);
  await rig.clock.advance(500);
  assert.equal(rig.callerWords, 'What is the status of order 1042?');
});

test('a noise after the words does not hold the answer up, once the recogniser calls it one', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 640);
  rig.final('Where is my order?', 0, 640);
  await rig.voice(0.05, 320);
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 640);
  assert.equal(rig.prompts.length, 0, 'the noise might have been words');
  rig.noWords(900);
  assert.equal(rig.prompts.length, 1);
});

test('a gap in the line is no pause of the caller’s', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 640);
  await rig.voice(0.05, 192);
  rig.final('What is the status of', 0);
  await rig.clock.advance(600);
  assert.equal(rig.prompts.length, 0, 'no audio came, so nobody knows that the caller is silent');
  await rig.voice(0.9, 640);
  rig.final('order 1042?', 3000);
  await rig.voice(0.05, 640);
  assert.equal(rig.callerWords, 'What is the status of order 1042?');
});

test('a tool’s result is on record from the moment it is there', async () => {
  const rig = await new Rig().started();
  rig.script = () => [...ranTool, 'hang'];
  await rig.says('Move it to Friday.');
  assert.equal(rig.conversation.history.at(-1)?.role, 'tool');
});

test('a turn that is taken back is never told to anybody', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('Let me see. '), 1000, text('Yes.')];
  rig.synthesisDelayMs = 800;
  await rig.says('Where is my order?');
  await rig.says('And can it come on Friday?');
  await rig.clock.advance(6000);
  assert.deepEqual(
    rig.of('callerFinal').map(({ text, turn }) => [text, turn]),
    [['Where is my order? And can it come on Friday?', 2]],
  );
  assert.equal(
    rig
      .of('agentText')
      .map(({ text }) => text)
      .join(''),
    'Let me see. Yes.',
  );
});

test('a correction that comes once the answer is audible changes the record, not the answer', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 640);
  rig.partial('order ten forty', 2000);
  await rig.voice(0.05, 960);
  assert.equal(rig.conversation.state, 'speaking');
  rig.final('order 1042', 2000);
  await rig.clock.advance(3000);
  assert.equal(rig.prompts.length, 1);
  assert.deepEqual(rig.of('callerCorrected')[0]?.text, 'order 1042');
  assert.equal(rig.callerWords, 'order 1042');
});

test('a recogniser that gave up is replaced', async () => {
  const rig = await new Rig().started();
  rig.failRecogniser();
  await rig.clock.advance(10_000);
  assert.equal(rig.openedRecognisers, 2);
});

test('on a barge-in the stop command is the first thing sent, within the frame that decided it', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text(LONG)];
  await rig.says('Where is my order?', { restMs: 1500 });
  assert.equal(rig.conversation.state, 'speaking');
  rig.log.length = 0;
  const onsetMs = rig.clock.now();
  await rig.voice(0.9, 320);
  const [stop] = rig.of('stop');
  assert.equal(stop?.atMs, onsetMs + 96, 'three detector frames of speech, and not a millisecond more');
  const after = rig.log.slice(rig.log.findIndex((entry) => entry.type === 'stop') + 1);
  assert.ok(after.every((entry) => entry.type !== 'frame'));
});

test('after a barge-in the history holds the words that were heard and no others', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text(LONG)];
  await rig.says('Where is my order?', { restMs: 1500 });
  await rig.voice(0.9, 320);
  const item = rig.conversation.history.at(-1);
  assert.ok(item?.role === 'agent' && !item.heard);
  assert.ok(LONG.startsWith(item.text) && item.text.length > 5 && item.text.length < LONG.length / 2, item.text);
  const [spoke] = rig.of('agentSpoke');
  assert.equal(spoke?.heardText, item.text);
  assert.equal(spoke?.interrupted, true);
});

test('without word times the heard words are reckoned from the letters', async () => {
  const rig = new Rig();
  rig.withWordTimes = false;
  await rig.started();
  rig.script = () => [text(LONG)];
  await rig.says('Where is my order?', { restMs: 1500 });
  await rig.voice(0.9, 320);
  const item = rig.conversation.history.at(-1);
  assert.ok(item?.role === 'agent' && LONG.startsWith(item.text) && item.text.length < LONG.length / 2);
});

test('what the caller says while the agent thinks joins the same turn', async () => {
  const rig = await new Rig().started();
  rig.script = () => [1000, text('Yes.')];
  await rig.says('Where is my order?');
  assert.equal(rig.conversation.state, 'thinking');
  await rig.says('And can it come on Friday?');
  await rig.clock.advance(4000);
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), {
    role: 'caller',
    text: 'Where is my order? And can it come on Friday?',
  });
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('a noise while the agent thinks delays the answer, it does not lose it', async () => {
  const rig = await new Rig().started();
  rig.script = () => [1000, text('Yes.')];
  await rig.says('Where is my order?');
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 960);
  await rig.clock.advance(8000);
  assert.equal(rig.of('agentSpoke').length, 1);
  assert.equal(rig.callerWords, 'Where is my order?');
});

test('a noise during the greeting’s first silence does not leave the caller without a greeting', async () => {
  const rig = new Rig();
  rig.synthesisDelayMs = 600;
  rig.conversation.start();
  await rig.voice(0.9, 160);
  await rig.voice(0.05, 640);
  await rig.clock.advance(8000);
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('a tool that has run is never run again because the caller spoke on', async () => {
  const rig = await new Rig().started();
  rig.script = (prompt) => (prompt === 1 ? [...ranTool, 1000, text('Done.')] : [text('Done, and it is on its way.')]);
  await rig.says('Move it to Friday.');
  await rig.says('And where is it now?');
  await rig.clock.advance(5000);
  const second = rig.prompts.at(-1) ?? [];
  assert.deepEqual(
    second.slice(1).map((item) => item.role),
    ['caller', 'tool', 'caller'],
  );
});

test('words that come while the agent speaks, too quiet to stop it, are answered after it', async () => {
  const rig = await new Rig().started();
  rig.script = (prompt) => [text(prompt === 1 ? LONG : 'Of course.')];
  await rig.says('Where is my order?', { restMs: 1000 });
  rig.final('and thank you', 9000);
  await rig.clock.advance(10_000);
  assert.equal(rig.callerWords, 'Where is my order? and thank you');
  assert.equal(rig.prompts.length, 2);
});

test('words without any voice activity are answered', async () => {
  const rig = await new Rig().started();
  rig.final('hello there', 3000);
  await rig.clock.advance(2000);
  assert.equal(rig.prompts.length, 1);
});

test('a model that fails is apologised for, and the conversation goes on', async () => {
  const rig = await new Rig().started();
  rig.script = () => [new Error('429')];
  await rig.says('Where is my order?');
  await rig.clock.advance(6000);
  assert.match(rig.of('agentSpoke').at(-1)?.heardText ?? '', /went wrong/);
  assert.equal(rig.conversation.state, 'listening');
  assert.ok(rig.of('fault').some((fault) => fault.code === 'reply.failed'));
});

test('an answer that never comes is dropped some time after its wait was given up', async () => {
  const rig = await new Rig().started();
  rig.script = () => ['hang'];
  await rig.says('Where is my order?');
  await rig.clock.advance(60_000);
  assert.ok(rig.of('fault').some((fault) => fault.code === 'reply.stalled'));
  assert.equal(rig.conversation.state, 'listening');
});

test('a synthesiser that fails ends the turn, not the conversation', async () => {
  const rig = await new Rig().started();
  rig.synthesisFails = true;
  await rig.says('Where is my order?');
  await rig.clock.advance(6000);
  assert.match(rig.of('agentSpoke').at(-1)?.heardText ?? '', /went wrong/);
  assert.equal(rig.conversation.state, 'listening');
  rig.synthesisFails = false;
  await rig.says('Hello?');
  await rig.clock.advance(3000);
  assert.equal(rig.of('agentSpoke').at(-1)?.heardText, 'All right.');
});

test('coughs are no sign of a deaf recogniser, nor is speech in which it has found no words (review 4.15)', async () => {
  const rig = await new Rig().started();
  for (let turn = 0; turn < 6; turn += 1) {
    await rig.voice(0.9, 320, [0x10, -0x10]);
    await rig.voice(0.05, 3320);
    const offsetMs = rig.clock.now();
    await rig.voice(0.99, 640, [0x20, 0x20, 0x04, 0x20]);
    rig.noWords(offsetMs);
    await rig.voice(0.05, turn < 2 ? 3320 : 6800);
  }
  assert.deepEqual([rig.restartedRecognisers, rig.openedRecognisers], [0, 1]);
});

test('clear speech to which a recogniser says nothing, three times over, lets it listen again to what it missed (review 4.15)', async () => {
  const rig = await new Rig().started();
  const offsetMs = rig.clock.now();
  for (let turn = 0; turn < 3; turn += 1) {
    assert.equal(rig.restartedRecognisers, 0);
    await rig.voice(0.99, 640, [0x20, 0x20, 0x04, 0x20]);
    await rig.voice(0.05, 3320);
  }
  assert.deepEqual([rig.restartedRecognisers, rig.openedRecognisers], [1, 1]);
  rig.final('Can you hear me?', offsetMs);
  await rig.voice(0.05, 3000);
  assert.equal(rig.prompts.length, 1);
  assert.equal(rig.callerWords, 'Can you hear me?');
});

test('when the voice detector dies another is opened, and words alone carry the conversation till then', async () => {
  const rig = await new Rig().started();
  rig.breakDetector();
  rig.final('are you there', 3000);
  await rig.clock.advance(3000);
  assert.equal(rig.prompts.length, 1);
  await rig.says('Good.');
  assert.equal(rig.prompts.length, 2);
});

test('the call ends when the goodbye has been heard, not before', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('Goodbye!'), { type: 'end-call', reason: 'goodbye' }];
  await rig.says('Bye.');
  await rig.clock.advance(3000);
  const [ended] = rig.of('ended');
  const [firstFrame] = rig.of('frame');
  assert.deepEqual(ended?.reason, 'goodbye');
  assert.equal(ended?.atMs, (firstFrame?.atMs ?? 0) + 'Goodbye!'.length * 50);
});

test('closing stops the voice, leaves no timer behind, and may be done twice', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text(LONG)];
  await rig.says('Where is my order?', { restMs: 1000 });
  rig.conversation.close('hang-up');
  rig.conversation.close('hang-up');
  await rig.clock.advance(100);
  assert.equal(rig.of('stop').length, 1);
  assert.equal(rig.of('ended').length, 1);
  assert.equal(rig.clock.pending, 0);
});

test('a listener that throws is reported and hurts nobody', async () => {
  const rig = new Rig();
  rig.events.on('state', () => {
    throw new Error('a bad listener');
  });
  rig.conversation.start();
  await rig.clock.advance(3000);
  assert.equal(rig.conversation.state, 'listening');
  assert.ok(rig.of('fault').some((fault) => fault.code === 'listener.failed'));
});
