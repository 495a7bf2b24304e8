import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAIN_POLICY, Rig, text } from './testing/rig.ts';

const LONG =
  'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door, as you wished.';
const LINE = 'This call is recorded from now on, and kept for thirty days.';
const ASIDE = 'I have a caller for you, about a bill.';

/** Frames of speech that were sent. */
const speech = (rig: Rig) => rig.of('frame').filter((frame) => frame.speech !== 0).length;
const agentsWords = (rig: Rig) =>
  rig.conversation.history.flatMap((item) => (item.role === 'agent' ? [item.text] : [])).join(' | ');

/** The caller has asked, and the model answers so. */
async function asked(rig: Rig, script: Rig['script'], restMs: number): Promise<void> {
  await rig.started();
  rig.script = script;
  await rig.says('Where is my order?', { restMs });
}
const heard: boolean[] = [];

/** What is going on when the caller is put on hold, and what he hears when he is back. */
const CASES: readonly {
  readonly name: string;
  readonly state: string;
  readonly reach: (rig: Rig) => Promise<void>;
  readonly meanwhile?: (rig: Rig) => void;
  readonly back: RegExp | undefined;
}[] = [
  {
    name: 'the greeting is spoken',
    state: 'speaking',
    async reach(rig) {
      rig.conversation.start();
      await rig.clock.advance(250);
    },
    back: /^Hello\.$/,
  },
  {
    name: 'the model has not answered yet',
    state: 'thinking',
    reach: (rig) => asked(rig, () => [1500, text('It is on its way.')], 640),
    back: /^It is on its way\.$/,
  },
  {
    name: 'an answer is spoken',
    state: 'speaking',
    reach: (rig) => asked(rig, (prompt) => [text(prompt === 1 ? LONG : 'As I said, before noon.')], 2500),
    back: /^As I said, before noon\.$/,
  },
  {
    name: 'an answer is held for a sound',
    state: 'held',
    async reach(rig) {
      await asked(rig, (prompt) => [text(prompt === 1 ? LONG : 'As I said, before noon.')], 2500);
      await rig.voice(0.9, 160);
    },
    back: /^As I said, before noon\.$/,
  },
  {
    name: 'a long wait is filled',
    state: 'thinking',
    async reach(rig) {
      await asked(rig, (prompt) => (prompt === 1 ? ['hang'] : [text('It is on its way.')]), 640);
      while (rig.of('waitFilled').length === 0) await rig.clock.advance(100);
      await rig.clock.advance(100);
    },
    back: /^It is on its way\.$/,
  },
  {
    name: 'the caller speaks, and his last words come later',
    state: 'caller-speaking',
    async reach(rig) {
      await rig.started();
      rig.script = () => [text('It is on its way.')];
      await rig.voice(0.9, 800);
      rig.partial('Where is my', 0);
    },
    meanwhile: (rig) => rig.final('Where is my order?', 0),
    back: /^It is on its way\.$/,
  },
  {
    name: 'the words of what he has said are waited for',
    state: 'awaiting-words',
    async reach(rig) {
      await rig.started();
      rig.script = () => [text('It is on its way.')];
      await rig.voice(0.9, 800);
      await rig.voice(0.02, 900);
    },
    meanwhile: (rig) => rig.final('Where is my order?', 0),
    back: /^It is on its way\.$/,
  },
  {
    name: 'a line is said that somebody wants said',
    state: 'speaking',
    async reach(rig) {
      await rig.started();
      rig.conversation.told({ speech: { line: LINE }, onSpoken: (isHeard) => heard.push(isHeard) });
      await rig.clock.advance(600);
    },
    back: new RegExp(LINE),
  },
  { name: 'nobody speaks', state: 'listening', reach: async (rig) => void (await rig.started()), back: undefined },
];

for (const { name, state, reach, meanwhile, back } of CASES) {
  test(`a caller who is put on hold while ${name} hears nothing until he is back, and then what he is owed (stranger 1)`, async () => {
    const policy = { onset: { echoGuard: false }, drafts: { mode: 'off' }, away: { afterMs: 0 } } as const;
    const rig = new Rig({ policy });
    await reach(rig);
    assert.equal(rig.conversation.state, state);
    heard.length = 0;
    rig.conversation.attend('nobody');
    const [sent, said] = [speech(rig), agentsWords(rig)];
    meanwhile?.(rig);
    // What is told meanwhile waits as well.
    rig.conversation.told({ speech: 'own-words', item: undefined });
    await rig.clock.advance(30_000);
    assert.equal(speech(rig), sent, 'nothing is spoken to somebody who does not hear it');
    assert.equal(agentsWords(rig), said, 'what was not heard is not history');
    assert.ok(!said.includes(LONG), 'nor is what was on its way to him');
    assert.deepEqual(heard, []);
    rig.log.length = 0;
    rig.script = (
      (script) => (prompt, history) =>
        back ? script(prompt, history) : [text('News.')]
    )(rig.script);
    rig.conversation.attend('caller');
    await rig.clock.advance(12_000);
    const spoken = rig.of('agentSpoke').map(({ heardText }) => heardText);
    assert.match(spoken[0] ?? '', back ?? /^News\.$/);
    assert.ok(rig.of('agentSpoke').every(({ interrupted }) => !interrupted));
    assert.equal(rig.conversation.state, 'listening');
  });
}

test('a line that a hold has cut is said again, and counts when it was heard', async () => {
  const rig = await new Rig({ policy: PLAIN_POLICY }).started();
  const lines: boolean[] = [];
  rig.conversation.told({ speech: { line: LINE }, onSpoken: (isHeard) => lines.push(isHeard) });
  await rig.clock.advance(600);
  rig.conversation.attend('nobody');
  await rig.clock.advance(10_000);
  assert.deepEqual(lines, []);
  rig.conversation.attend('caller');
  await rig.clock.advance(6000);
  assert.deepEqual(lines, [true]);
});

test('while the caller is on hold somebody else is told what is said aside, and the caller’s own words wait', async () => {
  const rig = await new Rig({ policy: PLAIN_POLICY }).started();
  rig.script = () => [text('It is on its way.')];
  await rig.voice(0.9, 800);
  rig.conversation.attend('nobody');
  rig.final('Where is my order?', 0);
  rig.conversation.told({ speech: { line: LINE } });
  const asides: boolean[] = [];
  rig.conversation.told({ speech: { line: ASIDE }, aside: true, onSpoken: (isHeard) => asides.push(isHeard) });
  await rig.clock.advance(5000);
  assert.deepEqual(asides, [true]);
  const spoken = () => rig.of('agentSpoke').map(({ heardText }) => heardText);
  assert.deepEqual(spoken(), [ASIDE]);
  assert.equal(rig.of('agentSpoke')[0]?.to, 'human');
  assert.equal(rig.of('agentText').at(-1)?.to, 'human');
  // Who reads what was said must not take it for said to the caller (stranger17 5).
  assert.deepEqual(rig.conversation.history.at(-1), { role: 'agent', text: ASIDE, heard: true, to: 'human' });
  assert.equal(rig.callerWords, '');
  rig.conversation.attend('caller');
  await rig.clock.advance(12_000);
  assert.deepEqual(spoken(), [ASIDE, 'It is on its way.', LINE]);
  assert.equal(rig.conversation.history.filter((item) => 'to' in item).length, 1);
  assert.equal(rig.callerWords, 'Where is my order?');
});

test('what is said aside ends when the caller is back, and is never said to him', async () => {
  for (const afterMs of [0, 600]) {
    const rig = await new Rig({ policy: PLAIN_POLICY }).started();
    rig.conversation.attend('nobody');
    const asides: boolean[] = [];
    const aside = { speech: { line: ASIDE }, aside: true, onSpoken: (isHeard: boolean) => asides.push(isHeard) };
    rig.conversation.told(aside);
    rig.conversation.told(aside);
    await rig.clock.advance(afterMs);
    rig.conversation.attend('caller');
    const sent = speech(rig);
    await rig.clock.advance(10_000);
    assert.deepEqual([asides, speech(rig)], [[false, false], sent]);
  }
});

test('a host that takes a call over says its excuse when the caller is off hold, and not before', async () => {
  const history = [
    { role: 'caller', text: 'Where is my order?' },
    { role: 'agent', text: 'On its way.', heard: true },
  ] as const;
  const rig = new Rig({ history });
  rig.conversation.start();
  rig.conversation.attend('nobody');
  await rig.clock.advance(20_000);
  assert.equal(speech(rig), 0);
  rig.conversation.attend('caller');
  await rig.clock.advance(8000);
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('what was said while nobody was attended to is not answered where it is interrupted at once (menu)', async () => {
  const rig = await new Rig({ policy: PLAIN_POLICY }).started();
  await rig.voice(0.9, 800);
  rig.conversation.attend('nobody');
  rig.final('For orders, press one.', 0);
  await rig.clock.advance(3000);
  rig.conversation.attend('caller');
  rig.conversation.interrupt();
  rig.conversation.told({ speech: { line: LINE } });
  await rig.clock.advance(8000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    [LINE],
  );
});
