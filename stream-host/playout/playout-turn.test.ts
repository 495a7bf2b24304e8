import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { PlayoutTurn } from './playout-turn.ts';

const step = fc.oneof(
  fc.record({ type: fc.constant('write' as const), bytes: fc.integer({ min: 0, max: 4 * FRAME_BYTES }) }),
  fc.record({
    type: fc.constant('send' as const),
    messages: fc.integer({ min: 1, max: 40 }),
    frames: fc.integer({ min: 1, max: 12 }),
  }),
  fc.record({ type: fc.constant('take back' as const), frames: fc.integer({ min: 0, max: 10 }) }),
);

test('whatever the pieces, every byte is sent once and in order, and again from the very frame that was taken back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const turn = new PlayoutTurn(1, 1e9, () => {});
      let written = 0;
      let sent = 0;
      for (const step of steps) {
        if (step.type === 'write') {
          turn.write(Uint8Array.from({ length: step.bytes }, (_, at) => (written + at) % 251));
          written += step.bytes;
        } else if (step.type === 'send') {
          for (let n = 0; n < step.messages; n += 1) {
            const whole = Math.floor(written / FRAME_BYTES) - sent;
            const frames = turn.nextFrames(step.frames);
            if (!frames) break;
            assert.equal(frames.length, Math.min(step.frames, whole) * FRAME_BYTES);
            assert.ok(frames.every((byte, at) => byte === (sent * FRAME_BYTES + at) % 251));
            sent += frames.length / FRAME_BYTES;
          }
          if (turn.hasFrame) continue;
          assert.equal(sent, Math.floor(written / FRAME_BYTES));
        } else {
          const before = turn.sentMs;
          turn.takeBack(step.frames);
          sent -= (before - turn.sentMs) / 20;
        }
        assert.equal(turn.sentMs, sent * 20);
        assert.equal(turn.writtenMs, Math.floor(written / FRAME_BYTES) * 20);
      }
      turn.end();
      while (turn.nextFrames(1)) sent += 1;
      assert.equal(sent, Math.ceil(written / FRAME_BYTES));
    }),
  );
});

test('as many frames as a lead can hold may always be taken back, however long the turn has been', () => {
  const turn = new PlayoutTurn(1, 1e9, () => {});
  for (let n = 0; n < 500; n += 1) turn.write(new Uint8Array(FRAME_BYTES + 2).fill(n % 251));
  for (let n = 0; n < 500; n += 1) turn.nextFrames(1);
  turn.takeBack(50);
  assert.equal(turn.sentMs, 450 * 20);
});
