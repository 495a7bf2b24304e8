import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tally } from './callers.ts';
import { faultTable, type MadeFault, notWhole, type Soaked } from './whole.ts';

const tally = (changes: Partial<Tally> = {}): Tally => ({
  ...{ dialled: 60, done: 50, mute: 0, wedged: 0, questions: 400, unanswered: 20, longestSilenceMs: 0 },
  ...{ lost: new Map(), refused: new Map(), ...changes },
});
const made = (fault: string, changes: Partial<MadeFault> = {}): MadeFault => ({
  ...{ fault, felt: 3, silentMs: 1_500, lost: 0, refused: 0, ...changes },
});
const judged = (changes: Partial<Soaked> = {}) =>
  notWhole({
    ...{ tally: tally(), warmUp: tally(), faults: [made('redis=down'), made('acs=slow')], faultsDue: 2 },
    ...{ calls: 20, talking: [20, 19], restarts: [], ...changes },
  });

test('an hour is whole where calls were done while everything failed, though some were not answered', () => {
  assert.deepEqual(judged({ tally: tally({ refused: new Map([['busy', 49]]) }) }), []);
});

test('an hour in which nobody was answered is not whole (soak17 1)', () => {
  const nobody = { done: 0, questions: 0, unanswered: 0, refused: new Map([['busy', 400]]) };
  assert.deepEqual(judged({ tally: tally(nobody), talking: [0, 0] }), [
    'no call was done',
    'nobody asked anything',
    'more calls were refused than answered: 400 and 0',
    'nobody talked at minute 1, 2',
    'on average only 0.0 of 20 calls stood',
  ]);
  assert.deepEqual(judged({ warmUp: tally({ done: 0 }) }), ['no call was done before anything failed']);
});

test('a fault that nobody felt is named, whatever others were, and so is one that was not made (soak17 1)', () => {
  const faults = [made('redis=down', { felt: 0 }), made('acs=slow', { felt: 0 }), made('acs=slow')];
  assert.deepEqual(judged({ faults }), ['never felt: redis=down (made 1 times)']);
  assert.deepEqual(judged({ faults: [], faultsDue: 9 }), ['nothing failed', 'only 0 of 9 faults were made']);
});

test('each call that was lost, wedged or mute is told, before the first fault too, and each process that ended (soak17 1)', () => {
  const warmUp = tally({ lost: new Map([['ended by bot', 1]]) });
  const bad = tally({ wedged: 2, mute: 1, unanswered: 201 });
  assert.deepEqual(judged({ tally: bad, warmUp, restarts: ['stream-host'] }), [
    'asked again: 201 of 400 questions',
    'calls in which the agent was never heard: 1',
    'calls lost: 1 × ended by bot',
    'calls wedged: 2',
    'stream-host ended by itself',
  ]);
});

test('the table has a line for each kind of fault, with the worst of it', () => {
  const faults = [made('redis=down', { silentMs: 4_200, lost: 1 }), made('acs=slow', { felt: 12 }), made('redis=down')];
  assert.deepEqual(faultTable(faults).slice(1), [
    'acs=slow                     1      12    1.5 s     0             0',
    'redis=down                   2       6    4.2 s     1             0',
  ]);
});
