import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, dbfsOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { SCENE_SETS, type Scene } from './scene.ts';
import { buildScenes } from './sets.ts';
import { rms, samplesIn } from './signal.ts';

/** A folder without recordings: what the tests see does not depend on what is installed. */
const NO_RECORDINGS = import.meta.dirname;
/** All but the other people's talk, which takes the synthesiser longer than all the rest. */
const wants = (condition: string) => !/babble|dB\/(60|400)ms|hold-music/.test(condition);
const scenes = await buildScenes({
  seed: 7,
  sets: Object.fromEntries(SCENE_SETS.map((set) => [set, 1])),
  recordingsFolder: NO_RECORDINGS,
  wants,
});
const of = (set: Scene['set'], condition: string) =>
  scenes.filter((scene) => scene.set === set && scene.condition === condition);

function levelDb(scene: Scene, fromMs: number, toMs: number): number {
  return dbfsOf(rms(toFloat32(bytesOf(scene.audio.subarray(samplesIn(fromMs), samplesIn(toMs))))));
}

test('every set is there, in whole frames and with names of their own', () => {
  assert.deepEqual(new Set(scenes.map(({ set }) => set)), new Set(SCENE_SETS));
  assert.equal(new Set(scenes.map(({ id }) => id)).size, scenes.length);
  assert.deepEqual(
    scenes.filter(({ audio }) => audio.length % 320 !== 0).map(({ id }) => id),
    [],
  );
});

test('a seed gives the same samples and labels again, whatever else is built; another seed gives others', async () => {
  const options = { sets: { backchannel: 1, echo: 1 }, wants, recordingsFolder: NO_RECORDINGS };
  const again = await buildScenes({ seed: 7, ...options });
  const other = await buildScenes({ seed: 8, ...options });
  for (const [index, scene] of again.entries()) {
    assert.deepEqual(
      scene,
      scenes.find(({ id }) => id === scene.id),
    );
    assert.notDeepEqual(scene.audio, other[index]?.audio);
  }
});

test('without recordings nobody is called recorded, and every scene that wants a voice has one', () => {
  for (const scene of scenes) {
    assert.equal(scene.recorded, false);
    assert.equal(scene.voice !== 'none', scene.utterances.length > 0);
  }
});

test('speech begins and ends where the labels say, to 15 ms, on a clean line', () => {
  const clean = scenes.filter(({ condition }) => condition === 'clean');
  assert.ok(clean.some(({ utterances }) => utterances.length > 0));
  for (const scene of clean) {
    for (const { startMs, endMs } of scene.utterances) {
      assert.ok(levelDb(scene, startMs - 40, startMs - 15) < -55, `${scene.id} is silent before ${startMs}`);
      assert.ok(levelDb(scene, startMs, startMs + 15) > -55, `${scene.id} is audible at ${startMs}`);
      assert.ok(levelDb(scene, endMs - 15, endMs) > -60, `${scene.id} is audible before ${endMs}`);
      assert.ok(levelDb(scene, endMs + 15, endMs + 40) < -55, `${scene.id} is silent after ${endMs}`);
    }
  }
});

test('pauses are silent, of the lengths that callers make, and inside the utterance', () => {
  const kinds = ['filler', 'trailing', 'digits', 'restart', 'thinking'].flatMap((kind) => of('hesitation', kind));
  for (const scene of kinds) {
    const [turn] = scene.utterances;
    assert.ok(turn);
    assert.ok(
      turn.pauses.some(({ startMs, endMs }) => endMs - startMs >= 290),
      `${scene.id} has a hesitation`,
    );
    for (const { startMs, endMs } of turn.pauses) {
      assert.ok(startMs > turn.startMs && endMs < turn.endMs);
      assert.ok(endMs - startMs >= 200 && endMs - startMs <= 1600, `${scene.id}: ${endMs - startMs} ms`);
      assert.ok(levelDb(scene, startMs + 10, endMs - 10) < levelDb(scene, turn.startMs, turn.endMs) - 20);
    }
  }
});

test('complete sentences and short answers have no long pause', () => {
  for (const scene of ['complete', 'question', 'short'].flatMap((kind) => of('hesitation', kind))) {
    for (const { startMs, endMs } of scene.utterances[0]?.pauses ?? []) assert.ok(endMs - startMs < 400, scene.id);
  }
});

test('words come in order, inside their utterance and outside of its pauses', () => {
  for (const { id, utterances } of scenes) {
    for (const { words, startMs, endMs, pauses } of utterances) {
      assert.ok(words.length > 0, id);
      for (const [index, word] of words.entries()) {
        assert.ok(word.startMs >= startMs - 1e-6 && word.endMs <= endMs + 1e-6, `${id}: ${word.text}`);
        assert.ok(word.endMs >= word.startMs, `${id}: ${word.text}`);
        assert.ok(word.startMs >= (words[index - 1]?.endMs ?? 0) - 1e-6, `${id}: ${word.text}`);
        const middleMs = (word.startMs + word.endMs) / 2;
        const long = pauses.filter((pause) => pause.endMs - pause.startMs >= 300);
        assert.ok(
          !long.some((pause) => middleMs > pause.startMs + 60 && middleMs < pause.endMs - 60),
          `${id}: ${word.text}`,
        );
      }
    }
  }
});

test('signal-to-noise ratios are what the conditions say, within 2 dB', () => {
  for (const [condition, snrDb] of [
    ['white-20dB', 20],
    ['white-10dB', 10],
    ['hum', 15],
  ] as const) {
    for (const scene of of('interruption', condition)) {
      const [said] = scene.utterances;
      assert.ok(said);
      const noiseDb = levelDb(scene, 200, said.startMs - 100);
      const noisePower = 10 ** (noiseDb / 10);
      const voiced = voicedPower(scene, noisePower);
      const measuredDb = 10 * Math.log10(voiced / noisePower);
      // The short silences between sounds are measured with them here.
      assert.ok(Math.abs(measuredDb - snrDb) < 2, `${scene.id}: ${measuredDb.toFixed(1)} dB`);
    }
  }
});

/** The mean power of the speech in the words of a scene, less that of the noise. */
function voicedPower(scene: Scene, noisePower: number): number {
  const said = scene.utterances[0];
  if (!said) return Number.NaN;
  const quietMs = said.pauses.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const wholeMs = said.endMs - said.startMs;
  const whole = 10 ** (levelDb(scene, said.startMs, said.endMs) / 10);
  return ((whole - noisePower) * wholeMs) / (wholeMs - quietMs);
}

test('nothing clips', () => {
  for (const { id, audio } of scenes) {
    assert.ok(
      audio.every((sample) => Math.abs(sample) < 32_700),
      id,
    );
  }
});

test('a telephone line carries nothing much above 3400 Hz', () => {
  const above = (scene: Scene) => {
    const samples = toFloat32(bytesOf(scene.audio));
    // The difference of neighbours' sums: what is left of a sound near 8 kHz.
    return dbfsOf(rms(samples.map((x, i) => (x - 2 * (samples[i - 1] ?? 0) + (samples[i - 2] ?? 0)) / 4)));
  };
  const [wide, narrow] = [of('interruption', 'clean')[0], of('interruption', 'phone')[0]];
  assert.ok(wide && narrow);
  assert.ok(above(narrow) < -40, 'mu-law leaves a little');
});

test('single noises are listed where they sound, and are no words', () => {
  for (const scene of [...of('noise', 'coughs'), ...of('noise', 'clicks')]) {
    assert.equal(scene.utterances.length, 0);
    assert.equal(scene.noises.length, 3);
    for (const { startMs, endMs } of scene.noises) {
      assert.ok(
        levelDb(scene, startMs, Math.min(endMs, startMs + 60)) > levelDb(scene, startMs - 60, startMs - 5) + 15,
      );
    }
  }
});
