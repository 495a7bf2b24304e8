import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClauseCutter } from './clauses.ts';

/** Feeds the text letter by letter, as tokens come at their worst. */
function cut(text: string, locale?: string): string[] {
  const cutter = new ClauseCutter(locale);
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

test('marks of other scripts end sentences and clauses (clauses-of-other-languages)', () => {
  assert.equal(cut('आपका ऑर्डर तैयार है। यह कल आएगा। धन्यवाद।', 'hi-IN')[0], 'आपका ऑर्डर तैयार है।');
  assert.equal(cut('كيف يمكنني مساعدتك؟ طلبك جاهز، سيصل غدا.', 'ar-EG')[0], 'كيف يمكنني مساعدتك؟');
  assert.equal(cut('آپ کا آرڈر تیار ہے۔ شکریہ۔', 'ur-PK')[0], 'آپ کا آرڈر تیار ہے۔');
  assert.deepEqual(cut('ご注文は発送されました。明日届きます。', 'ja-JP'), [
    'ご注文は発送されました。',
    '明日届きます。',
  ]);
  assert.ok((cut('คำสั่งซื้อของคุณพร้อมแล้ว จะมาถึงพรุ่งนี้', 'th-TH')[0] ?? '').length < 30);
});

test('the number of a list item is spoken with the item (clauses-of-other-languages)', () => {
  for (const locale of [undefined, 'en-US']) {
    const pieces = cut('Here is how:\n1. Open the box.\n2. Read the paper.', locale);
    assert.deepEqual(pieces, ['Here is how:\n', '1. Open the box.\n', '2. Read the paper.']);
  }
});

test('a date stays whole where a language writes it with a full stop, and a number ends a sentence elsewhere (clauses-of-other-languages)', () => {
  assert.deepEqual(cut('Ihr Termin ist am 3. Mai um 10 Uhr.', 'de-DE'), ['Ihr Termin ist am 3. Mai um 10 Uhr.']);
  assert.deepEqual(cut('Ihr Termin ist am 3. Mai um 10 Uhr.'), ['Ihr Termin ist am 3. Mai um 10 Uhr.']);
  assert.deepEqual(cut('You ordered 3. They come on Friday.', 'en-US'), ['You ordered 3. ', 'They come on Friday.']);
  assert.deepEqual(cut('Die Nummer ist 1042. Danke.', 'de-DE'), ['Die Nummer ist 1042. ', 'Danke.']);
});

test('abbreviations are those of the language (clauses-of-other-languages)', () => {
  const prof = 'Prof. Jones of Acme Inc. lives near Park Ave. and calls approx. at five.';
  assert.deepEqual(cut(prof), [prof]);
  assert.equal(cut('Das kostet ca. 5 Euro inkl. Versand z. B. heute.', 'de-DE').length, 1);
  assert.deepEqual(cut('Le dije que no. Gracias.', 'es-ES'), ['Le dije que no. ', 'Gracias.']);
});

test('text of a script without spaces is cut, too, and not within a character (clauses-of-other-languages)', () => {
  const pieces = cut('𠮷'.repeat(300));
  assert.ok(pieces.length > 1 && pieces.every((piece) => piece.length <= 221 && piece.isWellFormed()));
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
