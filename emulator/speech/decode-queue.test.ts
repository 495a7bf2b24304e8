import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DecodeKind, DecodeQueue } from './decode-queue.ts';

const item = (stream: object, kind: DecodeKind) => ({ stream, kind });

test('finals go first, then early decodes, then partials, each in the order they came', () => {
  const queue = new DecodeQueue<{ stream: object; kind: DecodeKind }>();
  const items = (['partial', 'early', 'final', 'final', 'partial'] as const).map((kind) => item({}, kind));
  for (const one of items) queue.push(one);
  const [partialA, early, finalA, finalB, partialB] = items;
  assert.deepEqual(
    Array.from({ length: 6 }, () => queue.take()),
    [finalA, finalB, early, partialA, partialB, undefined],
  );
});

test('a promoted early decode is a final', () => {
  const queue = new DecodeQueue<{ stream: object; kind: DecodeKind }>();
  const first = item({}, 'early');
  const promoted = item({}, 'early');
  queue.push(first);
  queue.push(promoted);
  promoted.kind = 'final';
  assert.equal(queue.take(), promoted);
});

test('partials can be left where they are', () => {
  const queue = new DecodeQueue<{ stream: object; kind: DecodeKind }>();
  queue.push(item({}, 'partial'));
  assert.equal(queue.take('partial'), undefined);
  assert.equal(queue.hasBefore('partial'), false);
  assert.equal(queue.length, 1);
});

test('a stream never has two partials waiting, and a final is never displaced', () => {
  const streams = [{}, {}, {}];
  const pushes = fc.array(fc.tuple(fc.nat(2), fc.constantFrom<DecodeKind>('final', 'early', 'partial')));
  fc.assert(
    fc.property(pushes, (given) => {
      const queue = new DecodeQueue<{ stream: object; kind: DecodeKind }>();
      let finals = 0;
      for (const [stream, kind] of given) {
        const displaced = queue.push(item(streams[stream] ?? {}, kind));
        assert.ok(displaced === undefined || displaced.kind !== 'final');
        finals += kind === 'final' ? 1 : 0;
      }
      const waiting = queue.drain();
      assert.equal(waiting.filter(({ kind }) => kind === 'final').length, finals);
      for (const stream of streams) {
        assert.ok(waiting.filter((one) => one.stream === stream && one.kind !== 'final').length <= 1);
      }
    }),
  );
});
