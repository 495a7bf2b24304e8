import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { RunnableTool } from '../../shared/agents/tool.ts';
import { startModel, testAgent } from './testing/language-model.ts';

test('other keys are another call to whoever checks them, the same keys the same, and its key tells none of them', async (context) => {
  const calls: string[] = [];
  const check: RunnableTool = {
    name: 'check_pin',
    description: 'Checks a PIN.',
    parameters: z.object({ keys: z.string() }),
    timeoutMs: 1000,
    sideEffects: false,
    async run({ keys }, { idempotencyKey }) {
      calls.push(idempotencyKey);
      return keys === '471147114711';
    },
  };
  const agent = { ...testAgent(), keyChecks: new Map([[check.name, check]]) };
  const { responder } = await startModel(context, [], { agent });
  assert.deepEqual(await responder.checkKeys('check_pin', '123456789012'), { right: false });
  assert.deepEqual(await responder.checkKeys('check_pin', '471147114711'), { right: true });
  assert.deepEqual(await responder.checkKeys('check_pin', '471147114711'), { right: true });
  const [wrong, right, again] = calls;
  assert.notEqual(wrong, right);
  assert.equal(right, again);
  assert.doesNotMatch(calls.join(), /1234567|4711471/);
});
