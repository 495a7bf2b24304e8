import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LiveRig } from './testing/live-rig.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';
const LINE = 'This call is recorded from now on, and kept for thirty days.';
const ASIDE = 'I have a caller for you, about a bill.';

/** Milliseconds of sound that were heard. */
const sound = (rig: LiveRig) => rig.ear.soundAtMs.length;
const agentsWords = (rig: LiveRig) =>
  rig.history.flatMap((item) => (item.role === 'agent' ? [item.text] : [])).join(' | ');

/** What is going on when the caller is put on hold, and what he hears when he is back. */
const CASES: readonly {
  readonly name: string;
  readonly reach: (rig: LiveRig) => Promise<void>;
  readonly back: RegExp | undefined;
}[] = [
  {
    name: 'the greeting is spoken',
    async reach(rig) {
      rig.call.start();
      while (sound(rig) === 0) await rig.pass(32);
      await rig.pass(96);
    },
    back: /^Hello there\.$/,
  },
  {
    name: 'the service has not answered yet',
    async reach(rig) {
      await rig.started();
      rig.service.brain = () => [{ say: 'On its way.' }];
      await rig.says([0x20], 96);
    },
    back: /^On its way\.$/,
  },
  {
    name: 'an answer is spoken',
    async reach(rig) {
      await rig.started();
      rig.service.brain = () => [{ say: LONG }];
      await rig.says([0x20]);
      while (rig.of('turnLatency').length === 0) await rig.pass(32);
      await rig.pass(640);
      rig.service.brain = () => [{ say: 'As I said.' }];
    },
    back: /^As I said\.$/,
  },
  {
    name: 'the caller speaks',
    async reach(rig) {
      await rig.started();
      rig.service.brain = () => [{ say: 'On its way.' }];
      await rig.says([0x20, 0x21]);
    },
    back: /^On its way\.$/,
  },
  {
    name: 'a line is said that somebody wants said',
    async reach(rig) {
      await rig.started();
      rig.call.told?.({ speech: { line: LINE } });
      await rig.pass(1500);
    },
    back: new RegExp(LINE),
  },
  { name: 'nobody speaks', reach: async (rig) => void (await rig.started()), back: undefined },
];

for (const { name, reach, back } of CASES) {
  test(`a caller who is put on hold while ${name} hears nothing until he is back, and then what he is owed (stranger 1)`, async () => {
    const rig = new LiveRig();
    await reach(rig);
    rig.call.attend?.('nobody');
    const [heard, said] = [sound(rig), agentsWords(rig)];
    await rig.pass(30_000);
    assert.equal(sound(rig), heard, 'nothing is spoken to somebody who does not hear it');
    assert.equal(agentsWords(rig), said, 'what was not heard is not history');
    rig.log.length = 0;
    rig.call.attend?.('caller');
    await rig.pass(12_000);
    const spoken = rig.of('agentSpoke').map(({ heardText }) => heardText.trim());
    if (back) assert.match(spoken[0] ?? '', back);
    assert.equal(spoken.length, back ? 1 : 0);
    assert.equal(rig.state ?? 'listening', 'listening');
  });
}

test('while the caller is on hold somebody else is told what is said aside, and what he is told waits', async () => {
  const rig = await new LiveRig().started();
  rig.call.attend?.('nobody');
  rig.call.told?.({ speech: { line: LINE } });
  const asides: boolean[] = [];
  rig.call.told?.({ speech: { line: ASIDE }, aside: true, onSpoken: (heard) => asides.push(heard) });
  await rig.pass(9000);
  const spoken = () => rig.of('agentSpoke').map(({ heardText }) => heardText);
  assert.deepEqual([spoken(), asides], [[ASIDE], [true]]);
  assert.equal(rig.of('agentSpoke')[0]?.to, 'human');
  assert.equal(rig.of('agentText').at(-1)?.to, 'human');
  assert.deepEqual(rig.history.at(-1), { role: 'agent', text: ASIDE, heard: true, to: 'human' });
  rig.call.attend?.('caller');
  await rig.pass(9000);
  assert.deepEqual(spoken(), [ASIDE, LINE]);
});

test('what is said aside ends when the caller is back, and is never said to him', async () => {
  for (const afterMs of [0, 1600]) {
    const rig = await new LiveRig().started();
    rig.call.attend?.('nobody');
    const asides: boolean[] = [];
    const aside = { speech: { line: ASIDE }, aside: true, onSpoken: (heard: boolean) => asides.push(heard) };
    rig.call.told?.(aside);
    rig.call.told?.(aside);
    await rig.pass(afterMs);
    rig.call.attend?.('caller');
    const heard = sound(rig);
    await rig.pass(9000);
    assert.deepEqual([asides, sound(rig)], [[false, false], heard]);
  }
});

test('a session that is lost while the caller is on hold is replaced, and nothing is said of it to him', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: 'On its way.' }];
  await rig.says([0x20], 96);
  rig.call.attend?.('nobody');
  const heard = sound(rig);
  rig.service.session?.end('realtime.lost');
  await rig.pass(20_000);
  assert.equal(sound(rig), heard);
  rig.call.attend?.('caller');
  await rig.pass(6000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText.trim()),
    ['On its way.'],
  );
});

test('sixty holds at random moments: nothing is heard meanwhile, no word is lost or answered twice, and the caller is answered (stranger 1)', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 6000 }), fc.integer({ min: 100, max: 12_000 }), async (atMs, forMs) => {
      const rig = await new LiveRig().started();
      rig.service.brain = () => [{ say: LONG }];
      await rig.says([0x20, 0x21]);
      await rig.pass(atMs);
      rig.call.attend?.('nobody');
      const heard = sound(rig);
      await rig.pass(forMs);
      assert.equal(sound(rig), heard);
      rig.call.attend?.('caller');
      await rig.pass(14_000);
      assert.equal(rig.state, 'listening');
      assert.deepEqual(rig.callerWords, ['word32', 'word33']);
      assert.equal(rig.of('agentSpoke').filter(({ interrupted }) => !interrupted).length, 1);
      rig.call.close('done');
      await rig.clock.advance(5000);
      assert.equal(rig.clock.pending, 0);
    }),
    { numRuns: 60, seed: 16 },
  ));
