import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyMerge, type KeySource } from './key-merge.ts';

const merged = (reports: readonly (readonly [key: string, source: KeySource, atMs: number])[]) => {
  const merge = new KeyMerge();
  return reports.filter(([key, source, atMs]) => merge.isNew(key, source, atMs)).map(([key]) => key);
};

test('a key that both the media stream and the carrier tell of is pressed once', () => {
  assert.deepEqual(
    merged([
      ['1', 'line', 0],
      ['2', 'line', 300],
      ['1', 'carrier', 400],
      ['2', 'carrier', 700],
    ]),
    ['1', '2'],
  );
});

test('a key that is pressed twice is pressed twice, whoever tells of it first', () => {
  assert.deepEqual(
    merged([
      ['5', 'carrier', 0],
      ['5', 'line', 50],
      ['5', 'line', 200],
      ['5', 'carrier', 900],
    ]),
    ['5', '5'],
  );
});

test('a key that only one of them tells of counts', () => {
  assert.deepEqual(
    merged([
      ['5', 'line', 0],
      ['5', 'carrier', 300],
      ['5', 'carrier', 600],
      ['7', 'line', 800],
    ]),
    ['5', '5', '7'],
  );
});

test('the same key a minute later is another press', () => {
  assert.deepEqual(
    merged([
      ['5', 'line', 0],
      ['5', 'carrier', 60_000],
    ]),
    ['5', '5'],
  );
});

test('in whatever order two whole sources come in, each press counts once', () => {
  const presses = fc.array(fc.constantFrom('1', '2', '#'), { maxLength: 12 });
  fc.assert(
    fc.property(presses, fc.infiniteStream(fc.boolean()), (keys, mediaNext) => {
      const left = { line: [...keys], carrier: [...keys] };
      const reports: [string, KeySource, number][] = [];
      while (left.line.length + left.carrier.length > 0) {
        const source = mediaNext.next().value ? 'line' : 'carrier';
        const key = left[source].shift();
        if (key !== undefined) reports.push([key, source, reports.length * 50]);
      }
      assert.deepEqual(merged(reports).sort(), [...keys].sort());
    }),
  );
});
