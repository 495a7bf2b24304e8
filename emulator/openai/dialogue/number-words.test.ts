import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findOrderNumbers, speakBelowHundred, speakOrderNumber } from './number-words.ts';

const MEAN_1042 = [
  ...['1042', '1,042', '10-42', '10 42', '10.42', '10:42', '#1042', "1042's", '1 0 4 2', '1, 0, 4, 2', '1042.'],
  ...[
    'ten forty two',
    'ten forty-two',
    'Ten forty-two?',
    'ten 42',
    '10 forty two',
    'ten four two',
    '10 40 2',
    '1040 2',
  ],
  ...['one zero four two', 'one oh four two', 'one o four two', 'One, zero, four, two.'],
  ...[
    'one thousand forty two',
    'one thousand and forty-two',
    'a thousand and forty two',
    '1000 and 42',
    'ten fourty two',
  ],
  ...['one zero for two', 'one oh four to', 'one of four two', 'one or four to', 'ten forty too', '1040 two'],
];

for (const spoken of MEAN_1042) {
  test(`"${spoken}" is order 1042`, () => {
    assert.deepEqual(findOrderNumbers(`What about order ${spoken}`), ['1042']);
  });
}

const READINGS: readonly [text: string, numbers: string[]][] = [
  ['orders 1042 and 1043', ['1042', '1043']],
  ['ten forty two and ten forty three', ['1042', '1043']],
  ['order 1042, and 1050 too', ['1042', '1050']],
  ['move order 1042 to Friday', ['1042']],
  ['deliver order 1040 to on Friday', ['1042']],
  ['deliver order one thousand forty to on Friday', ['1042']],
  ['move order 1040 to Friday', ['1040']],
  ['move order ten forty to the next day', ['1040']],
  ['order ten double four', ['1044']],
  ['fifteen hundred', ['1500']],
  ['two thousand and seventy seven', ['2077']],
  ['order 42', ['42']],
  ['number seven', ['7']],
  ['in three days', []],
  ['two of them', []],
  ['it cost 300 dollars', []],
  ['on the 21st', []],
  ['at 3pm', []],
  ['oh, I see', []],
  ['I have one too', []],
  ['', []],
];

for (const [text, numbers] of READINGS) {
  test(`"${text}" holds ${numbers.length === 0 ? 'no order number' : numbers.join(' and ')}`, () => {
    assert.deepEqual(findOrderNumbers(text), numbers);
  });
}

test('every number is understood as it is spoken', () => {
  const number = fc.integer({ min: 100, max: 99_999 }).map(String);
  fc.assert(fc.property(number, (digits) => assert.deepEqual(findOrderNumbers(speakOrderNumber(digits)), [digits])));
});

test('any text is read without an exception, and only numbers of one to eight digits come out', () => {
  const words = fc.constantFrom(
    'ten',
    'forty',
    'two',
    '1040',
    'oh',
    'thousand',
    'hundred',
    'and',
    'double',
    'for',
    'x',
    '7',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((list) => list.join(' ')),
      ),
      (text) => {
        for (const number of findOrderNumbers(text)) assert.match(number, /^[1-9]\d{0,7}$/);
      },
    ),
  );
});

test('numbers are spoken in pairs', () => {
  assert.equal(speakOrderNumber('1042'), 'ten forty-two');
  assert.equal(speakOrderNumber('1005'), 'ten oh five');
  assert.equal(speakOrderNumber('1100'), 'eleven hundred');
  assert.equal(speakOrderNumber('2000'), 'two thousand');
  assert.equal(speakOrderNumber('042'), 'zero four two');
  assert.equal(speakBelowHundred(90), 'ninety');
});
