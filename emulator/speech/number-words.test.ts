import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { numbersAsDigits } from './number-words.ts';

const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

function inWords(n: number): string {
  if (n < 20) return UNITS[n] ?? '';
  if (n < 100) return `${TENS[Math.floor(n / 10)]}${n % 10 ? ` ${UNITS[n % 10]}` : ''}`;
  const [unit, name] = n < 1000 ? [100, 'hundred'] : [1000, 'thousand'];
  return `${inWords(Math.floor(n / unit))} ${name}${n % unit ? ` ${inWords(n % unit)}` : ''}`;
}

test('every number from ten to a million is written in digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 999_999 }), (n) => {
      assert.equal(numbersAsDigits(`Order ${inWords(n)}, please.`), `Order ${n}, please.`);
    }),
  );
});

test('numbers are read out in many ways', () => {
  for (const [spoken, written] of [
    ['What is the status of order one thousand forty-two?', 'What is the status of order 1042?'],
    ['order one thousand and forty two', 'order 1042'],
    ['Order ten forty two.', 'Order 1042.'],
    ['one zero four two', '1042'],
    ['one oh four two', '1042'],
    ['nineteen ninety nine', '1999'],
    ['five five five, one two three four', '555, 1234'],
    ['order 1042', 'order 1042'],
    ['the second of May', 'the second of May'],
  ]) {
    assert.equal(numbersAsDigits(spoken ?? ''), written);
  }
});

test('a small number alone, and what only looks like a number, stays as it is', () => {
  for (const text of ['No one came.', 'One moment, please.', 'someone often weighs a hundred', 'rock and roll']) {
    assert.equal(numbersAsDigits(text), text);
  }
});
