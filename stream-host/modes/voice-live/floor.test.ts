import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_TURN_POLICY, turnPolicy } from '../../conversation/turns/turn-policy.ts';
import { type FloorContext, type FloorEvent, type FloorState, INITIAL_FLOOR } from './floor.ts';
import { floorAfter } from './floor-transition.ts';

const policy = turnPolicy({});
const context = (nowMs: number, changes: Partial<FloorContext> = {}): FloorContext => ({
  nowMs,
  lineSpeaks: false,
  voiceIsClear: true,
  worthAsking: false,
  lastSpeechMs: Number.NEGATIVE_INFINITY,
  agentHeardUntilMs: Number.NEGATIVE_INFINITY,
  mayPrompt: false,
  silenced: false,
  ...changes,
});

const EVENTS: readonly FloorEvent[] = [
  { type: 'line-started' },
  { type: 'line-ended', lastSpeechMs: 0 },
  { type: 'service-started' },
  { type: 'service-stopped' },
  { type: 'committed' },
  { type: 'words' },
  { type: 'no-words' },
  { type: 'given' },
  { type: 'pressed' },
  { type: 'reply-began' },
  { type: 'reply-audible' },
  { type: 'reply-ended' },
  { type: 'interrupted' },
  { type: 'hearing' },
];

test('in any order of events: no state but listening lasts for ever, and left alone every one comes to that', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.nat({ max: 3000 }), fc.boolean()), { maxLength: 30 }),
      (steps) => {
        let state: FloorState = INITIAL_FLOOR;
        let nowMs = 0;
        for (const [event, ms, lineSpeaks] of steps) {
          nowMs += ms;
          const told = event.type === 'line-ended' ? { ...event, lastSpeechMs: nowMs - 100 } : event;
          state = floorAfter(state, told, context(nowMs, { lineSpeaks, lastSpeechMs: nowMs - 100 }), policy).state;
          if (state.name === 'listening' || state.name === 'closed') continue;
          assert.ok(Number.isFinite(state.deadlineMs), state.name);
          assert.ok(state.deadlineMs - nowMs <= policy.endpointing.maxCallerTurnMs, state.name);
        }
        for (let deadlines = 0; state.name !== 'listening'; deadlines += 1) {
          assert.ok(deadlines < 100 && 'deadlineMs' in state, state.name);
          nowMs = Math.max(nowMs, state.deadlineMs);
          state = floorAfter(state, { type: 'deadline' }, context(nowMs), policy).state;
        }
        assert.equal(floorAfter(state, { type: 'closed' }, context(nowMs), policy).state.name, 'closed');
      },
    ),
    { numRuns: 1000, seed: 14 },
  ));

test('a sound that the service says nothing of never ends the agent’s turn', () => {
  let state: FloorState = { name: 'speaking', filled: 0, deadlineMs: 2600 };
  const first = floorAfter(state, { type: 'line-started' }, context(0, { lineSpeaks: true }), policy);
  assert.deepEqual(first.effects, [{ type: 'hold' }]);
  state = first.state;
  let nowMs = 0;
  while (state.name === 'held') {
    nowMs = state.deadlineMs;
    const next = floorAfter(state, { type: 'deadline' }, context(nowMs, { lineSpeaks: true }), policy);
    state = next.state;
    if (state.name !== 'held') assert.deepEqual(next.effects, [{ type: 'resume', misled: true }]);
  }
  assert.equal(state.name, 'speaking');
  assert.equal(nowMs, DEFAULT_TURN_POLICY.interruption.clearWordlessMs);
});

test('a caller of whom a silent service says nothing hears something within 3 s of his last word (--fault realtime=silent)', () => {
  const worth = { worthAsking: true };
  const spoken = floorAfter(INITIAL_FLOOR, { type: 'line-started' }, context(0, { lineSpeaks: true }), policy).state;
  let { state } = floorAfter(spoken, { type: 'line-ended', lastSpeechMs: 1000 }, context(1200, worth), policy);
  const effects: [string, number][] = [];
  while (state.name === 'waiting' && effects.length < 2) {
    const nowMs = state.deadlineMs;
    const next = floorAfter(state, { type: 'deadline' }, context(nowMs, worth), policy);
    effects.push(...next.effects.map(({ type }): [string, number] => [type, nowMs - 1000]));
    state = next.state;
  }
  assert.deepEqual(effects, [
    ['ask-again', 1600],
    ['fill-wait', 2600],
  ]);
});

test('what is not worth asking about is waited for as long as ever', () => {
  const spoken = floorAfter(INITIAL_FLOOR, { type: 'line-started' }, context(0, { lineSpeaks: true }), policy).state;
  let { state } = floorAfter(spoken, { type: 'line-ended', lastSpeechMs: 1000 }, context(1200), policy);
  let nowMs = 0;
  while (state.name === 'waiting') {
    nowMs = state.deadlineMs;
    state = floorAfter(state, { type: 'deadline' }, context(nowMs), policy).state;
  }
  assert.deepEqual([state.name, nowMs], ['listening', 3600]);
});
