import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PERIODICITY_SAMPLES, periodicityOf } from './periodicity.ts';

const RATE = 16_000;

/** A vowel of this pitch: pulses of the glottis, rounded off. */
function vowel(hz: number, peak = 8000): Int16Array {
  return sound((i) => {
    const phase = (i * hz) / RATE;
    return peak * (0.6 * Math.sin(2 * Math.PI * phase) + 0.3 * Math.sin(4 * Math.PI * phase + 1));
  });
}

function sound(at: (i: number) => number): Int16Array {
  return Int16Array.from({ length: PERIODICITY_SAMPLES }, (_, i) => Math.round(at(i)));
}

/** The same noise in each run. */
function noise(peak = 8000): Int16Array {
  let state = 12_345;
  return sound(() => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return (state / 2 ** 30 - 1) * peak;
  });
}

test('a vowel is periodic, whatever the pitch of the voice', () => {
  for (const hz of [75, 110, 160, 230, 330]) assert.ok(periodicityOf(vowel(hz)) > 0.95, `${hz} Hz`);
});

test('noise is not, nor are two voices at once as much as each of them', () => {
  assert.ok(periodicityOf(noise()) < 0.5);
  const [low, high] = [vowel(101), vowel(163)];
  const both = low.map((sample, i) => sample + (high[i] ?? 0));
  assert.ok(periodicityOf(both) < periodicityOf(low) - 0.05);
});

test('silence has no period, and neither has a level that does not change', () => {
  assert.equal(periodicityOf(sound(() => 0)), 0);
  assert.equal(periodicityOf(sound(() => 1200)), 0);
});

test('how loud the line is, and how far off zero, does not change what is found', () => {
  const expected = periodicityOf(vowel(140));
  fc.assert(
    fc.property(fc.integer({ min: 500, max: 20_000 }), fc.integer({ min: -2000, max: 2000 }), (peak, offset) => {
      const moved = vowel(140, peak).map((sample) => sample + offset);
      assert.ok(Math.abs(periodicityOf(moved) - expected) < 0.02);
    }),
  );
});

test('it is a number from 0 to 1 for any samples', () => {
  const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), {
    minLength: PERIODICITY_SAMPLES,
    maxLength: PERIODICITY_SAMPLES,
  });
  fc.assert(
    fc.property(samples, (any) => {
      const found = periodicityOf(Int16Array.from(any));
      assert.ok(found >= 0 && found <= 1);
    }),
    { numRuns: 30 },
  );
});
