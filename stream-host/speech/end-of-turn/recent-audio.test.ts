import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../../shared/audio/pcm.ts';
import { RecentAudio } from './recent-audio.ts';
import { vowel } from './testing/tiny-model.ts';
import { presentTurn } from './turn-audio.ts';

test('however audio is cut into writes, the newest of it is kept, in order', () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (lengths) => {
      const recent = new RecentAudio(10);
      const all: number[] = [];
      for (const length of lengths) {
        const bytes = Uint8Array.from({ length }, (_, i) => (all.length + i) * 7);
        all.push(...bytes);
        recent.write(bytes);
      }
      const whole = new Int16Array(Uint8Array.from(all.slice(0, all.length - (all.length % 2))).buffer);
      const kept = recent.samples();
      // An odd byte at the end takes the place of the oldest sample.
      assert.equal(kept.length, Math.min(whole.length, all.length % 2 === 1 && all.length > 320 ? 159 : 160));
      assert.deepEqual([...kept], [...whole.subarray(whole.length - kept.length)]);
    }),
  );
});

test('what is handed out is a copy', () => {
  const recent = new RecentAudio(10);
  recent.write(bytesOf(Int16Array.of(1, 2, 3)));
  const samples = recent.samples();
  recent.write(bytesOf(new Int16Array(160)));
  assert.deepEqual([...samples], [1, 2, 3]);
});

test('a turn begins after the last long pause, and short pauses are in it', () => {
  const gap = (ms: number) => new Int16Array(ms * 16);
  const before = vowel(400);
  const turn = joined(vowel(600), gap(800), vowel(300));
  const heard = presentTurn(joined(before, gap(3_000), turn));
  assert.ok(Math.abs(heard.length - turn.length) < 640, `${heard.length} of ${turn.length}`);
  assert.equal(presentTurn(turn).length, turn.length, 'all of it, when nothing was before');
  assert.equal(presentTurn(gap(1_000)).length, 16_000, 'silence is left as it is');
});

function joined(...parts: readonly Int16Array[]): Int16Array<ArrayBuffer> {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
