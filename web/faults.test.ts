import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXAMPLES, readFaults } from './faults.ts';

test('each example that the page offers is one that can be had', () => {
  for (const [title, faults] of EXAMPLES) assert.equal(readFaults(faults).isGood, true, title);
  assert.deepEqual(readFaults('  '), { hint: '', isGood: true });
});

test('what was typed is told in words, and what is wrong with it', () => {
  assert.equal(
    readFaults('model=slow:7s@10s-30s, redis=down').hint,
    'In the next call: the language model is slow (7s), from 10 s to 30 s; Redis is down.',
  );
  assert.equal(
    readFaults('redis=down@ringing-5s', true).hint,
    'In this call: Redis is down, from the ringing to 5 s after it.',
    'stranger17 9',
  );
  const { hint, isGood } = readFaults('modle=slow');
  assert.equal(isGood, false);
  assert.match(hint, /^"modle" is nothing that can fail here; there are: model, /);
});
