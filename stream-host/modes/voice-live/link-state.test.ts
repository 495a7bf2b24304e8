import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LinkEffect, type LinkEvent, type LinkState, linkAfter, openingLink } from './link-state.ts';

const ready = (expiresAtMs = Number.POSITIVE_INFINITY): LinkEvent => ({ type: 'ready', expiresAtMs });
const lost = (final = false): LinkEvent => ({ type: 'lost', final });

/** Runs events at their times; tells the last state and all effects. */
function run(...steps: readonly (readonly [atMs: number, event: LinkEvent])[]) {
  let state: LinkState = openingLink(0);
  const effects: LinkEffect['type'][] = [];
  for (const [atMs, event] of steps) {
    const change = linkAfter(state, event, atMs);
    state = change.state;
    effects.push(...change.effects.map(({ type }) => type));
  }
  return { state, effects };
}

test('a lost session is replaced at once, and its second replacement a quarter of a second after the first failed', () => {
  assert.deepEqual(run([50, ready()], [9000, lost()]).effects, ['serve', 'drop', 'drop-next', 'open']);
  const { state } = run([50, ready()], [9000, lost()], [9040, lost()]);
  assert.deepEqual([state.name, 'deadlineMs' in state && state.deadlineMs], ['pausing', 9290]);
});

test('two replacements that failed within ten seconds are enough, and so is one refusal for good', () => {
  assert.equal(
    run([50, ready()], [9000, lost()], [9040, lost()], [9290, { type: 'deadline' }], [9300, lost()]).state.name,
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
          const change = linkAfter(state, event, nowMs);
          state = change.state;
          if (before.name === 'gone') assert.deepEqual(change, { state: before, effects: [] });
          if ('deadlineMs' in state && state !== before) assert.ok(state.deadlineMs >= nowMs);
        }
      },
    ),
    { numRuns: 1000, seed: 14 },
  ));
