import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClauseCutter } from './clauses.ts';

/** Feeds the text letter by letter, as tokens come at their worst. */
function cut(text: string): string[] {
  const cutter = new ClauseCutter();
  return [...[...text].flatMap((letter) => cutter.push(letter)), ...cutter.flush()];
}

test('the first clause is spoken without waiting for its sentence', () => {
  assert.deepEqual(cut('Your order is here, and it arrives tomorrow. Anything else?'), [
    'Your order is here, ',
    'and it arrives tomorrow. ',
    'Anything else?',
  ]);
});

test('a first clause too short to be worth a synthesis is joined to the next', () => {
  assert.deepEqual(cut('Well, I think so. Yes.'), ['Well, I think so. ', 'Yes.']);
});

test('a full stop that ends nothing does not cut', () => {
  assert.deepEqual(cut('Dr. Smith paid 3.50 for no. 5 today.'), ['Dr. Smith paid 3.50 for no. 5 today.']);
});

test('a short first sentence is spoken by itself', () => {
  assert.deepEqual(cut('Yes. It is on its way.'), ['Yes. ', 'It is on its way.']);
});

test('text without punctuation is cut at a space before it grows without bound', () => {
  const pieces = cut('word '.repeat(100));
  assert.ok(pieces.length > 1 && pieces.every((piece) => piece.length <= 221));
});

test('nothing is lost or altered, however the text arrives', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 40 }), { maxLength: 20 }), (tokens) => {
      const cutter = new ClauseCutter();
      const pieces = [...tokens.flatMap((token) => cutter.push(token)), ...cutter.flush()];
      const whole = tokens.join('');
      assert.equal(pieces.join('').trimEnd(), whole.trimEnd());
    }),
  );
});
