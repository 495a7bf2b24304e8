import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallerWords } from './caller-words.ts';

test('a partial is open until it has not changed for a while; a final is settled at once', () => {
  const words = new CallerWords(250);
  words.heard('where is', 0, false, 100);
  assert.equal(words.status(200), 'open');
  words.heard('where is my order', 0, false, 300);
  assert.equal(words.status(500), 'open');
  assert.equal(words.status(550), 'settled');
  words.heard('Where is my order?', 0, true, 560);
  assert.equal(words.status(560), 'settled');
});

test('a final that says the same as the partial that was taken adds nothing', () => {
  const words = new CallerWords(250);
  words.heard('where is my order', 0, false, 100);
  assert.equal(words.take(), 'where is my order');
  assert.equal(words.heard('Where is my order?', 0, true, 900), undefined);
  assert.equal(words.status(900), 'none');
});

test('words that the final adds to those taken are pending, those taken are not', () => {
  const words = new CallerWords(250);
  words.heard('deliver it', 0, false, 100);
  words.take();
  words.heard('Deliver it on Friday.', 0, true, 900);
  assert.equal(words.pendingText, 'on Friday.');
});

test('a different reading of the words taken is a correction of the whole turn', () => {
  const words = new CallerWords(250);
  words.heard('Hello.', 0, true, 50);
  words.heard('order ten forty', 1000, false, 1100);
  assert.equal(words.take(), 'Hello. order ten forty');
  assert.deepEqual(words.heard('order 1042', 1000, true, 1900), { takenText: 'Hello. order 1042', settled: true });
  assert.equal(words.status(1900), 'none');
});

test('when the caller spoke on, what the phrase gains is new', () => {
  const words = new CallerWords(250);
  words.heard('where is it', 0, false, 100);
  words.take();
  words.speechStarted();
  words.heard('Where is it? No wait, cancel it.', 0, true, 3000);
  assert.equal(words.pendingText, 'No wait, cancel it.');
});

test('what was put back is pending again, with what came since', () => {
  const words = new CallerWords(250);
  words.heard('Where is my order?', 0, true, 100);
  words.take();
  words.putBack();
  words.heard('And when does it come?', 2000, true, 2500);
  assert.equal(words.take(), 'Where is my order? And when does it come?');
});

test('a phrase that the recogniser left open is settled when it moves on', () => {
  const words = new CallerWords(250);
  words.heard('hm well', 0, false, 100);
  words.heard('the order please', 5000, false, 5100);
  assert.equal(words.pendingText, 'hm well the order please');
  words.heard('The order, please.', 5000, true, 5200);
  assert.equal(words.status(5200), 'settled');
  assert.equal(words.take(), 'hm well The order, please.');
});
