import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFault, FALLIBLE, FALLIBLE_NAMES, parseFaults } from './faults.ts';

const problemOf = (text: string): string => {
  const read = parseFaults(text);
  return 'problem' in read ? read.problem : '';
};

test('faults are read with their amounts and their times, several at once', () => {
  assert.deepEqual(parseFaults('model=slow:7s, redis=down@10s-1m,acs=throttled@0'), {
    faults: [
      {
        dependency: 'model',
        fault: 'slow',
        amountMs: 7_000,
        fromMs: undefined,
        untilMs: undefined,
        text: 'model=slow:7s',
      },
      { dependency: 'redis', fault: 'down', amountMs: 0, fromMs: 10_000, untilMs: 60_000, text: 'redis=down' },
      { dependency: 'acs', fault: 'throttled', amountMs: 20_000, fromMs: 0, untilMs: undefined, text: 'acs=throttled' },
    ],
  });
  const speech = parseFaults('speech=slow:1.5s');
  assert.ok('faults' in speech);
  assert.deepEqual(
    speech.faults.map(({ text, amountMs }) => [text, amountMs]),
    [
      ['recogniser=slow:1.5s', 1_500],
      ['voice=slow:1.5s', 1_500],
    ],
  );
});

test('in place of a time may stand the ringing, from which the end counts then (stranger17 13)', () => {
  const read = parseFaults('redis=down@ringing-5s,acs=down@ringing');
  assert.ok('faults' in read);
  assert.deepEqual(
    read.faults.map(({ fromMs, untilMs }) => [fromMs, untilMs]),
    [
      [undefined, 5_000],
      [undefined, undefined],
    ],
  );
  for (const wrong of ['ringing-0', '5s-ringing', 'ringing-', 'ringing-1s-2s']) {
    assert.match(problemOf(`redis=down@${wrong}`), /is no time of a call: .*@ringing-5s/, wrong);
  }
});

test('whatever can fail can fail in each of its ways, as it is written in the reference', () => {
  for (const [what, faults] of Object.entries(FALLIBLE)) {
    for (const fault of faults) assert.equal(problemOf(`${what}=${fault}@1s-2s`), '');
  }
});

test('what is no fault is refused by name, with what is allowed', () => {
  const cases: readonly [string, RegExp][] = [
    ['', /"" is no fault\. Write <what>=<fault>/],
    ['model', /"model" is no fault/],
    ['modle=slow', /"modle" is nothing that can fail here; there are: model, voice, .*, speech\./],
    ['toString=slow', /"toString" is nothing that can fail/],
    ['model=wobbly', /model cannot be "wobbly"; it can be: slow, down, silent, throttled, refused, garbled\./],
    ['redis=garbled', /redis cannot be "garbled"; it can be: slow, down, silent, refused\./],
    ['model=slow:7', /model=slow takes a time up to ten minutes, such as slow:7s, and was given "7"/],
    ['model=slow:0s', /model=slow takes a time/],
    ['model=slow:11m', /model=slow takes a time up to ten minutes/],
    ['model=down:7s', /model=down takes no amount, and was given "7s"/],
    ['model=down@soon', /"@soon" is no time of a call: write @10s, or @10s-30s/],
    ['model=down@20s-10s', /"@20s-10s" is no time/],
    ['model=down@1s-2s-3s', /is no time/],
    ['model=down@2s,,', /"" is no fault/],
    [Array.from({ length: 21 }, () => 'model=down').join(), /21 faults; 20 are the most/],
  ];
  for (const [text, problem] of cases) assert.match(problemOf(text), problem, text);
});

test('a fault is told in words', () => {
  assert.equal(describeFault('model=slow:7s', 'on'), 'the language model is slow (7s)');
  assert.equal(describeFault('redis=down', 'on'), 'Redis is down');
  assert.equal(describeFault('redis=down', 'off'), 'Redis is as it was');
  assert.equal(describeFault('acs=refused', 'on'), 'Communication Services refuses us');
  assert.deepEqual(
    (['on', 'off'] as const).map((state) => describeFault('functions=slow:2s', state)),
    ['the functions are slow (2s)', 'the functions are as they were'],
  );
  for (const name of FALLIBLE_NAMES) assert.doesNotMatch(describeFault(`${name}=down`, 'on'), /undefined/);
});
