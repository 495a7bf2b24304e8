import assert from 'node:assert/strict';
import { test } from 'node:test';
import { babble, joined, silence, tones } from './testing/sounds.ts';
import { type Tone, ToneDetector } from './tone-detector.ts';

function heard(pcm: Uint8Array, rateHz = 16_000): Tone[] {
  const found: Tone[] = [];
  const detector = new ToneDetector(rateHz, (tone) => found.push(tone));
  // As a line brings it: 20 ms at a time.
  const step = (rateHz / 50) * 2;
  for (let at = 0; at < pcm.length; at += step) detector.write(pcm.subarray(at, at + step));
  return found;
}

for (const hz of [425, 440, 850, 1000, 1004, 1400, 1637, 1980]) {
  test(`a beep of ${hz} Hz is found, with where it began and ended`, () => {
    const [tone, ...others] = heard(joined(silence(500), tones([hz], 400), silence(300)));
    assert.ok(tone && others.length === 0);
    assert.ok(Math.abs(tone.hz - hz) < 25, `${tone.hz} Hz`);
    assert.ok(Math.abs(tone.startMs - 500) <= 30 && Math.abs(tone.endMs - 900) <= 30);
  });
}

test('a beep is found at the rates that lines have', () => {
  for (const rateHz of [8000, 16_000, 24_000]) {
    const pcm = joined(tones([1000], 300, { rateHz }), new Uint8Array(rateHz / 5));
    assert.equal(heard(pcm, rateHz).length, 1, `${rateHz} Hz`);
  }
});

test('a soft beep is found, and one that is hardly there is not', () => {
  assert.equal(heard(joined(tones([1000], 300, { peak: 0.03 }), silence(200))).length, 1);
  assert.equal(heard(joined(tones([1000], 300, { peak: 0.005 }), silence(200))).length, 0);
});

test('a voice is no tone, low or high', () => {
  for (const pitchHz of [90, 120, 180, 220, 300]) {
    assert.deepEqual(heard(joined(babble(4000, { pitchHz }), silence(200))), [], `${pitchHz} Hz`);
  }
});

test('a key of the telephone is two tones and no beep', () => {
  for (const [low, high] of [
    [697, 1209],
    [770, 1336],
    [941, 1477],
  ] as const) {
    assert.deepEqual(heard(joined(tones([low, high], 400), silence(200))), []);
  }
});

test('a blip is too short to be a beep, and what lies outside of 400 to 2,000 Hz is none', () => {
  assert.deepEqual(heard(joined(tones([1000], 100), silence(200))), []);
  assert.deepEqual(heard(joined(tones([300], 400), silence(200))), []);
  assert.deepEqual(heard(joined(tones([2600], 400), silence(200))), []);
});

test('three tones one after the other are three', () => {
  const sit = joined(tones([950], 330), tones([1400], 330), tones([1800], 330), silence(200));
  assert.deepEqual(
    heard(sit).map(({ hz }) => Math.round(hz / 50) * 50),
    [950, 1400, 1800],
  );
});
