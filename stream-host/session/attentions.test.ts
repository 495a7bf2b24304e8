import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attention } from '../contract/call-news.ts';
import { Attentions } from './attentions.ts';

test('a caller on hold stays so whatever keys are waited for, or are no more (sister of stranger 1)', () => {
  const told: Attention[] = [];
  const attentions = new Attentions((to) => told.push(to));
  attentions.attend('keys', 'waiting');
  attentions.attend('call', 'nobody');
  attentions.attend('keys', 'caller');
  attentions.attend('keys', 'waiting');
  attentions.attend('call', 'caller');
  attentions.attend('keys', 'caller');
  attentions.attend('call', 'caller');
  assert.deepEqual(told, ['waiting', 'nobody', 'waiting', 'caller']);
});
