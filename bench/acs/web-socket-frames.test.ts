import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closePayload, encodeFrame, FrameReader, OPCODE } from './web-socket-frames.ts';

function readAll(pieces: readonly Buffer[]) {
  const frames: { opcode: number; payload: Buffer }[] = [];
  const reader = new FrameReader((frame) => frames.push({ opcode: frame.opcode, payload: frame.copy() }));
  const shared = Buffer.alloc(Math.max(1, ...pieces.map((piece) => piece.length)));
  for (const piece of pieces) {
    piece.copy(shared);
    reader.read(shared, 0, piece.length);
    shared.fill(0xee);
  }
  return frames;
}

const frameArbitrary = fc.record({
  opcode: fc.constantFrom(...Object.values(OPCODE)),
  payload: fc
    .oneof(fc.nat(130), fc.integer({ min: 65_530, max: 65_540 }), fc.nat(4000))
    .map((length) => Buffer.alloc(length, `${length} bytes`)),
  key: fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined }),
});

test('frames of all lengths, masked or not, are read as they were written, however the reads cut them', () => {
  fc.assert(
    fc.property(
      fc.array(frameArbitrary, { maxLength: 6 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40_000 })), { maxLength: 40 }),
      (frames, cuts) => {
        const wire = Buffer.concat(frames.map(({ opcode, payload, key }) => encodeFrame(opcode, payload, key)));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          if (at < wire.length) pieces.push(wire.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(wire.subarray(at));
        const read = readAll(pieces);
        assert.deepEqual(
          read,
          frames.map(({ opcode, payload }) => ({ opcode, payload })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('a masked frame is the one that the standard shows', () => {
  const shown = Buffer.from('818537fa213d7f9f4d5158', 'hex');
  assert.deepEqual(encodeFrame(OPCODE.text, Buffer.from('Hello'), 0x37fa213d), shown);
  assert.deepEqual(readAll([shown]), [{ opcode: OPCODE.text, payload: Buffer.from('Hello') }]);
});

test('single bytes are unmasked as they are asked for', () => {
  const wire = encodeFrame(OPCODE.binary, Buffer.from('0123456789'), 0xdead_beef);
  new FrameReader((frame) => {
    assert.equal(frame.byteAt(7), '7'.charCodeAt(0));
    assert.equal(frame.copy(3, 6).toString(), '345');
    assert.deepEqual(
      [frame.startsWith('012'), frame.startsWith('013'), frame.startsWith('01234567890')],
      [true, false, false],
    );
  }).read(wire);
});

test('a close frame says why, or nothing', () => {
  const reasons: unknown[] = [];
  const reader = new FrameReader((frame) => reasons.push(frame.closing()));
  reader.read(encodeFrame(OPCODE.close, closePayload(4000, 'Schluß'), 7));
  reader.read(encodeFrame(OPCODE.close, Buffer.alloc(0)));
  assert.deepEqual(reasons, [
    { code: 4000, reason: 'Schluß' },
    { code: 1005, reason: '' },
  ]);
});

test('fragments, extensions and absurd lengths are refused, and so is a key that costs nobody anything', () => {
  const reader = () => new FrameReader(() => assert.fail('a frame'));
  assert.throws(() => reader().read(Buffer.from('0105', 'hex')), RangeError);
  assert.throws(() => reader().read(Buffer.from('8005', 'hex')), RangeError);
  assert.throws(() => reader().read(Buffer.from('c105', 'hex')), RangeError);
  assert.throws(() => reader().read(Buffer.from('827f00ffffffffffffff', 'hex')), RangeError);
  assert.throws(() => encodeFrame(OPCODE.text, Buffer.from('Hello'), 0), RangeError);
});
