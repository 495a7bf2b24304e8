import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../bench/random.ts';
import { FAULTS, faultOrder } from './fault-order.ts';
import { notFlat } from './flat.ts';
import type { ProcessReading, Reading } from './reading.ts';

const holds: ProcessReading = {
  rssMb: 200,
  heapMb: 60,
  externalMb: 8,
  sockets: 20,
  timers: 12,
  handles: 40,
  files: 50,
};
const reading = (host: Partial<ProcessReading> = {}, redis: Partial<Reading['redis']> = {}): Reading => ({
  processes: { functions: holds, 'stream-host': { ...holds, ...host }, emulator: holds },
  redis: { forEver: 0, short: 5, long: 0, mb: 2, clients: 8, runId: 'a', ...redis },
});
const judged = (before: Reading, after: Reading, minutes: readonly Reading[] = [], calls = 1_000) =>
  notFlat({ before, after, minutes, calls });

test('a soak is flat where all rests as it did, and what grew is named', () => {
  assert.deepEqual(judged(reading(), reading({ rssMb: 270, heapMb: 69, sockets: 24 })), []);
  assert.deepEqual(judged(reading(), reading({}, { long: 4_000, mb: 20 })), [], 'past calls are known for a day');
  assert.deepEqual(judged(reading(), reading({ timers: 40, files: 90 }, { short: 300, forEver: 1, mb: 9 })), [
    'stream-host: timers 12 → 40',
    'stream-host: files 50 → 90',
    'Redis: 1 keys without an end',
    'Redis: keys that should have expired 5 → 300',
    'Redis: MB 2 → 9',
  ]);
});

test('a heap that climbs all the time is named, though it rests within what it may', () => {
  const climbing = Array.from({ length: 60 }, (_, minute) => reading({ heapMb: 60 + minute / 3 }));
  assert.deepEqual(judged(reading(), reading(), climbing), ['stream-host: heapMb climbs all the time, 67.3 → 77.3']);
  const swinging = Array.from({ length: 60 }, (_, minute) => reading({ heapMb: 60 + (minute % 7) }));
  assert.deepEqual(judged(reading(), reading(), swinging), []);
});

test('what was not read is not flat, and neither is a Redis that was started again or keeps ever more of each call (soak17 1)', () => {
  assert.deepEqual(judged(reading(), reading({ rssMb: Number.NaN, heapMb: 0 }, { mb: Number.NaN })), [
    'stream-host: rssMb was not read',
    'stream-host: heapMb was not read',
    'Redis: mb was not read',
  ]);
  const redis = { runId: 'b', long: 61, clients: 30 };
  assert.deepEqual(judged(reading(), reading({}, redis), [], 10), [
    'Redis: clients 8 → 30',
    'Redis: keys for a day 0 → 61, of 10 calls',
    'Redis was started again',
  ]);
});

test('each dependency fails in each way before any does again, in an order of the seed', () => {
  const first = (seed: string) => {
    const order = faultOrder(new Random(seed));
    return FAULTS.map(() => order.next().value);
  };
  assert.deepEqual(first('a').toSorted(), [...FAULTS].toSorted());
  assert.notDeepEqual(first('a'), first('b'));
  assert.deepEqual(first('a'), first('a'));
  assert.ok(FAULTS.includes('redis=silent') && FAULTS.includes('stream-host=down'));
});
