import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallerWords, saysTheSame } from './caller-words.ts';

test('a partial is open until it has not changed for a while; a final is settled at once', () => {
  const words = new CallerWords(250);
  words.heard('where is', { offsetMs: 0, endMs: 100, final: false }, 100);
  assert.equal(words.status(200, 0), 'open');
  words.heard('where is my order', { offsetMs: 0, endMs: 300, final: false }, 300);
  assert.equal(words.status(500, 0), 'open');
  assert.equal(words.status(550, 0), 'settled');
  words.heard('Where is my order?', { offsetMs: 0, endMs: 560, final: true }, 560);
  assert.equal(words.status(560, 0), 'settled');
});

test('a final that says the same as the partial that was taken adds nothing', () => {
  const words = new CallerWords(250);
  words.heard('where is my order', { offsetMs: 0, endMs: 100, final: false }, 100);
  assert.equal(words.take(), 'where is my order');
  assert.equal(words.heard('Where is my order?', { offsetMs: 0, endMs: 900, final: true }, 900), undefined);
  assert.equal(words.status(900, 0), 'none');
});

test('words that the final adds to those taken are pending, those taken are not', () => {
  const words = new CallerWords(250);
  words.heard('deliver it', { offsetMs: 0, endMs: 100, final: false }, 100);
  words.take();
  words.heard('Deliver it on Friday.', { offsetMs: 0, endMs: 900, final: true }, 900);
  assert.equal(words.pendingText, 'on Friday.');
});

test('a different reading of the words taken is a correction of the whole turn', () => {
  const words = new CallerWords(250);
  words.heard('Hello.', { offsetMs: 0, endMs: 50, final: true }, 50);
  words.heard('order ten forty', { offsetMs: 1000, endMs: 1100, final: false }, 1100);
  assert.equal(words.take(), 'Hello. order ten forty');
  assert.deepEqual(words.heard('order 1042', { offsetMs: 1000, endMs: 1900, final: true }, 1900), {
    takenText: 'Hello. order 1042',
    settled: true,
  });
  assert.equal(words.status(1900, 0), 'none');
});

test('when the caller spoke on, what the phrase gains is new', () => {
  const words = new CallerWords(250);
  words.heard('where is it', { offsetMs: 0, endMs: 100, final: false }, 100);
  words.take();
  words.speechStarted();
  words.heard('Where is it? No wait, cancel it.', { offsetMs: 0, endMs: 3000, final: true }, 3000);
  assert.equal(words.pendingText, 'No wait, cancel it.');
});

test('what was put back is pending again, with what came since', () => {
  const words = new CallerWords(250);
  words.heard('Where is my order?', { offsetMs: 0, endMs: 100, final: true }, 100);
  words.take();
  words.putBack();
  words.heard('And when does it come?', { offsetMs: 2000, endMs: 2500, final: true }, 2500);
  assert.equal(words.take(), 'Where is my order? And when does it come?');
});

test('a phrase that the recogniser left open is settled when it moves on', () => {
  const words = new CallerWords(250);
  words.heard('hm well', { offsetMs: 0, endMs: 100, final: false }, 100);
  words.heard('the order please', { offsetMs: 5000, endMs: 5100, final: false }, 5100);
  assert.equal(words.pendingText, 'hm well the order please');
  words.heard('The order, please.', { offsetMs: 5000, endMs: 5200, final: true }, 5200);
  assert.equal(words.status(5200, 0), 'settled');
  assert.equal(words.take(), 'hm well The order, please.');
});

test('words are not settled while speech that came after them is in nobody’s words', () => {
  const words = new CallerWords(250);
  words.heard('What is the status of', { offsetMs: 0, endMs: 1200, final: true }, 1700);
  assert.equal(words.status(2500, 2300), 'open');
  words.heard('order 1042', { offsetMs: 1600, endMs: 2300, final: false }, 2600);
  assert.equal(words.status(2850, 2300), 'settled');
});

test('a breath after the last word holds a final up for a moment only, speech that is in no words for as long as it takes', () => {
  const words = new CallerWords(120);
  words.heard('Where is my order?', { offsetMs: 0, endMs: 1000, final: true }, 1500);
  assert.equal(words.status(1600, 1400), 'open');
  assert.equal(words.status(2100, 1400), 'settled');
  assert.equal(words.status(9000, 2500), 'open');
});

test('a mark that a final sets apart, as French has it, adds nothing to the words taken', () => {
  const words = new CallerWords(250);
  words.heard('où est mon colis', { offsetMs: 0, endMs: 100, final: false }, 100);
  words.take();
  assert.equal(words.heard('Où est mon colis ?', { offsetMs: 0, endMs: 900, final: true }, 900), undefined);
  assert.equal(words.status(900, 0), 'none');
  assert.ok(saysTheSame('où est mon colis', 'Où est mon colis ?'));
});

test('when the caller spoke on in a writing without spaces, what the phrase gains is new, too', () => {
  const words = new CallerWords(250);
  words.heard('我的订单在哪里', { offsetMs: 0, endMs: 100, final: false }, 100);
  words.take();
  words.speechStarted();
  words.heard('我的订单在哪里？请取消。', { offsetMs: 0, endMs: 3000, final: true }, 3000);
  assert.equal(words.pendingText, '请取消。');
});

test('a vowel sign makes another word', () => {
  assert.equal(saysTheSame('का', 'की'), false);
});

test('a final in fewer words than earlier turns took leaves the words of the last turn as they were', () => {
  const words = new CallerWords(250);
  words.heard('order one thousand forty two', { offsetMs: 0, endMs: 100, final: false }, 100);
  words.take();
  words.speechStarted();
  words.heard('order one thousand forty two fifty six', { offsetMs: 0, endMs: 900, final: false }, 900);
  assert.equal(words.take(), 'fifty six');
  assert.equal(words.heard('Order 104256.', { offsetMs: 0, endMs: 1400, final: true }, 1400), undefined);
  assert.equal(words.status(1400, 0), 'none');
});
