import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMark, writeMark } from './marker.ts';

test('a mark is read wherever it stands in a frame, and nothing is read from plain sound', () => {
  const frame = Buffer.alloc(640, 3);
  assert.equal(readMark(frame), undefined);
  const mark = { answer: 70_000, synthesis: 65_535, frame: 412 };
  writeMark(frame, mark);
  assert.deepEqual(readMark(frame), mark);
  assert.deepEqual(readMark(Buffer.concat([Buffer.alloc(222), frame]).subarray(0, 640)), mark);
});
