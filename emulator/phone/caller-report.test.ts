import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from './caller-events.ts';
import { describeEvent, describeOutcomes, percentile } from './caller-report.ts';

const summary = (...latenciesMs: number[]) => ({
  summary: { callConnectionId: 'c', durationMs: 1000, latenciesMs, gapsMs: [] },
});

test('events read as a dialogue, dated from the connection', () => {
  const events: CallEvent[] = [
    { event: 'dialling', atMs: -840, to: '+15550100' },
    { event: 'caller', atMs: 65_240, text: 'Hello?', durationMs: 400 },
    { event: 'transcript', atMs: 66_000, line: { role: 'agent', text: 'Good', heard: false } },
  ];
  assert.deepEqual(events.map(describeEvent), [
    '-0:00.8  dialling +15550100',
    ' 1:05.2  you    Hello?',
    ' 1:06.0  agent  Good [cut off]',
  ]);
});

test('an interruption tells how it went, and says so where there was nothing to interrupt', () => {
  const event = { event: 'interruption', atMs: 0, silentAfterMs: 120, staleFrames: 0 } as const;
  assert.match(describeEvent({ ...event, wasSpeaking: true }), /silent 120 ms after your first sound, 0 frames/);
  assert.match(describeEvent({ ...event, wasSpeaking: false }), /had finished before/);
});

test('many calls are summed up, with those that failed', () => {
  const outcomes = [summary(300, 100), { failure: 'No answer was heard within 30 s.' }, summary(200)];
  assert.equal(
    describeOutcomes(outcomes),
    '2 of 3 calls completed. 3 answers: median 200 ms, p95 300 ms, slowest 300 ms after the end of your words.',
  );
  assert.equal(describeOutcomes([{ failure: 'x' }]), 'No answers measured.');
});

test('a voice that broke off is told of', () => {
  const { summary: call } = summary(100);
  const told = describeOutcomes([{ summary: { ...call, gapsMs: [20, 60] } }]);
  assert.match(told, /broke off 2 times, for 80 ms in all/);
});

test('a percentile is one of the values', () => {
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
  assert.equal(percentile([1, 2, 3, 4], 0.95), 4);
  assert.equal(percentile([7], 0), 7);
});
