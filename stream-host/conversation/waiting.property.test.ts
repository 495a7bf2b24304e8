import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Rig, type Script, text } from './testing/rig.ts';

const PROMISE_MS = 3000;
const call = { callId: 'c', name: 'look_up', args: {} };

/** What a model may do, in any order: speak, call a tool that takes its time, think, break off, hang. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('Yes. ', 'It is on its way, ', 'and it comes tomorrow.', 'Hm')
      .map((words) => [text(words)]),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 12_000 }).map((ms) => [ms]) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 9000 })
      .map((ms) => [
        { type: 'tool-started', call } as const,
        ms,
        { type: 'tool-ended', call, elapsedMs: ms, result: {} } as const,
      ]),
  },
  { weight: 1, arbitrary: fc.constant<Script>([new Error('the model broke off')]) },
  { weight: 1, arbitrary: fc.constant<Script>(['hang']) },
);
const scripts = fc.array(
  fc.array(step, { maxLength: 8 }).map((steps): Script => steps.flat()),
  { minLength: 1, maxLength: 3 },
);
const voices = fc.record({ delayMs: fc.integer({ min: 0, max: 5000 }), fails: fc.boolean() });
/** What the caller does while they wait. */
const caller = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 100, max: 5000 }),
    deed: fc.constantFrom('coughs', 'hello?', 'are you there?', 'asks more'),
  }),
  { maxLength: 3 },
);

test('whatever the model and the voice do, and whatever the caller does meanwhile: 3 s after the last sound there is another', () =>
  fc.assert(
    fc.asyncProperty(scripts, voices, caller, async (answers, voice, deeds) => {
      const rig = await new Rig({ policy: { onset: { echoGuard: false }, away: { afterMs: 0 } } }).started();
      rig.script = (prompt) => answers[prompt % answers.length] ?? [];
      rig.synthesisDelayMs = voice.delayMs;
      rig.synthesisFails = voice.fails;
      const sounds: [fromMs: number, untilMs: number][] = [];
      const says = async (words: string, ms = 800) => {
        const fromMs = rig.clock.now();
        await rig.voice(0.9, ms);
        sounds.push([fromMs, rig.clock.now()]);
        if (words === '') rig.noWords(fromMs);
        else rig.partial(words, fromMs);
        await rig.voice(0.05, 320);
        if (words !== '') rig.final(words, fromMs);
      };
      await says('Where is my order?');
      for (const { afterMs, deed } of deeds) {
        await rig.voice(0.05, afterMs);
        await says(
          deed === 'coughs' ? '' : deed === 'asks more' ? 'And how large is it?' : deed,
          deed === 'coughs' ? 160 : 600,
        );
      }
      for (let at = 0; at < 90_000 && rig.conversation.state !== 'listening'; at += 320) await rig.voice(0.05, 320);
      assert.equal(rig.conversation.state, 'listening');
      const longest = longestSilence(rig, sounds);
      assert.ok(longest.ms <= PROMISE_MS, `${longest.ms} ms of silence from ${longest.fromMs} on`);
      assert.equal(rig.openAnswers, 0);
    }),
    { numRuns: 250 },
  ));

/** The longest time without a sound of the caller's or the agent's in which the agent had the floor, until it gave up. */
function longestSilence(rig: Rig, sounds: readonly [number, number][]): { ms: number; fromMs: number } {
  const longest = { ms: 0, fromMs: 0 };
  let heardUntilMs = sounds[0]?.[1] ?? 0;
  let owes = false;
  let gaveUp = false;
  for (const entry of rig.log) {
    for (const [fromMs, untilMs] of sounds)
      if (fromMs <= entry.atMs) heardUntilMs = Math.max(heardUntilMs, Math.min(untilMs, entry.atMs));
    const ms = entry.atMs - heardUntilMs;
    if (owes && !gaveUp && ms > longest.ms) Object.assign(longest, { ms, fromMs: heardUntilMs });
    if (entry.type === 'stop') heardUntilMs = Math.min(heardUntilMs, entry.atMs);
    if (entry.type === 'frame') heardUntilMs = Math.max(heardUntilMs, entry.atMs) + 20;
    if (entry.type === 'waitFilled') gaveUp = entry.kind === 'give-up';
    if (entry.type === 'state') {
      owes = entry.state === 'thinking' || entry.state === 'speaking' || entry.state === 'held';
      if (entry.state === 'caller-speaking') gaveUp = false;
    }
  }
  return longest;
}
