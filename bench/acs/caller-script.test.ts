import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallerState, HABITS, step } from './caller-script.ts';

const at = (nowMs: number, agentQuietMs: number, chance = 0.5) => ({ nowMs, agentQuietMs, random: () => chance });

test('a caller asks, waits, cuts in and waits again', () => {
  let state: CallerState = { name: 'pausing', untilMs: 1000 };
  assert.equal(step(state, 'tick', at(999, 5000), HABITS.lively).act, undefined);
  const asked = step(state, 'tick', at(1000, 5000), HABITS.lively);
  assert.equal(asked.act, 'say-turn');
  state = step(asked.state, 'said', at(3000, 7000), HABITS.lively).state;
  state = step(state, 'answer-audible', at(4000, 0), HABITS.lively).state;
  assert.deepEqual(state, { name: 'listening', interruptAtMs: 4000 + 2250 });
  const cutIn = step(state, 'tick', at(6250, 0), HABITS.lively);
  assert.equal(cutIn.act, 'say-interruption');
  assert.equal(step(cutIn.state, 'said', at(8000, 1000), HABITS.lively).state.name, 'waiting');
});

test('a glitch is no end of the answer; silence is', () => {
  const listening: CallerState = { name: 'listening', interruptAtMs: 5000 };
  assert.deepEqual(step(listening, 'tick', at(5100, 200), HABITS.lively).state, listening);
  assert.equal(step(listening, 'tick', at(5100, 800), HABITS.lively).state.name, 'pausing');
});

test('a caller who gets no answer says so and asks again', () => {
  const waiting: CallerState = { name: 'waiting', byMs: 5000 };
  const { state, act } = step(waiting, 'tick', at(5000, 9000), HABITS.lively);
  assert.deepEqual([state.name, act], ['pausing', 'give-up-waiting']);
});

test('nobody talks into the greeting', () => {
  const pausing: CallerState = { name: 'pausing', untilMs: 1000 };
  const { state, act } = step(pausing, 'tick', at(1500, 0), HABITS.lively);
  assert.equal(act, undefined);
  assert.equal(state.name === 'pausing' && state.untilMs > 1500, true);
});
