import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnPolicy } from './turn-policy.ts';

test('settings that contradict one another are named as their author has written them (stranger16: minHoldMs)', () => {
  assert.throws(() => turnPolicy({ endpointing: { minHoldMs: 900 } }), {
    message: 'turns.endpointing.hold_ms is 500, but must not be less than min_hold_ms (900).',
  });
});
