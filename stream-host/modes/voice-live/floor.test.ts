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

test('what a late service tells of a caller who has stopped neither gives him the floor nor begins his wait anew (--fault realtime=slow)', () => {
  const after = (state: FloorState, beganMs: number | undefined, changes: Partial<FloorContext>) =>
    floorAfter(state, { type: 'service-started', beganMs }, context(5000, changes), policy);
  const waits = { name: 'waiting', asked: 'no', sinceMs: 3000, filled: 1, deadlineMs: 5600 } as const;
  const late = after(waits, 1000, { lastSpeechMs: 3000 });
  assert.deepEqual(late, { state: { ...waits, asked: 'heard' }, effects: [] });
  for (const [beganMs, changes] of [
    [1000, { lastSpeechMs: 3000, lineSpeaks: true }],
    [4800, { lastSpeechMs: 3000 }],
    [undefined, { lastSpeechMs: 3000 }],
  ] as const) {
    assert.equal(after(waits, beganMs, changes).state.name, 'caller-speaking');
  }
  const quiet = after(INITIAL_FLOOR, 1000, { lastSpeechMs: 2000 });
  assert.deepEqual(quiet.state, { name: 'waiting', asked: 'heard', sinceMs: 2000, filled: 0, deadlineMs: 4600 });
});

test('one clear voice that goes on is not ignored because a service has not told of it yet; what is no voice is', () => {
  const speaks = { name: 'caller-speaking', known: false, deadlineMs: 2500 } as const;
  const at = (changes: Partial<FloorContext>) =>
    floorAfter(speaks, { type: 'deadline' }, context(2500, { lineSpeaks: true, ...changes }), policy);
  assert.deepEqual(at({ worthAsking: true }), { state: { ...speaks, deadlineMs: 5000 }, effects: [] });
  const ignored = [{ type: 'ignore-sound' }];
  assert.deepEqual(at({ worthAsking: true, voiceIsClear: false }).effects, ignored);
  assert.deepEqual(at({ worthAsking: false }).effects, ignored);
});

test('who speaks again after his wait was given up hears something within 3 s of that (--fault realtime=silent)', () => {
  const gaveUp = { name: 'waiting', asked: 'yes', sinceMs: 0, filled: 5, deadlineMs: 35_000 } as const;
  const spoken = floorAfter(gaveUp, { type: 'line-started' }, context(20_000, { lineSpeaks: true }), policy).state;
  let { state } = floorAfter(spoken, { type: 'line-ended', lastSpeechMs: 21_000 }, context(21_160), policy);
  const filledMs: number[] = [];
  while (filledMs.length === 0 && state.name !== 'listening' && 'deadlineMs' in state) {
    const nowMs = state.deadlineMs;
    const next = floorAfter(state, { type: 'deadline' }, context(nowMs), policy);
    if (next.effects.some(({ type }) => type === 'fill-wait')) filledMs.push(nowMs - 21_000);
    state = next.state;
  }
  assert.deepEqual(filledMs, [2600]);
});

test('a caller who is told that no answer comes is hung up on once he has heard so, and not a stall later', () => {
  const hangsUp = turnPolicy({ waiting: { afterGivingUp: 'hang-up' } });
  const told = { name: 'waiting', asked: 'yes', sinceMs: 0, filled: 5, deadlineMs: 20_000 } as const;
  const heard = { agentHeardUntilMs: 21_500 };
  const { state, effects } = floorAfter(told, { type: 'deadline' }, context(20_000, heard), hangsUp);
  assert.deepEqual([state, effects], [{ ...told, deadlineMs: 21_500 }, []]);
  const after = floorAfter(state, { type: 'deadline' }, context(21_500, heard), hangsUp);
  assert.deepEqual(
    after.effects.map(({ type }) => type),
    ['stop', 'hang-up'],
  );
});

test('a noise every two seconds leaves nobody in silence who waits for an answer', () => {
  const fills: number[] = [];
  let state: FloorState = { name: 'waiting', asked: 'yes', sinceMs: 0, filled: 0, deadlineMs: 2600 };
  let [nowMs, heardUntilMs] = [0, Number.NEGATIVE_INFINITY];
  const handle = (event: FloorEvent, lineSpeaks: boolean) => {
    const heard = { lineSpeaks, voiceIsClear: false, agentHeardUntilMs: heardUntilMs };
    const next = floorAfter(state, event, context(nowMs, heard), policy);
    if (next.effects.some(({ type }) => type === 'fill-wait')) {
      fills.push(nowMs);
      heardUntilMs = nowMs + 500;
    }
    state = next.state;
  };
  const until = (toMs: number, lineSpeaks: boolean) => {
    while (state.name !== 'closed' && state.deadlineMs <= toMs && state.deadlineMs >= nowMs) {
      nowMs = state.deadlineMs;
      handle({ type: 'deadline' }, lineSpeaks);
    }
    nowMs = toMs;
  };
  for (let noiseMs = 1500; noiseMs < 10_000; noiseMs += 2000) {
    until(noiseMs, false);
    handle({ type: 'line-started' }, true);
    until(noiseMs + 300, true);
    handle({ type: 'line-ended', lastSpeechMs: noiseMs + 300 }, false);
  }
  assert.ok(fills.length >= 3, `${fills}`);
  assert.ok((fills[0] ?? Number.POSITIVE_INFINITY) <= 3000, `${fills}`);
});
