import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventStreamDecoder } from './event-stream.ts';

function decode(...pieces: string[]) {
  const decoder = new EventStreamDecoder();
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.end()];
}

const CASES: readonly [what: string, stream: string, events: [type: string, data: string][]][] = [
  ['an event is its data', 'data: {"a":1}\n\n', [['', '{"a":1}']]],
  ['lines of data are joined', 'data: a\ndata: b\ndata:\n\n', [['', 'a\nb\n']]],
  [
    'only one space belongs to the colon',
    'data:a\n\ndata:  b\n\n',
    [
      ['', 'a'],
      ['', ' b'],
    ],
  ],
  [
    'a type holds for one event',
    'event: error\ndata: a\n\ndata: b\n\n',
    [
      ['error', 'a'],
      ['', 'b'],
    ],
  ],
  ['a type without data is no event', 'event: ping\n\ndata: a\n\n', [['', 'a']]],
  ['comments and other fields say nothing', ': alive\n\nid: 7\nretry: 10\nnonsense\ndata: a\n\n', [['', 'a']]],
  ['a colon may be part of the data', 'data: a: b\n\n', [['', 'a: b']]],
  ['a name without a colon is a field without value', 'data\n\n', [['', '']]],
  [
    'the byte order mark is no part of the first name',
    '\uFEFFdata: a\n\ndata: \uFEFF\n\n',
    [
      ['', 'a'],
      ['', '\uFEFF'],
    ],
  ],
  [
    'the end completes the last event',
    'data: a\n\ndata: b',
    [
      ['', 'a'],
      ['', 'b'],
    ],
  ],
];

for (const [what, stream, events] of CASES) {
  test(`${what}, whatever ends the lines and wherever the stream is cut`, () => {
    const expected = events.map(([type, data]) => ({ type, data }));
    for (const ending of ['\n', '\r\n', '\r']) {
      const text = stream.replaceAll('\n', ending);
      assert.deepEqual(decode(text), expected, JSON.stringify(text));
      assert.deepEqual(decode(...text), expected, `${JSON.stringify(text)} letter by letter`);
    }
  });
}

test('where a stream is cut makes no difference', () => {
  const part = fc.constantFrom('data', 'event', ':', ' ', 'x', '\n', '\r', '\r\n', '\n\n', '\uFEFF', '');
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 12 }), { maxLength: 6 }), (pieces) => {
      const texts = pieces.map((piece) => piece.join(''));
      assert.deepEqual(decode(...texts), decode(texts.join('')));
    }),
    { numRuns: 1000 },
  );
});

test('an event is told as soon as its blank line is there', () => {
  const decoder = new EventStreamDecoder();
  assert.deepEqual(decoder.push('data: a\r\n'), []);
  assert.deepEqual(decoder.push('\r'), [{ type: '', data: 'a' }]);
  assert.deepEqual(decoder.push('\ndata: b'), []);
  assert.deepEqual(decoder.push('\n\n'), [{ type: '', data: 'b' }]);
});

test('an event that grows without bound is refused', () => {
  const line = 'x'.repeat(100_000);
  const endless = (lineOf: string) => () => {
    const decoder = new EventStreamDecoder();
    for (let i = 0; i < 20; i += 1) decoder.push(lineOf);
  };
  assert.throws(endless(line), RangeError);
  assert.throws(endless(`data: ${line}\n`), RangeError);
});
