import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, text } from './testing/rig.ts';

const LONG = 'It is on its way, and it arrives tomorrow before noon, at the door, if nobody minds.';

test('typed text is answered at once, by voice, as what was said is', async () => {
  const rig = await new Rig().started();
  rig.conversation.typed('Where is my order?');
  await rig.clock.advance(3000);
  assert.deepEqual(rig.prompts.at(-1)?.at(-1), { role: 'caller', text: 'Where is my order?' });
  assert.equal(rig.of('callerFinal')[0]?.text, 'Where is my order?');
  assert.equal(rig.of('turnLatency')[0]?.firstAudioMs, 100, 'the synthesiser’s time, and nothing else');
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'All right.');
});

test('typed text takes the floor from an agent that speaks, were it but "okay", or the agent’s own words', async () => {
  for (const words of ['Okay', 'It is on its way', 'hello?']) {
    const rig = await new Rig({ policy: {} }).started();
    rig.script = (prompt) => [text(prompt === 1 ? LONG : 'Fine.')];
    await rig.says('Where is my order?');
    await rig.voice(0.05, 640);
    assert.equal(rig.conversation.state, 'speaking');
    rig.conversation.typed(words);
    assert.deepEqual([rig.of('bargeIn')[0]?.by, rig.of('stop').at(-1)?.cause], ['command', 'command']);
    await rig.clock.advance(4000);
    assert.equal(rig.callerWords, `Where is my order? ${words}`);
    assert.equal(rig.of('agentSpoke').at(-1)?.heardText, 'Fine.');
  }
});

test('text that is typed into an answer’s silence joins what was asked', async () => {
  const rig = await new Rig({ policy: { onset: { echoGuard: false } } }).started();
  rig.script = () => [2000, text('Yes.')];
  await rig.says('Where is my order?');
  assert.equal(rig.conversation.state, 'thinking');
  rig.conversation.typed('the blue one');
  await rig.clock.advance(5000);
  assert.equal(rig.callerWords, 'Where is my order? the blue one');
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('text is answered while a television keeps the line busy', async () => {
  const rig = await new Rig().started();
  await rig.voice(0.9, 2000);
  rig.conversation.typed('Where is my order?');
  await rig.voice(0.9, 1000);
  assert.equal(rig.prompts.length, 1);
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('turns are counted on from where the session was left (newcomer 5.2-1)', async () => {
  const rig = new Rig({ turns: 7 });
  rig.conversation.start();
  await rig.clock.advance(2000);
  assert.equal(rig.of('agentSpoke')[0]?.turn, 8);
});
