import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Flite } from '../../../emulator/speech/flite.ts';
import { SILERO_FRAME_SAMPLES, Silero } from '../../../shared/audio/silero.ts';
import { JudgedStream, VoiceActivityJudge } from './voice-activity-judge.ts';

const SAMPLES_PER_SECOND = 16_000;
const SPEECH = 0.5;

let silero: Silero;
let utterances: Int16Array[];

before(async () => {
  silero = await Silero.load();
  const flite = await Flite.load();
  utterances = (['slt', 'rms', 'awb'] as const).flatMap((voice) =>
    ['Hello, can you hear me?', 'Forty two.', 'Seven, please.'].map((text) => flite.speak(text, voice, 1).samples),
  );
});
after(() => silero.close());

for (const noiseDbfs of [-70, -58, -50, -42]) {
  for (const speechDb of [0, -20]) {
    test(`in noise of ${noiseDbfs} dBFS, speech at ${speechDb} dB is heard as soon with the gate as without`, async () => {
      const line = lineOf(noiseDbfs, speechDb);
      const gated = onsets((await judge(line, false)).probabilities);
      const ungated = onsets((await judge(line, true)).probabilities);
      const sooner = ungated.map((frame, i) => frame - (gated[i] ?? Number.NaN));
      assert.equal(gated.length, ungated.length);
      // The model is a little quicker to hear speech when it has not listened to the long quiet before it.
      assert.ok(
        sooner.every((frames) => frames >= 0 && frames <= 2),
        `sooner by frames: ${sooner}`,
      );
    });
  }
}

test('the gate saves most of the quiet', async () => {
  const { inferred, probabilities } = await judge(lineOf(-60, 0), false);
  const spoken = probabilities.filter((probability) => probability > SPEECH).length;
  assert.ok(inferred < spoken + (probabilities.length - spoken) * 0.5, `${inferred} of ${probabilities.length}`);
});

test('a stream that asks for several frames at once gets the answers that it would get one by one', async () => {
  const line = lineOf(-50, 0);
  const [single, several] = [await judge(line, true), await judge(line, true, 5)];
  for (const [i, probability] of several.probabilities.entries()) {
    assert.ok(Math.abs(probability - (single.probabilities[i] ?? Number.NaN)) < 1e-4, `frame ${i}`);
  }
});

/** Nine utterances with two seconds of the line's noise before each. */
function lineOf(noiseDbfs: number, speechDb: number): Int16Array {
  const noise = 10 ** (noiseDbfs / 20) * 32_768 * Math.sqrt(3);
  const gain = 10 ** (speechDb / 20);
  const samples = utterances.flatMap((speech) => [...new Int16Array(2 * SAMPLES_PER_SECOND), ...speech]);
  let seed = 7;
  return Int16Array.from(samples, (sample) => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return sample * gain + (seed / 2 ** 31 - 1) * noise;
  });
}

/** The frames at which an onset of two frames of speech begins, after a quarter of a second without. */
function onsets(probabilities: readonly number[]): number[] {
  const found: number[] = [];
  let quiet = 8;
  for (const [i, probability] of probabilities.entries()) {
    const isOnset = probability > SPEECH && (probabilities[i + 1] ?? 0) > SPEECH;
    if (isOnset && quiet >= 8) found.push(i);
    quiet = probability > SPEECH ? 0 : quiet + 1;
  }
  return found;
}

async function judge(line: Int16Array, gateless: boolean, framesAtOnce = 1) {
  const stream = new JudgedStream();
  const judge = new VoiceActivityJudge(silero, gateless);
  const probabilities: number[] = [];
  let inferred = 0;
  const step = framesAtOnce * SILERO_FRAME_SAMPLES;
  for (let at = 0; at + step <= line.length; at += step) {
    const frames = Array.from({ length: framesAtOnce }, (_, n) => {
      const start = at + n * SILERO_FRAME_SAMPLES;
      return { stream, samples: line.subarray(start, start + SILERO_FRAME_SAMPLES) };
    });
    const judged = await judge.judge(frames);
    inferred += judged.inferred;
    probabilities.push(...judged.probabilities);
  }
  return { probabilities, inferred };
}
