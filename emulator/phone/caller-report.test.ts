import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from './caller-events.ts';
import { describeEvent, describeFaults, describeOutcomes, percentile, wentWell } from './caller-report.ts';

const answer = (latencyMs: number, tools: readonly string[] = []) => ({ latencyMs, tools, filled: false });

const summary = (...latenciesMs: number[]) => ({
  summary: {
    callConnectionId: 'c',
    durationMs: 1000,
    answers: latenciesMs.map((ms) => answer(ms)),
    missed: [] as string[],
    gapsMs: [],
  },
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
    "2 of 3 calls completed. 3 answers: median 200 ms, p95 300 ms, slowest 300 ms from your last sound to the agent's first.",
  );
  assert.equal(describeOutcomes([{ failure: 'x' }]), 'The call failed.');
  assert.equal(describeOutcomes([{ failure: 'x' }, { failure: 'y' }]), '0 of 2 calls completed.');
  assert.equal(describeOutcomes([summary()]), 'No answers measured.');
});

test('answers with a tool and without are told apart, and what was missed is a failure', () => {
  const { summary: call } = summary();
  const answers = [answer(400), answer(900, ['look_up']), answer(500)];
  const outcome = { summary: { ...call, answers, missed: ['The agent did not understand "x".'] } };
  assert.equal(
    describeOutcomes([outcome]),
    "3 answers: median 500 ms, p95 900 ms, slowest 900 ms from your last sound to the agent's first. " +
      'With a tool: 1 answer, 900 ms. Without: 2 answers, median 400 ms, p95 500 ms. 1 not understood or not answered.',
  );
  assert.equal(wentWell(outcome), false);
  assert.equal(wentWell(summary(100)), true);
  assert.equal(wentWell({ failure: 'x' }), false);
});

test('an answer tells when each of its stages was reached', () => {
  const stages = { wordsMs: 200, recognisedMs: 300, firstTokenMs: 250, firstVoiceMs: 590, firstAudioMs: 600 };
  const told = describeEvent({ event: 'answer', atMs: 0, ...answer(640), filled: true, stages });
  assert.match(
    told,
    /answered after 640 ms \(words 200, end of turn 300, model 250, voice 590, sent 600, the wait was filled\)/,
  );
});

test('a voice that broke off is told of', () => {
  const { summary: call } = summary(100);
  const told = describeOutcomes([{ summary: { ...call, gapsMs: [20, 60] } }]);
  assert.match(told, /broke off 2 times, for 80 ms in all/);
  const once = describeOutcomes([{ summary: { ...call, gapsMs: [20] } }]);
  assert.match(once, /broke off 1 time, for 20 ms in all/);
});

test('what failed is told with its time and how often it was felt, and what the caller heard of it', () => {
  const events: CallEvent[] = [
    { event: 'fault', atMs: -200, fault: 'model=slow:7s', state: 'on', felt: null },
    { event: 'fault', atMs: 30_000, fault: 'redis=down', state: 'off', felt: 4 },
    { event: 'not-judged', atMs: 31_000, label: 'Hello?' },
    // It said "at most", and stayed until the agent had finished (breaker18 6).
    { event: 'stays', atMs: 32_000, untilMs: 37_000 },
  ];
  assert.deepEqual(events.map(describeEvent), [
    '-0:00.2         fault: the language model is slow (7s)',
    ' 0:30.0         fault over: Redis is as it was',
    ' 0:31.0         not judged: something was done with the call while "Hello?" was said',
    ' 0:32.0         all is said; staying on the line, to 0:37.0, or until the agent has finished, to hear what failed work again',
  ]);
  const faults = [
    { fault: 'model=slow:7s', fromMs: -200, untilMs: 41_000, felt: 3 },
    { fault: 'voice=down', fromMs: 10_000, untilMs: undefined, felt: 0 },
    { fault: 'redis=down', fromMs: 10_000, untilMs: 20_000, felt: null },
  ];
  assert.equal(
    describeFaults({ faults, longestSilenceMs: 2_940, isOnRecord: false }),
    'In force: model=slow:7s from -0:00.2 to 0:41.0, felt 3 times; voice=down from 0:10.0 to the end, nobody has felt it; ' +
      'redis=down from 0:10.0 to 0:20.0. ' +
      'You heard nothing for 2.9 s at most while you waited. What was said is not on record.',
  );
  assert.match(
    describeFaults({ faults: [], longestSilenceMs: 0, isOnRecord: true }),
    /^Nothing failed: no fault’s time came\./,
  );
});

test('a percentile is one of the values', () => {
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
  assert.equal(percentile([1, 2, 3, 4], 0.95), 4);
  assert.equal(percentile([7], 0), 7);
});

test('of a call that nobody answers it is told who said what, and how often somebody was written down', () => {
  const told = describeEvent({
    event: 'written',
    atMs: 4200,
    turn: 3,
    speaker: 'callee',
    text: 'On Friday.',
    durationMs: 700,
    confidence: 0.934,
  });
  assert.equal(told, ' 0:04.2         written down, callee: On Friday. (93 % sure)');
  const { summary: call } = summary();
  const describe = (written: number, missed: string[] = []) =>
    describeOutcomes([{ summary: { ...call, gapsMs: [20], missed, written } }]);
  assert.equal(describe(3), '3 phrases written down.');
  assert.equal(describe(1, ['Nothing was written down of "x".']), '1 phrase written down. 1 not written down.');
  assert.equal(describe(0), '0 phrases written down.');
});

test('a filled wait, words to a human, and news of the call do not read as answers, words to the caller, and tools (stranger17 4, 5)', () => {
  const own = { role: 'tool', tool: 'look', args: { order: 1042 }, result: {} } as const;
  const news = {
    role: 'tool',
    tool: 'transfer_call',
    args: {},
    result: { status: 'human_answered' },
    by: 'service',
  } as const;
  const events: CallEvent[] = [
    { event: 'answer', atMs: 14_500, latencyMs: 14_500, firstSoundMs: 2_731, tools: [], filled: true },
    { event: 'transcript', atMs: 14_500, line: own },
    { event: 'transcript', atMs: 15_000, line: news },
    {
      event: 'transcript',
      atMs: 16_000,
      line: { role: 'agent', text: 'Ann, about a bill.', heard: true, to: 'human' },
    },
    { event: 'unanswered', atMs: 30_000, label: 'Hello?', withinMs: 12_000 },
  ];
  assert.deepEqual(events.map(describeEvent), [
    ' 0:14.5         first sound after 2731 ms, answer after 14500 ms (the wait was filled)',
    ' 0:14.5         tool look {"order":1042}',
    ' 0:15.0         the agent was told: transfer_call, human_answered',
    ' 0:16.0  agent  (to the human) Ann, about a bill.',
    ' 0:30.0         nobody answered "Hello?" within 12 s',
  ]);
});
