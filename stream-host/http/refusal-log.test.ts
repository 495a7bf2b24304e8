import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { ParleyError } from '../../shared/errors.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { RefusalLog } from './refusal-log.ts';

function refusals() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
  const clock = new VirtualClock();
  return { lines, clock, log: new RefusalLog({ clock, log }) };
}

test('a flood of refusals is one line and a count a minute, for each reason, and each is answered (Lesser: log flood)', async () => {
  const { lines, clock, log } = refusals();
  for (let second = 0; second < 120; second++) {
    for (let i = 0; i < 100; i++) {
      const { status } = log.answer(new ParleyError('origin.refused', 'Not from there.'), `trace-${i}`);
      assert.equal(status, 403);
    }
    if (second === 0) log.answer(new ParleyError('host.full', 'Full.'), 'other');
    await clock.advance(1000);
  }
  assert.deepEqual(
    lines.map(({ code, more, reason }) => [code, more ?? reason]),
    [
      ['origin.refused', 'Not from there.'],
      ['host.full', 'Full.'],
      ['origin.refused', 5_999],
      ['origin.refused', 'Not from there.'],
      ['origin.refused', 5_999],
    ],
  );
});

test('a failure that nobody foresaw has its stack the first time, and what is left is told at the end', () => {
  const { lines, log, clock } = refusals();
  for (let i = 0; i < 3; i++) assert.equal(log.answer(new TypeError('mistake'), 't').body.error.code, 'internal');
  log.close();
  log.close();
  assert.match(JSON.stringify(lines[0]), /refusal-log\.test/);
  assert.deepEqual([lines.length, lines[1]?.more, clock.pending], [2, 2, 0]);
});
