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
