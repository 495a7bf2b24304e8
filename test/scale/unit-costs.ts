import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { HABITS } from '../../bench/acs/caller-script.ts';
import { type LoadTest, withLoadTest } from '../../bench/acs/load-test.ts';
import type { RowContext } from '../../bench/row.ts';
import { oneCall } from './one-call.ts';
import { type RedisUse, useDuring } from './redis-meter.ts';
import { socketsTo } from './sockets.ts';
import { SpanCounter } from './span-counter.ts';

const HELP = `usage: node test/scale/unit-costs.ts [--calls 1,20,200] [--seconds 60] [--long 20:5] [--habits ordinary|lively]

What a call costs besides processor time: commands and bytes of a real redis-server (those inside scripts
count as well), sockets and spans, for each minute of a call, with scripted speech over the whole stream host;
and what it costs once, from the ring to the end, with the functions and the emulated carrier.

  --calls n,…      how many calls at once, one run each
  --seconds n      how long each run is measured, once the calls are warm
  --long n:m       n calls for m minutes: the first minute against the last
  --habits name    ordinary: talk as on real lines. lively: an interruption every six seconds
  --names          which commands they were
`;
const ONE_HOST = 220;
/** For a host without calls. */
const IDLE_SECONDS = 20;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    calls: { type: 'string', default: '1,20,200' },
    seconds: { type: 'string', default: '60' },
    long: { type: 'string', default: '20:4' },
    habits: { type: 'string', default: 'ordinary' },
    names: { type: 'boolean', default: false },
  },
});
const runs = values.calls.split(',').filter(Boolean).map(Number);
const seconds = Number(values.seconds);
const [longCalls = 0, longMinutes = 0] = values.long.split(':').map(Number);
const habits = values.habits === 'lively' ? 'lively' : 'ordinary';
const isWrong = !Object.hasOwn(HABITS, values.habits) || ![...runs, seconds, longCalls].every(Number.isFinite);
if (values.help || isWrong) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

interface Cost {
  readonly what: string;
  readonly calls: number;
  readonly use: RedisUse;
  readonly spans: { readonly spans: number; readonly bytes: number };
  readonly sockets: { readonly media: number; readonly providers: number; readonly redis: number };
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort(new Error('ended by the user')));
const workFolder = path.join(os.tmpdir(), 'parley-scale');
mkdirSync(workFolder, { recursive: true });
const context: RowContext = {
  ...{ seed: 1, subjects: [], workFolder, signal: controller.signal },
  progress: (text) => process.stderr.write(`${text}\n`),
};

const line = (cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
const kb = (bytes: number) => (bytes / 1000).toFixed(1);

const spans = await SpanCounter.listen();
const costs: Cost[] = [];
try {
  const talk = { hosts: 1, habits, mode: 'media', maxSessions: ONE_HOST } as const;
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: spans.url };
  await withLoadTest({ name: 'unit-costs', ...talk, settings }, context, async (test) => {
    const redis = new Redis(test.redisUrl);
    try {
      await measure(test, redis);
    } finally {
      redis.disconnect();
    }
  });
} finally {
  spans.close();
}
process.stdout.write(`\n${await oneCall()}\n`);
process.exit(0);

async function measure(test: LoadTest, redis: Redis): Promise<void> {
  const during = async (what: string, calls: number, forSeconds: number) => {
    context.progress(`${what}: ${forSeconds} s`);
    spans.take();
    const use = await useDuring(redis, () => sleep(forSeconds * 1000, undefined, { signal: controller.signal }));
    const { ports } = test;
    const sockets = {
      media: ports.hosts.reduce((sum, port) => sum + socketsTo(port), 0),
      providers: socketsTo(ports.providers),
      // Without this program's own.
      redis: socketsTo(ports.redis) - 2,
    };
    tell({ what, calls, use, spans: spans.take(), sockets });
  };
  await sleep(5_000);
  await during('a host without calls', 0, IDLE_SECONDS);
  let connected = 0;
  for (const calls of runs.toSorted((a, b) => a - b)) {
    connected += await test.connect(calls - connected, 1);
    await during(`${connected} calls`, connected, seconds);
  }
  if (longCalls > 0 && longMinutes > 1) {
    await test.hangUp(0);
    await sleep(5_000);
    await test.dial(longCalls, 10);
    await during('minute 1', longCalls, 60);
    await sleep(Math.max(0, longMinutes - 2) * 60_000, undefined, { signal: controller.signal });
    await during(`minute ${longMinutes}`, longCalls, 60);
  }
}

function tell(cost: Cost): void {
  if (costs.length === 0) {
    const head = ['a call-minute', 'Redis commands', 'of them the host’s own', 'kB', 'of them the host’s own', 'spans'];
    line([...head, 'kB of spans', 'sockets: carrier, providers, Redis']);
    line(Array<string>(8).fill('---'));
  }
  costs.push(cost);
  const { use: idle } = costs[0] ?? cost;
  const each = (use: RedisUse, of: (use: RedisUse) => number) => of(use) / use.minutes / Math.max(1, cost.calls);
  const { use, spans: told, sockets } = cost;
  const spansEach = (of: number) => of / use.minutes / Math.max(1, cost.calls);
  const commands = ({ commands: count }: RedisUse) => count;
  const bytes = ({ bytes: count }: RedisUse) => count;
  line([
    ...[cost.what, Math.round(each(use, commands)), Math.round(each(idle, commands))],
    ...[kb(each(use, bytes)), kb(each(idle, bytes)), spansEach(told.spans).toFixed(1), kb(spansEach(told.bytes))],
    `${sockets.media}, ${sockets.providers}, ${sockets.redis}`,
  ]);
  if (!values.names) return;
  const names = use.byName.map(
    ([name, count]) => `${name} ${(count / use.minutes / Math.max(1, cost.calls)).toFixed(1)}`,
  );
  process.stderr.write(`${cost.what}: ${names.join(', ')}\n`);
}
