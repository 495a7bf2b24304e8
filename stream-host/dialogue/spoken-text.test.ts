import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpokenText } from './spoken-text.ts';

/** A text without word times, all of whose audio is there. */
function spoken(text: string, durationMs: number): SpokenText {
  const answer = new SpokenText();
  answer.addClause(text, 0);
  answer.endClause(durationMs);
  return answer;
}

test('without word times a text is heard word by word, by its letters', () => {
  const answer = spoken('It arrives tomorrow before noon.', 3200);
  assert.equal(answer.heardAt(0), '');
  assert.equal(answer.heardAt(1000), 'It arrives');
  assert.equal(answer.heardAt(1100), 'It arrives');
  assert.equal(answer.heardAt(3199), 'It arrives tomorrow before');
  assert.equal(answer.heardAt(3200), 'It arrives tomorrow before noon.');
});

test('what was heard of a text without spaces is not lost', () => {
  const chinese = '您的订单正在路上，明天中午之前送到您的门口。';
  const answer = spoken(chinese, 200 * chinese.length);
  assert.equal(answer.heardAt(1000), '您的订单正');
  assert.equal(answer.heardAt(1900), '您的订单正在路上');
  const thai = 'พัสดุของคุณกำลังเดินทาง';
  const heard = spoken(thai, 100 * thai.length).heardAt(1000);
  assert.ok(heard.length >= 8 && thai.startsWith(heard), heard);
  assert.match(thai.slice(heard.length), /^\P{M}/u, 'no letter is parted from its marks');
});

test('what is heard of a text whose audio is not all there is never more than syllables go by', () => {
  const answer = new SpokenText();
  answer.addClause('您的订单正在路上，明天中午之前送到您的门口。', 0);
  assert.ok(answer.heardAt(1000).length <= 5, answer.heardAt(1000));
});
