import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { AudioAllowance } from './audio-allowance.ts';

test('audio at the pace of speech passes for a day, from a clock that is one per cent too fast too', () => {
  const clock = { ms: 0, now: () => clock.ms, wallMs: () => clock.ms, after: () => () => {} };
  const allowance = new AudioAllowance(clock);
  for (; clock.ms < 24 * 3_600_000; clock.ms += 100) assert.equal(allowance.judge(101), 'passes');
});

test('what a network held back for five seconds passes, and what it held back for twenty does not end the line', async () => {
  const clock = new VirtualClock();
  const allowance = new AudioAllowance(clock);
  const burst = (ms: number) => Array.from({ length: ms / 20 }, () => allowance.judge(20));
  await clock.advance(60_000);
  assert.deepEqual(new Set(burst(5000)), new Set(['passes']));
  await clock.advance(20_000);
  const late = burst(20_000);
  assert.equal(late.filter((judgement) => judgement === 'passes').length, 250);
  assert.ok(!late.includes('flood'));
});

test('audio much faster than time is a flood after half a minute of it, and so are messages without audio (H6)', async () => {
  const clock = new VirtualClock();
  const audio = new AudioAllowance(clock);
  const messages = Array.from({ length: 20 }, () => audio.judge(2000));
  assert.deepEqual(messages, [...Array(2).fill('passes'), ...Array(15).fill('excess'), ...Array(3).fill('flood')]);
  const empty = new AudioAllowance(clock);
  const texts = Array.from({ length: 35_001 }, () => empty.judge(0));
  assert.equal(texts.indexOf('excess'), 5000);
  assert.equal(texts.indexOf('flood'), 35_000);
});

test('whatever is sent and whenever, no more passes than time and the burst allow (H6)', () => {
  const step = fc.record({ waitMs: fc.integer({ min: 0, max: 3000 }), audioMs: fc.integer({ min: 0, max: 2000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = { ms: 0, now: () => clock.ms, wallMs: () => clock.ms, after: () => () => {} };
      const allowance = new AudioAllowance(clock);
      let passedMs = 0;
      for (const { waitMs, audioMs } of steps) {
        clock.ms += waitMs;
        if (allowance.judge(audioMs) === 'passes') passedMs += audioMs;
        assert.ok(passedMs <= 5000 + clock.ms * 1.02);
      }
    }),
  );
});
