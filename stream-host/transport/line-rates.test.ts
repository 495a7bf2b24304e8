import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';
import { LineRates } from './line-rates.ts';

const tone = (hz: number, rateHz: number, ms: number): Uint8Array =>
  bytesOf(
    Int16Array.from({ length: (rateHz * ms) / 1000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * hz * i) / rateHz)),
  );

/** How often the tone rises from well below zero to well above it. */
function swings(pcm: Uint8Array): number {
  let [count, below] = [0, true];
  for (const sample of samplesOf(pcm)) {
    if (sample > 2000 && below) count += 1;
    if (Math.abs(sample) > 2000) below = sample < 0;
  }
  return count;
}

test('audio passes as it is where line and mode agree, and no filter delays it', () => {
  for (const hz of [8_000, 16_000, 24_000] as const) {
    const rates = new LineRates({ heardHz: hz, playedHz: hz });
    rates.modeIs(hz);
    const pcm = tone(440, hz, 20);
    assert.equal(rates.toMode(pcm, undefined), pcm);
    assert.equal(rates.toLine(pcm), pcm);
  }
});

test('where they differ, frames stay frames of 20 ms and tones keep their pitch, in both directions', () => {
  for (const lineHz of [8_000, 16_000, 24_000] as const) {
    for (const modeHz of [8_000, 16_000, 24_000] as const) {
      const rates = new LineRates({ heardHz: lineHz, playedHz: lineHz });
      rates.modeIs(modeHz);
      const heard: Uint8Array[] = [];
      const played: Uint8Array[] = [];
      const [up, down] = [tone(500, lineHz, 1000), tone(500, modeHz, 1000)];
      for (let frame = 0; frame < 50; frame += 1) {
        heard.push(rates.toMode(up.subarray((frame * lineHz) / 25, ((frame + 1) * lineHz) / 25), undefined));
        played.push(rates.toLine(down.subarray((frame * modeHz) / 25, ((frame + 1) * modeHz) / 25)));
      }
      assert.ok(heard.every(({ length }) => length === modeHz / 25));
      assert.ok(played.every(({ length }) => length === lineHz / 25));
      for (const pcm of [heard, played]) assert.ok(Math.abs(swings(Buffer.concat(pcm)) - 500) <= 1);
    }
  }
});

test('each participant’s sound is a stream of its own, and however many there are, few are kept', () => {
  const rates = new LineRates({ heardHz: 24_000, playedHz: 24_000 });
  rates.modeIs(16_000);
  const alone = new LineRates({ heardHz: 24_000, playedHz: 24_000 });
  const pcm = tone(700, 24_000, 100);
  for (let at = 0; at < pcm.length; at += 960) {
    const frame = pcm.subarray(at, at + 960);
    const together = rates.toMode(frame, 'a');
    rates.toMode(new Uint8Array(960).fill(99), 'b');
    assert.deepEqual(together, alone.toMode(frame, undefined));
  }
  for (let i = 0; i < 1000; i += 1) rates.toMode(pcm, `someone-${i}`);
});

test('what follows a silenced answer begins without its tail', () => {
  const rates = new LineRates({ heardHz: 16_000, playedHz: 16_000 });
  rates.modeIs(24_000);
  rates.toLine(tone(700, 24_000, 20));
  rates.silenced();
  assert.ok(samplesOf(rates.toLine(new Uint8Array(960))).every((sample) => sample === 0));
});
