import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { FinishedSpan } from '../../shared/telemetry/span.ts';
import type { RelayedSpans as Taken } from '../../shared/telemetry/span-intake.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { RelayedSpans } from './relayed-spans.ts';

const span: FinishedSpan = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  name: 'parley.call.answering',
  kind: 'internal',
  startMs: 1,
  endMs: 2,
  attributes: {},
};

test('what the functions have done is sent on, sooner while there is more, and once more at the end', async () => {
  const clock = new VirtualClock();
  const looks: number[] = [];
  const sent: FinishedSpan[] = [];
  let dropped = 0;
  const waiting: (Taken | Error)[] = [{ spans: [span, span], dropped: 3 }, new Error('Redis is away')];
  const relayed = new RelayedSpans({
    intake: {
      async take() {
        looks.push(clock.now());
        const next = waiting.shift() ?? { spans: [], dropped: 0 };
        if (next instanceof Error) throw next;
        return next;
      },
    },
    sink: { record: (each) => void sent.push(each) },
    onDropped: (count) => {
      dropped += count;
    },
    clock,
    log: pino({ level: 'silent' }),
  });
  relayed.start();
  await clock.advance(2_250);
  assert.deepEqual(looks, [0, 250, 1_250, 2_250]);
  assert.deepEqual([sent.length, dropped], [2, 3]);
  waiting.push({ spans: [span], dropped: 0 });
  await relayed.close();
  await relayed.close();
  assert.equal(sent.length, 3);
  await clock.advance(5_000);
  assert.equal(looks.length, 5);
});

test('of many that wait a host takes few at a time, and looks again soon: all at once kept its sound for as long as a frame', async () => {
  const clock = new VirtualClock();
  const taken: number[] = [];
  let waiting = 240;
  const relayed = new RelayedSpans({
    intake: {
      async take(most) {
        const count = Math.min(most, waiting);
        waiting -= count;
        taken.push(count);
        return { spans: Array.from({ length: count }, () => span), dropped: 0 };
      },
    },
    sink: { record: () => {} },
    clock,
    log: pino({ level: 'silent' }),
  });
  relayed.start();
  await clock.advance(100);
  assert.deepEqual(taken, [100, 100, 40]);
  await relayed.close();
});
