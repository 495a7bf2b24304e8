import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echoesOf } from './echoed-words.ts';

const SAID = 'Your order left our warehouse in Portland on Tuesday morning.';

test('the agent’s words come back, some of them misheard, are an echo on a line that echoes', () => {
  assert.equal(echoesOf('your order left a warehouse in', SAID, true), true);
  assert.equal(echoesOf('no wait I meant the other one', SAID, true), false);
});

test('elsewhere one or two of the agent’s words are the caller’s', () => {
  assert.equal(echoesOf('Tuesday', SAID, false), false);
  assert.equal(echoesOf('Portland on Tuesday', SAID, false), true);
  assert.equal(echoesOf('not Portland on Tuesday', SAID, false), false);
});

test('the same words in another order are nobody’s echo', () => {
  assert.equal(echoesOf('morning Tuesday Portland warehouse', SAID, true), false);
  assert.equal(echoesOf('', SAID, true), false);
});
