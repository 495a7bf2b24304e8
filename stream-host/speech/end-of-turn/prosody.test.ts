import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pitchOf } from './pitch.ts';
import { cadenceOf, judgeByProsody } from './prosody.ts';
import { vowel } from './testing/tiny-model.ts';

test('the pitch of a voice is found within a quarter of a semitone, and none in quiet', () => {
  const heard = pitchOf(vowel(600)).map(({ semitones }) => semitones);
  const expected = 12 * Math.log2(120 / 55);
  const voiced = heard.filter((semitones) => semitones !== undefined);
  assert.ok(voiced.length > 50 && voiced.length < 70, `${voiced.length} voiced frames`);
  assert.deepEqual(
    voiced.filter((semitones) => Math.abs(semitones - expected) > 0.25),
    [],
  );
  assert.equal(heard[10], undefined);
});

test('a vowel that is held in pitch sounds like a hesitation, one that falls and fades like an end', () => {
  const held = judgeByProsody(vowel(700));
  const ended = judgeByProsody(vowel(700, { fallHz: 40, fadesOut: true }));
  assert.ok(held < 0.45, `held: ${held}`);
  assert.ok(ended > 0.52, `ended: ${ended}`);
  assert.ok((cadenceOf(vowel(700))?.heldMs ?? 0) > 500);
});

test('where there is no voice it says nothing', () => {
  assert.equal(judgeByProsody(new Int16Array(24_000)), 0.5);
  assert.equal(judgeByProsody(new Int16Array(0)), 0.5);
  assert.equal(cadenceOf(vowel(60)), undefined);
});

test('whatever it hears, it is never sure', () => {
  const sound = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 60 });
  fc.assert(
    fc.property(sound, (pattern) => {
      const samples = Int16Array.from({ length: 12_000 }, (_, i) => pattern[i % Math.max(1, pattern.length)] ?? 0);
      const likely = judgeByProsody(samples);
      assert.ok(likely >= 0.37 && likely <= 0.57, `${likely}`);
    }),
    { numRuns: 25 },
  );
});
