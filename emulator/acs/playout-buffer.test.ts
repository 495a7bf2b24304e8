import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BYTES_PER_MS, FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { PlayoutBuffer } from './playout-buffer.ts';

test('audio of any chunking comes out whole and in order, filled up with silence only at its end', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2_000 }), { maxLength: 20 }), (chunks) => {
      const buffer = new PlayoutBuffer(60_000);
      for (const chunk of chunks) assert.ok(buffer.write(chunk));
      const frames: Uint8Array[] = [];
      for (let frame = buffer.read(); frame; frame = buffer.read()) frames.push(frame);
      const written = Buffer.concat(chunks);
      const read = Buffer.concat(frames);
      assert.equal(frames.length, Math.ceil(written.length / FRAME_BYTES));
      assert.deepEqual(read.subarray(0, written.length), written);
      assert.ok(read.subarray(written.length).every((byte) => byte === 0));
    }),
  );
});

test('a stop drops everything and says how much', () => {
  const buffer = new PlayoutBuffer(1_000);
  buffer.write(new Uint8Array(FRAME_BYTES * 10).fill(1));
  buffer.read();
  assert.equal(buffer.clear(), 180);
  assert.equal(buffer.read(), undefined);
  buffer.write(new Uint8Array(FRAME_BYTES).fill(2));
  assert.deepEqual(buffer.read(), new Uint8Array(FRAME_BYTES).fill(2));
});

test('a full buffer keeps what it has and drops what comes', () => {
  const buffer = new PlayoutBuffer(100);
  assert.ok(buffer.write(new Uint8Array(100 * BYTES_PER_MS).fill(1)));
  assert.ok(!buffer.write(new Uint8Array(2)));
  assert.equal(buffer.bufferedMs, 100);
});
