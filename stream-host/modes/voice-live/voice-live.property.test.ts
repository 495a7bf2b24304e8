import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EventName } from '../../contract/events.ts';
import { answeringBrain, answerTo, nameOf } from './testing/answering-brain.ts';

import { LiveRig, STANDBY_TAG } from './testing/live-rig.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';

test('eighty interruptions at random positions: cut where it was heard, and no frame after it', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 4400 }), fc.boolean(), fc.boolean(), async (afterMs, deaf, command) => {
      const onset = deaf ? { onsetMs: 5000, doubtfulOnsetMs: 5000, echoGuard: false } : { echoGuard: false };
      const rig = await new LiveRig({ policy: { onset } }).started();
      rig.service.brain = () => [{ say: LONG }];
      const cuts: number[] = [];
      rig.service.onTruncate = (itemId, audioEndMs) => {
        const tag = rig.service.itemTags.get(itemId) ?? 0;
        const heardMs = rig.ear.heardMs(tag);
        cuts.push(tag);
        assert.ok(audioEndMs <= heardMs && audioEndMs >= heardMs - 40, `${audioEndMs} of ${heardMs}`);
        assert.ok(audioEndMs <= (rig.service.generated.get(tag) ?? 0));
      };
      await rig.says([0x20]);
      for (let waited = 0; rig.of('turnLatency').length === 0 && waited < 3000; waited += 32) await rig.pass(32);
      // Not only at the beat of the caller's frames.
      await rig.clock.advance(afterMs % 32);
      await rig.pass(afterMs - (afterMs % 32));
      if (command) rig.call.interrupt();
      else {
        await rig.sound(0x30, 320);
        await rig.pass(1200);
      }
      const [bargeIn] = rig.of('bargeIn');
      const [spoke] = rig.of('agentSpoke');
      if (!bargeIn) {
        assert.equal(spoke?.interrupted, false, 'it had been heard to its end');
        return;
      }
      if (spoke?.heardText !== LONG) assert.equal(cuts.length, 1);
      const after = rig.ear.played.filter((each) => each.tag === cuts[0] && each.atMs > bargeIn.atMs);
      assert.deepEqual(after, []);
      rig.call.close('done');
      assert.equal(rig.clock.pending, 0);
    }),
    { numRuns: 80, seed: 14 },
  ));

type Failure = 'mid-answer' | 'before-answer' | 'in-tool' | 'throttled' | 'failed' | 'expired';
const FAILURES: readonly Failure[] = ['mid-answer', 'before-answer', 'in-tool', 'throttled', 'failed', 'expired'];

for (const failure of FAILURES) {
  test(`forty calls, ${failure}: none is wedged, silence is short, no word is lost or said twice`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1500 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 900 }),
        (atMs, words, opensLateMs) => survives(failure, atMs, words, opensLateMs),
      ),
      { numRuns: 40, seed: 14 },
    ));
}

async function survives(failure: Failure, atMs: number, words: number, gapMs: number): Promise<void> {
  const lifeMs = failure === 'expired' ? { expiresAfterMs: 8000 + atMs } : {};
  const rig = await new LiveRig({ toolMs: 1200, ...lifeMs }).started();
  const usesTool = failure === 'in-tool';
  let failures = failure === 'failed' ? 1 : 0;
  rig.service.brain = (lines, request) => (failures-- > 0 ? ['fail'] : answeringBrain(lines, request, usesTool));
  const levels = Array.from({ length: words }, (_, n) => 0x20 + n);
  const again = [0x30, 0x31];

  await rig.says(levels);
  const askedMs = rig.clock.now();
  await failAt(rig, failure, atMs);
  await rig.pass(12_000 + gapMs);
  await rig.says(again);
  const askedAgainMs = rig.clock.now();
  await rig.pass(14_000);

  const spokenMs = rig.of('agentSpoke').map((event) => event.atMs);
  assert.equal(rig.state, 'listening', 'not wedged');
  const said = [...levels, ...again].map((level) => `word${level}`);
  assert.deepEqual(rig.callerWords, said, 'every word once');
  assert.deepEqual(
    rig.of('callerFinal').flatMap(({ text }) => text.split(' ')),
    said,
  );
  const questions = [levels, again].map((each) => each.map((level) => `word${level}`).join(' '));
  for (const question of questions) assertAnsweredOnce(rig, question);
  assert.ok(rig.tools.length <= 2);
  for (const [from, until] of [
    [askedMs, spokenMs[0]],
    [askedAgainMs, spokenMs.at(-1)],
  ] as const) {
    assert.ok(longestSilence(rig, from, until ?? Number.POSITIVE_INFINITY) <= 3000);
  }
  assert.equal(rig.ear.played.filter(({ tag }) => tag === STANDBY_TAG).length, 0, 'no other voice');
  rig.call.close('done');
  await rig.clock.advance(5000);
  assert.equal(rig.clock.pending, 0);
}

async function failAt(rig: LiveRig, failure: Failure, atMs: number): Promise<void> {
  const until = async (isThere: () => boolean) => {
    for (let waited = 0; !isThere() && waited < 5000; waited += 32) await rig.pass(32);
  };
  if (failure === 'mid-answer') await until(() => rig.of('turnLatency').length > 0);
  if (failure === 'in-tool') await until(() => rig.tools.length > 0);
  await rig.pass(failure === 'before-answer' ? atMs / 2 : failure === 'in-tool' ? atMs % 1100 : atMs);
  if (failure === 'throttled') rig.service.openings.push('throttled');
  if (failure !== 'failed' && failure !== 'expired') rig.service.session?.end('realtime.lost');
}

/** All words of the answer, in their order, and none twice. */
function assertAnsweredOnce(rig: LiveRig, question: string): void {
  const name = nameOf(question);
  const heard = rig
    .of('agentSpoke')
    .flatMap(({ heardText }) => heardText.split(/[ .]+/))
    .filter((word) => word.startsWith(`${name}:`));
  assert.deepEqual(heard, answerTo(question).slice(0, -1).split(' '));
}

function longestSilence(rig: LiveRig, fromMs: number, untilMs: number): number {
  let quietSinceMs = fromMs;
  let longest = 0;
  for (const atMs of [...rig.ear.soundAtMs, untilMs]) {
    if (atMs < fromMs || atMs > untilMs) continue;
    longest = Math.max(longest, atMs - quietSinceMs);
    quietSinceMs = atMs;
  }
  return longest;
}

const EVENTS = [
  'callerPartial',
  'callerFinal',
  'agentText',
  'agentHeard',
  'agentSpoke',
  'waitFilled',
  'bargeIn',
  'replyHeld',
  'replyResumed',
  'toolStarted',
  'toolEnded',
  'turnLatency',
  'state',
  'fault',
  'historyChanged',
] as const satisfies EventName[];

const DEEDS = {
  closes: (rig: LiveRig) => rig.call.close('a listener closed it'),
  interrupts: (rig: LiveRig) => rig.call.interrupt(),
  'puts on hold': (rig: LiveRig) => rig.call.attend?.('nobody'),
  'takes back from hold': (rig: LiveRig) => {
    rig.call.attend?.('nobody');
    rig.call.attend?.('caller');
  },
  types: (rig: LiveRig) => rig.call.typed?.('And now?'),
  throws: () => {
    throw new Error('a listener failed');
  },
  'ends the session': (rig: LiveRig) => rig.service.session?.end('realtime.lost'),
} as const;

test('listeners that close, interrupt, type, throw or end the session at any event: nothing is told after the end', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...EVENTS),
      fc.nat({ max: 5 }),
      fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])),
      async (name, nth, deed) => {
        const rig = new LiveRig();
        rig.service.brain = (lines, request) => answeringBrain(lines, request, lines.length % 2 === 0);
        let seen = 0;
        rig.events.on(name, () => {
          if (seen++ === nth) DEEDS[deed](rig);
        });
        rig.call.start();
        await rig.pass(1500);
        await rig.says([0x20, 0x21], 2500);
        await rig.sound(0x30, 96);
        await rig.pass(900);
        await rig.says([0x31, 0x32], 6000);
        rig.call.interrupt();
        rig.call.typed?.('Hello?');
        await rig.pass(16_000);
        rig.call.close('the test is over');
        await rig.clock.advance(30_000);
        const endAt = rig.log.findIndex(({ type }) => type === 'ended');
        assert.deepEqual(rig.log.slice(endAt + 1), []);
        assert.equal(rig.clock.pending, 0, 'no timer is left');
        assert.equal(rig.service.session, undefined, 'no session is left');
      },
    ),
    { numRuns: 80, seed: 14 },
  ));
