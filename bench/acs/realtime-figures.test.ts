import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realtimeStretchOf } from './realtime-figures.ts';

const nothing = { stops: [], unpaced: [] };
const silent = { piecesMs: new Map<number, number[]>(), heard: [] };

test('a frame counts from its delta, unless pacing held it back, or it is of no known answer', () => {
  const unpaced = [
    { answer: 7, ms: 0, roomSinceMs: Number.NEGATIVE_INFINITY, receivedMs: 1003 },
    { answer: 7, ms: 140, roomSinceMs: 1010, receivedMs: 1052 },
    { answer: 7, ms: 200, roomSinceMs: 1150, receivedMs: 1152 },
    { answer: 8, ms: 0, roomSinceMs: Number.NEGATIVE_INFINITY, receivedMs: 1160 },
  ];
  const piecesMs = new Map([[7, [1000, 1050, 1100]]]);
  const { deltaToWireMs, laterDeltaToWireMs } = realtimeStretchOf({ ...nothing, unpaced }, { ...silent, piecesMs });
  assert.deepEqual(deltaToWireMs, [3, 2]);
  assert.deepEqual(laterDeltaToWireMs, [2]);
});

test('a stop is told from the service’s word or from the caller’s onset, by when the service spoke', () => {
  const stops = [
    { port: 1, answer: 1, onsetMs: 1000, receivedMs: 1032 },
    { port: 1, answer: 2, onsetMs: 2000, receivedMs: 2100 },
    // Our own detector was first; nobody had cut in; the service said nothing of it.
    { port: 1, answer: 4, onsetMs: 4000, receivedMs: 4020 },
    { port: 1, answer: 1, receivedMs: 5000 },
    { port: 1, answer: 5, onsetMs: 6000, receivedMs: 6100 },
  ];
  const heard = [
    { answer: 1, isLate: false, sentMs: 1030 },
    { answer: 2, isLate: true, sentMs: 2600 },
    { answer: 4, isLate: false, sentMs: 4030 },
  ] as const;
  assert.deepEqual(realtimeStretchOf({ ...nothing, stops }, { ...silent, heard: [...heard] }), {
    deltaToWireMs: [],
    laterDeltaToWireMs: [],
    startedToStopMs: [2],
    ownOnsetToStopMs: [100],
  });
});
