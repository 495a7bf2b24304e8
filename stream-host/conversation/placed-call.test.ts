import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig, text } from './testing/rig.ts';

const NOTICE = 'This call is recorded.';
const GREETING = 'Hello Ann, this is the order desk. I am calling about your walking boots.';
const said = (rig: Rig) => rig.of('agentSpoke').map(({ heardText }) => heardText);

/** The agent has begun to greet whom it has called. */
async function called(greeting = GREETING, isPlaced = true): Promise<Rig> {
  const rig = new Rig({ isPlaced, phrases: { greeting } });
  rig.script = () => [text('What can I do for you?')];
  rig.conversation.start();
  await rig.clock.advance(400);
  return rig;
}

test('whoever is called and says his "Hello?" into the first words of the greeting is greeted again, and learns why he is called (stranger16: the callee’s own hello)', async () => {
  for (const words of ['Hello?', 'Yes, hello?', 'Good morning.']) {
    const rig = await called();
    await rig.says(words, { restMs: 6000 });
    const [cut = '', whole] = said(rig);
    assert.ok(cut.length < GREETING.length / 2, cut);
    assert.equal(whole, GREETING, words);
    assert.equal(rig.prompts.length, 0, 'the model is not asked');
    assert.equal(rig.callerWords, words);
    await rig.says('Which boots?', { restMs: 3000 });
    assert.equal(said(rig).at(-1), 'What can I do for you?');
  }
});

test('one who speaks before the greeting is heard is greeted all the same, and one who has heard half of it is answered', async () => {
  const early = new Rig({ isPlaced: true, phrases: { greeting: GREETING } });
  early.synthesisDelayMs = 900;
  early.conversation.start();
  await early.says('Hello?', { restMs: 6000 });
  assert.deepEqual(said(early), [GREETING]);

  const late = await called();
  await late.clock.advance(2500);
  await late.says('Which boots?', { restMs: 3000 });
  assert.deepEqual(said(late).slice(1), ['What can I do for you?']);
});

test('one who says anything of his own is answered by the model, however short it is (issue 16: “wrong number” was greeted again)', async () => {
  for (const words of ['Wrong number.', 'No thanks.', 'Stop calling me.', 'Ann Miller.', 'Who is this?']) {
    const rig = await called();
    await rig.says(words, { restMs: 3000 });
    assert.equal(said(rig).at(-1), 'What can I do for you?', words);
    assert.equal(rig.prompts.length, 1, words);
  }
});

test('it is said again twice at most, not to one who has much to say, and not to one who has called himself', async () => {
  const rig = await called();
  for (const words of ['Hello?', 'Hello, hello?', 'Is there anybody?']) await rig.says(words, { restMs: 640 });
  await rig.clock.advance(3000);
  assert.equal(said(rig).at(-1), 'What can I do for you?');
  assert.equal(said(rig).length, 4);

  for (const [words, isPlaced] of [
    ['I am in a meeting at the moment, please call me tomorrow.', true],
    ['Hello?', false],
  ] as const) {
    const other = await called(GREETING, isPlaced);
    await other.says(words, { restMs: 3000 });
    assert.equal(said(other).at(-1), 'What can I do for you?', words);
  }
});

test('a notice that is owed again is said by the greeting that is said again, once', async () => {
  const rig = await called(`${NOTICE} ${GREETING}`);
  const spoken: boolean[] = [];
  const stop = rig.events.on('agentSpoke', () => {
    stop();
    rig.conversation.told({ speech: { line: NOTICE }, onSpoken: (heard) => spoken.push(heard) });
  });
  await rig.says('Hello?', { restMs: 9000 });
  assert.deepEqual(said(rig).slice(1), [`${NOTICE} ${GREETING}`]);
  assert.deepEqual(spoken, [true]);
});
