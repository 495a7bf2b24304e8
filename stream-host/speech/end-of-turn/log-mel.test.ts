import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOURIER_LENGTH, Fourier400 } from './fourier.ts';
import { LogMel, MEL_BANDS, MEL_FRAMES } from './log-mel.ts';

/**
 * A sweep of 2.5 s whose loudness swells, and some of what Pipecat 1.14's `_whisper_features.py` makes of it (which
 * agrees with Hugging Face's `WhisperFeatureExtractor` to 1.2e-7): band, frame, value.
 */
const SWEEP = Int16Array.from({ length: 40_000 }, (_, t) => {
  const seconds = t / 16_000;
  return roundHalfEven(
    8000 * Math.sin(2 * Math.PI * (200 * seconds + 300 * seconds ** 2)) * (0.5 + 0.5 * Math.sin(t / 3000)),
  );
});
const REFERENCE = [
  [0, 0, -0.10922],
  [0, 549, 0.68981],
  [0, 552, 0.58824],
  [0, 600, -0.10922],
  [0, 799, 0.54237],
  [5, 549, 0.64675],
  [5, 552, 1.7329],
  [5, 600, 0.33781],
  [5, 700, -0.10922],
  [5, 799, 0.55077],
  [20, 549, 0.21572],
  [20, 552, -0.10922],
  [20, 600, 0.33345],
  [20, 700, 0.31844],
  [20, 799, 0.60007],
  [40, 0, -0.10922],
  [40, 799, 1.79339],
  [79, 0, -0.10922],
  [79, 799, 0.0881],
] as const;
const REFERENCE_MEAN = -0.061143771;

test('the features are those that the model was trained on', () => {
  const features = new LogMel().compute(SWEEP);
  for (const [band, frame, expected] of REFERENCE) {
    const value = features[band * MEL_FRAMES + frame] ?? Number.NaN;
    assert.ok(Math.abs(value - expected) < 1e-4, `band ${band}, frame ${frame}: ${value}, not ${expected}`);
  }
  const mean = features.reduce((sum, value) => sum + value, 0) / features.length;
  assert.ok(Math.abs(mean - REFERENCE_MEAN) < 1e-5, `mean ${mean}`);
});

test('of more than eight seconds the end counts, and what was computed before leaves no trace', () => {
  const mel = new LogMel();
  const long = new Int16Array(160_000).map((_, i) => Math.round(5000 * Math.sin(i * i * 1e-6)));
  const first = mel.compute(long);
  assert.deepEqual(mel.compute(long.slice(-128_000)), first);
  mel.compute(SWEEP);
  assert.deepEqual(mel.compute(long), first);
});

test('silence and no audio at all have features like any other', () => {
  const mel = new LogMel();
  const nothing = mel.compute(new Int16Array(0));
  assert.equal(nothing.length, MEL_BANDS * MEL_FRAMES);
  assert.ok(nothing.every((value) => value === nothing[0] && Number.isFinite(value)));
  assert.deepEqual(mel.compute(new Int16Array(128_000)), nothing);
});

test('the fast transform is the transform by definition', () => {
  const fourier = new Fourier400();
  const re = Float64Array.from({ length: FOURIER_LENGTH }, (_, i) => Math.sin(i * 0.37) + (i % 7));
  const im = Float64Array.from({ length: FOURIER_LENGTH }, (_, i) => Math.cos(i * 1.91) - (i % 3));
  fourier.re.set(re);
  fourier.im.set(im);
  fourier.transform();
  for (const bin of [0, 1, 3, 16, 25, 99, 200, 201, 399]) {
    let sumRe = 0;
    let sumIm = 0;
    for (let i = 0; i < FOURIER_LENGTH; i += 1) {
      const angle = (-2 * Math.PI * bin * i) / FOURIER_LENGTH;
      sumRe += (re[i] ?? 0) * Math.cos(angle) - (im[i] ?? 0) * Math.sin(angle);
      sumIm += (re[i] ?? 0) * Math.sin(angle) + (im[i] ?? 0) * Math.cos(angle);
    }
    assert.ok(Math.abs((fourier.re[bin] ?? 0) - sumRe) < 1e-9, `bin ${bin}`);
    assert.ok(Math.abs((fourier.im[bin] ?? 0) - sumIm) < 1e-9, `bin ${bin}`);
  }
});

/** As the reference rounded. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
