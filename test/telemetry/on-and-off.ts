import { parseArgs } from 'node:util';
import { SpanCounter } from '../scale/span-counter.ts';
import { headOf, line, type TalkFigures, talking, withSpread } from './talk-under-load.ts';

/**
 * `node test/telemetry/on-and-off.ts [--calls 100] [--rounds 3] [--seconds 30]`: telemetry on and off in turn, each time a
 * new host with so many calls: what a caller hears must not differ by more than it differs from run to run. Speech, model
 * and phones are the bench's, in processes of their own on the same cores; the endpoint is one that takes everything.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '30' },
  },
});
const [calls, rounds, seconds] = [values.calls, values.rounds, values.seconds].map(Number) as [number, number, number];

const taker = await SpanCounter.listen();
const found: Record<'off' | 'on', TalkFigures[]> = { off: [], on: [] };
try {
  for (let round = 1; round <= rounds; round += 1) {
    for (const state of ['off', 'on'] as const) {
      const settings: Record<string, string> =
        state === 'on' ? { APPLICATIONINSIGHTS_CONNECTION_STRING: taker.connectionString } : {};
      found[state].push(await talking(`${state}-${round}`, calls, settings, (measure) => measure(seconds)));
    }
  }
} finally {
  taker.close();
}
if (taker.take().spans === 0) throw new Error('No span came while telemetry was on.');

const ROWS: readonly (readonly [what: string, of: keyof TalkFigures])[] = [
  ['delay of the event loop, p99, ms', 'loopDelayMs'],
  ['delay of the voice behind its schedule, p99, ms', 'jitterMs'],
  ['end of speech → first sound, p50, ms', 'firstSoundMs'],
  ['end of speech → first sound, p95, ms', 'firstSoundLateMs'],
  ['processor, all threads, % of a core', 'cpuPercent'],
  ['memory, MB', 'rssMb'],
];
headOf(`${calls} calls, ${rounds} × ${seconds} s each`, 'off', 'on', 'they overlap');
for (const [what, key] of ROWS) {
  const [off, on] = [found.off, found.on].map((figures) => figures.map((each) => each[key])) as [number[], number[]];
  const overlap = Math.min(...on) <= Math.max(...off) && Math.min(...off) <= Math.max(...on);
  line(what, withSpread(off), withSpread(on), overlap ? 'yes' : 'no');
}
process.exit(0);
