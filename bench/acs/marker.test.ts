import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMark, readMarkDigits, writeMark } from './marker.ts';
import { encodeFrame, FrameReader, OPCODE } from './web-socket-frames.ts';

test('a mark is read wherever it stands in a frame, and nothing is read from plain sound', () => {
  const frame = Buffer.alloc(640, 3);
  assert.equal(readMark(frame), undefined);
  const mark = { answer: 70_000, synthesis: 65_535, frame: 412 };
  writeMark(frame, mark);
  assert.deepEqual(readMark(frame), mark);
  assert.deepEqual(readMark(Buffer.concat([Buffer.alloc(222), frame]).subarray(0, 640)), mark);
});

test('a mark at the beginning is read from its digits alone, as it is from the samples', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff), fc.nat(0xffff), (answer, synthesis, index) => {
      const sound = Buffer.alloc(640, 3);
      writeMark(sound, { answer, synthesis, frame: index });
      const seen: unknown[] = [];
      const reader = new FrameReader((frame) => seen.push(readMarkDigits(frame, 4)));
      reader.read(encodeFrame(OPCODE.text, Buffer.from(`pre:${sound.toString('base64')}`)));
      assert.deepEqual(seen, [readMark(sound)]);
    }),
  );
});

test('no mark is read from digits of plain sound, of a mark that stands elsewhere, or of hardly any', () => {
  const late = Buffer.alloc(640);
  writeMark(late.subarray(6), { answer: 1, synthesis: 1, frame: 1 });
  for (const text of [Buffer.alloc(640, 3).toString('base64'), late.toString('base64'), 'MXo=']) {
    new FrameReader((frame) => assert.equal(readMarkDigits(frame, 0), undefined)).read(
      encodeFrame(OPCODE.text, Buffer.from(text)),
    );
  }
});
