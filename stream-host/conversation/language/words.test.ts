import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf, writtenWordsOf } from './words.ts';

test('a mark that stands apart is no word', () => {
  assert.deepEqual(writtenWordsOf('Où est mon colis ?'), ['Où', ' est', ' mon', ' colis ?']);
  assert.deepEqual(writtenWordsOf(' « Non », dit-il – merci … '), ['« Non »,', ' dit-il –', ' merci …']);
  assert.deepEqual(writtenWordsOf('?'), []);
  assert.deepEqual(writtenWordsOf(''), []);
});

test('a writing without spaces is counted by its letters, and put together again as it was', () => {
  assert.deepEqual(writtenWordsOf('我要 iPhone。'), ['我', '要', ' iPhone。']);
  for (const text of ['我要取消订单1042。', 'キーを押してください。', 'พัสดุของคุณกำลังเดินทาง', 'Where is it?'])
    assert.equal(writtenWordsOf(text).join(''), text);
});

test('each writing has its marks', () => {
  const marks = ['πού είναι η παραγγελία μου;', 'أين طلبي؟', 'मेरा ऑर्डर कहाँ है।', 'well;', 'لا،'].map(markOf);
  assert.deepEqual(marks, ['question', 'question', 'stop', 'comma', 'comma']);
});
