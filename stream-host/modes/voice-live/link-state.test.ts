import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LinkEffect, type LinkEvent, type LinkState, linkAfter, openingLink } from './link-state.ts';

const ready = (expiresAtMs = Number.POSITIVE_INFINITY): LinkEvent => ({ type: 'ready', expiresAtMs });
const lost = (final = false): LinkEvent => ({ type: 'lost', final });

/** Halfway: no pause is longer or shorter than it is on average. */
const HALFWAY = 0.5;

/** Runs events at their times; tells the last state and all effects. */
const run = (...steps: readonly (readonly [atMs: number, event: LinkEvent])[]) => runBy(HALFWAY, ...steps);

function runBy(chance: number, ...steps: readonly (readonly [atMs: number, event: LinkEvent])[]) {
  let state: LinkState = openingLink(0);
  const effects: LinkEffect['type'][] = [];
  for (const [atMs, event] of steps) {
    const change = linkAfter(state, event, atMs, chance);
    state = change.state;
    effects.push(...change.effects.map(({ type }) => type));
  }
  return { state, effects };
}

const deadline: LinkEvent = { type: 'deadline' };
const deadlineOf = (state: LinkState) => ('deadlineMs' in state ? state.deadlineMs : undefined);

test('a lost session is replaced at once, and where that fails again after half a second and another one, a little sooner or later', () => {
  assert.deepEqual(run([50, ready()], [9000, lost()]).effects, ['serve', 'drop', 'drop-next', 'open']);
  const once = [
    [50, ready()],
    [9000, lost()],
    [9040, lost()],
  ] as const;
  const twice = [...once, [9540, deadline], [9550, lost()]] as const;
  for (const [chance, firstMs, secondMs] of [
    [0, 400, 800],
    [0.5, 500, 1000],
    [1, 600, 1200],
  ] as const) {
    const first = runBy(chance, ...once).state;
    assert.deepEqual([first.name, deadlineOf(first)], ['pausing', 9040 + firstMs]);
    const second = runBy(chance, ...twice).state;
    assert.deepEqual([second.name, deadlineOf(second)], ['pausing', 9550 + secondMs]);
  }
});

test('a service that refuses for a second is not given up, whatever the jitter (breaker18 2: both tries were made within 0.25 s)', () => {
  for (const chance of [0, 0.5, 1]) {
    let state: LinkState = linkAfter(openingLink(0), ready(), 50, chance).state;
    let nowMs = 9000;
    state = linkAfter(state, lost(), nowMs, chance).state;
    while (nowMs < 10_000 && state.name !== 'gone') {
      state = linkAfter(state, state.name === 'pausing' ? deadline : lost(), nowMs, chance).state;
      nowMs = state.name === 'pausing' ? state.deadlineMs : nowMs + 10;
    }
    assert.equal(state.name, 'pausing', `${chance}`);
    assert.ok(nowMs < 11_000, 'and it is tried again soon');
  }
});

test('three replacements that failed within ten seconds are enough, two that took long, and one refusal for good', () => {
  const refused = [
    [50, ready()],
    [9000, lost()],
    [9040, lost()],
    [9540, deadline],
    [9550, lost()],
  ] as const;
  assert.equal(run(...refused, [10_550, deadline], [10_560, lost()]).state.name, 'gone');
  // It says nothing for three seconds each time.
  assert.equal(
    run([50, ready()], [9000, lost()], [12_000, deadline], [12_500, deadline], [15_500, deadline]).state.name,
    'gone',
  );
  assert.equal(run([50, lost(true)]).state.name, 'gone');
  // One that served for longer was no failure.
  assert.equal(
    run([50, ready()], [9000, lost()], [9100, ready()], [30_000, lost()], [30_100, lost()]).state.name,
    'pausing',
  );
});

test('a session is renewed a minute before it expires, and the next one serves from a quiet moment on', () => {
  const { state, effects } = run(
    [50, ready(600_000)],
    [540_000, { type: 'deadline' }],
    [540_000, { type: 'quiet' }],
    [540_100, ready(1_140_000)],
    [541_000, { type: 'quiet' }],
  );
  assert.deepEqual(effects, ['serve', 'open', 'drop', 'serve']);
  assert.deepEqual(state, {
    name: 'open',
    failures: [],
    sinceMs: undefined,
    expiresAtMs: 1_140_000,
    deadlineMs: 1_080_000,
  });
});

test('where no moment is quiet it serves before the old one expires, and at once where that is lost', () => {
  const renewed = [
    [50, ready(600_000)],
    [540_000, { type: 'deadline' }],
    [540_100, ready(1_140_000)],
  ] as const;
  const { state } = run(...renewed);
  assert.equal('deadlineMs' in state && state.deadlineMs, 596_000);
  assert.deepEqual(run(...renewed, [596_000, { type: 'deadline' }]).effects.slice(2), ['drop', 'serve']);
  assert.deepEqual(run(...renewed, [550_000, lost()]).effects.slice(2), ['drop', 'serve']);
});

test('a session that is over as it begins, by clocks that differ, is not renewed over and over (reader: expiry storm)', () => {
  const { state, effects } = run([50, ready(-3_600_000)], [60, { type: 'quiet' }]);
  assert.deepEqual([state.name, 'deadlineMs' in state && state.deadlineMs], ['open', Number.POSITIVE_INFINITY]);
  assert.deepEqual(effects, ['serve']);
});

test('in any order of events a deadline is never in the past, and nothing follows the end', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.nat({ max: 4000 }),
          fc.constantFrom<LinkEvent['type']>('ready', 'lost', 'next-lost', 'quiet', 'deadline'),
          fc.boolean(),
        ),
        { maxLength: 30 },
      ),
      (steps) => {
        let state: LinkState = openingLink(0);
        let nowMs = 0;
        for (const [ms, type, final] of steps) {
          nowMs += ms;
          const event = type === 'ready' ? ready(nowMs + 20_000) : type === 'lost' ? lost(final) : { type };
          const before = state;
          const change = linkAfter(state, event, nowMs, HALFWAY);
          state = change.state;
          if (before.name === 'gone') assert.deepEqual(change, { state: before, effects: [] });
          if ('deadlineMs' in state && state !== before) assert.ok(state.deadlineMs >= nowMs);
        }
      },
    ),
    { numRuns: 1000, seed: 14 },
  ));
