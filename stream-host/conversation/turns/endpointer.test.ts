import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageFor } from '../language/language.ts';
import { Endpointer } from './endpointer.ts';
import { DEFAULT_TURN_POLICY, type EndpointingPolicy } from './turn-policy.ts';

const { minHoldMs, holdMs, maxHoldMs } = DEFAULT_TURN_POLICY.endpointing;
const OPEN = 'the blue one for me and my';
const endpointer = (changes: Partial<EndpointingPolicy> = {}) =>
  new Endpointer({ ...DEFAULT_TURN_POLICY.endpointing, ...changes }, languageFor('en-US'));

test('finished words end the turn sooner than nothing known, unfinished ones later, within the policy’s bounds', () => {
  const done = endpointer().holdMs('where is my order');
  const open = endpointer().holdMs(OPEN);
  assert.equal(endpointer().holdMs(''), holdMs);
  assert.ok(minHoldMs <= done && done < holdMs, `${done}`);
  assert.ok(holdMs < open && open <= maxHoldMs, `${open}`);
});

test('without judgement every pause must last the same', () => {
  const plain = endpointer({ judgement: 'off' });
  assert.deepEqual([plain.holdMs(''), plain.holdMs('where is my order'), plain.holdMs(OPEN)], [holdMs, holdMs, holdMs]);
});

test('a caller who pauses long again and again is given longer, but not without end', () => {
  const patient = endpointer();
  patient.wentOn(900);
  assert.equal(patient.holdMs(''), holdMs, 'one pause is no habit');
  for (let pause = 0; pause < 20; pause += 1) patient.wentOn(5000);
  const longer = patient.holdMs('');
  assert.ok(longer > holdMs && longer <= holdMs * 1.3, `${longer}`);
  const even = endpointer({ adaptToCaller: false });
  for (let pause = 0; pause < 20; pause += 1) even.wentOn(5000);
  assert.equal(even.holdMs(''), holdMs);
});
