import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Child, serve } from '../../bench/child.ts';
import { DIMENSION, METRIC, SPAN } from '../../shared/telemetry/names.ts';
import { spanOf, startForTest } from '../../stream-host/telemetry/testing/start.ts';
import { SpanCounter } from '../scale/span-counter.ts';
import { headOf, line, talking } from './talk-under-load.ts';

/**
 * `node test/telemetry/cost.ts [--calls 20] [--seconds 60]`: what a call-minute tells Application Insights, counted, times
 * what each span and each record of a metric costs this machine, measured in a process of its own; as a share of what a
 * call takes of a core by docs/benchmarks.md.
 */
/** As a host with a hundred calls has them in a second. */
const SPANS_AT_ONCE = 40;
const SPANS = 20_000;
const RECORDS = 500_000;
const ATTRIBUTES = Object.fromEntries(
  ['session.id', 'parley.operation', 'url.full', 'peer.service'].map((name) => [name, name.repeat(3)]),
);

const costs = {
  /** Processor time of one span and of one record, in µs, all threads, until they are sent. */
  async measure(connectionString: string): Promise<{ readonly spanUs: number; readonly recordUs: number }> {
    const { telemetry } = await startForTest({ APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString });
    const spans = async (count: number) => {
      for (let told = 0; told < count; told += SPANS_AT_ONCE) {
        for (let n = 0; n < SPANS_AT_ONCE; n += 1) {
          telemetry.spans.record(spanOf('a-session', { name: SPAN.turn, attributes: ATTRIBUTES }));
        }
        await sleep(20);
      }
      await telemetry.warmUp();
    };
    const usOf = async (work: () => Promise<void> | void) => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    await spans(SPANS / 10);
    const spanUs = (await usOf(() => spans(SPANS))) / SPANS;
    const recordUs =
      (await usOf(() => {
        for (let n = 0; n < RECORDS; n += 1)
          telemetry.metrics.record(METRIC.firstAudio, n % 1_000, { [DIMENSION.reason]: 'measured' });
      })) / RECORDS;
    return { spanUs, recordUs };
  },
};

if (process.send) serve(costs);
else {
  await main();
  process.exit(0);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { calls: { type: 'string', default: '20' }, seconds: { type: 'string', default: '60' } },
  });
  const [calls, seconds] = [Number(values.calls), Number(values.seconds)];
  const taker = await SpanCounter.listen();
  const settings = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: taker.connectionString,
    OTEL_METRIC_EXPORT_INTERVAL: '3000',
  };
  const told = await talking('cost', calls, settings, async (measure) => {
    taker.take();
    await measure(seconds);
    return taker.take();
  });
  const child = new Child<typeof costs>({ name: 'cost', args: ['test/telemetry/cost.ts'] });
  const { spanUs, recordUs } = await child.call('measure', taker.connectionString);
  await child.close();
  const { spans: taken } = taker.take();
  // What the queue had no room for costs nothing, and would make the others cheap.
  if (taken < SPANS) throw new Error(`${taken} of more than ${SPANS} spans came: they were told too fast.`);
  taker.close();

  const callMinutes = (calls * seconds) / 60;
  const benchmarks = readFileSync(path.join(import.meta.dirname, '../../docs/benchmarks.md'), 'utf8');
  const percent = Number(/CPU that a call adds \[% of a core\] \| ([\d.]+)/.exec(benchmarks)?.[1]);
  const callMinuteMs = (percent / 100) * 60_000;
  const share = (ms: number) => `${((100 * ms) / callMinuteMs).toFixed(2)} %`;
  headOf(
    'a call-minute',
    'how many',
    'each, µs of a core',
    'ms of a core',
    `share of the phone row (${percent} % of a core)`,
  );
  const rows = [
    ['spans', told.spans / callMinutes, spanUs],
    ['records of metrics', told.records / callMinutes, recordUs],
  ] as const;
  for (const [what, count, us] of rows) {
    line(what, count.toFixed(1), us.toFixed(1), ((count * us) / 1_000).toFixed(2), share((count * us) / 1_000));
  }
  const allMs = rows.reduce((sum, [, count, us]) => sum + (count * us) / 1_000, 0);
  line('together', '', '', allMs.toFixed(2), share(allMs));
  line('bytes (JSON, unzipped)', `${(told.bytes / callMinutes / 1_000).toFixed(1)} kB`, '', '', '');
}
