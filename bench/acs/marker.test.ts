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

test('marks at the beginnings of frames are read from their digits alone, as they are from the samples', () => {
  const mark = fc.record(
    { answer: fc.nat(0xffff_ffff), synthesis: fc.nat(0xffff), frame: fc.nat(0xffff) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(mark, { minLength: 1, maxLength: 5 }), (marks) => {
      const sound = Buffer.alloc(640 * marks.length, 3);
      for (const [index, mark] of marks.entries()) writeMark(sound, mark, index * 640);
      const seen: unknown[] = [];
      const reader = new FrameReader((frame) => {
        for (let byte = 0; byte < sound.length; byte += 640) seen.push(readMarkDigits(frame, 4, byte));
      });
      reader.read(encodeFrame(OPCODE.text, Buffer.from(`pre:${sound.toString('base64')}`)));
      assert.deepEqual(seen, marks);
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
