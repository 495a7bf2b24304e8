import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { DEFAULT_MODE, STREAMING_MODES } from '../../shared/modes/streaming-modes.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import type { NewSession } from '../../shared/sessions/session.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { type RedisUse, useDuring } from './redis-meter.ts';

const HELP = `usage: node test/scale/many-hosts.ts [--hosts 1000] [--sessions 50000]

What a real redis-server is asked for each admission, list, placement and take-over, with few hosts and sessions
and then with many: commands (those in scripts too), bytes, and milliseconds of Redis' own processor, which has one
thread for all of it. Then what the whole deployment asks of it each second.
`;
const FEW = { hosts: 2, sessions: 100 };
const TIMES = 300;
const AT_ONCE = 500;
const TTL_SECONDS = 3600;
const ANNOUNCED_MS = 600_000;
const PLACES = 100;
const MINUTES_A_CALL = 4;
/** How often each host says that it lives, and asks for what is left to do at calls, a second. */
const ANNOUNCED_A_SECOND = 1;
const AGENTS = ['orders', 'returns', 'billing', 'reservations', 'reception'];
const MODES = STREAMING_MODES.map((name) => ({ name, rateHz: 16_000 as const }));

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    hosts: { type: 'string', default: '1000' },
    sessions: { type: 'string', default: '50000' },
  },
});
const many = { hosts: Number(values.hosts), sessions: Number(values.sessions) };
if (values.help || !(many.hosts >= 1 && many.sessions >= 1)) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const hostOf = (index: number): string => `replica-${index}.stream-host:8080#boot`;
const loadOf = (index: number) => ({
  ...{ sessions: 50 + (index % 10), maxSessions: PLACES, agents: AGENTS, modes: MODES },
  agentModes: { reception: STREAMING_MODES[2] },
});

interface Cost {
  readonly commands: number;
  readonly kb: number;
  /** Of Redis' own time. */
  readonly busyMs: number;
  readonly tookMs: number;
}

const server = await startRedisServer();
if (server === undefined) throw new Error('There is no redis-server on the path.');
const redis = new Redis(server.url);
const log = pino({ level: 'silent' });
const connection = connectRedis(server.url, log, { commandTimeoutMs: 60_000 });
const store = new SessionStore(connection, { ttlSeconds: TTL_SECONDS });
let made = 0;

try {
  await fill(FEW);
  const few = await measureAll();
  process.stderr.write(`${many.sessions} sessions and ${many.hosts} hosts are written\n`);
  await fill(many);
  report(few, await measureAll());
} finally {
  redis.disconnect();
  connection.disconnect();
  await server.close();
}

/** Sessions as calls leave them, each held by a host. */
async function fill({ hosts, sessions }: typeof many): Promise<void> {
  for (let index = 0; index < hosts; index += 1) {
    await store.hosts.announce(hostOf(index), loadOf(index), ANNOUNCED_MS);
  }
  while (made < sessions) {
    const batch = Array.from({ length: Math.min(AT_ONCE, sessions - made) }, () => made++);
    await Promise.all(
      batch.map(async (index) => {
        await store.create(newCall(index));
        await store.claim(`held-${index}`, `${hostOf(index % hosts)}#socket`, ANNOUNCED_MS);
      }),
    );
  }
}

function newCall(index: number): NewSession {
  const number = `+1555${String(index).padStart(7, '0')}`;
  return {
    ...{
      id: `held-${index}`,
      channel: 'phone',
      direction: 'inbound',
      mode: DEFAULT_MODE,
      from: number,
      to: '+15550100',
    },
    ...{ agent: AGENTS[index % AGENTS.length] ?? '', status: 'connected', callConnectionId: `call-${index}` },
  };
}

/** Each once for warmth, then often: what one of them asks of Redis. */
async function measureAll(): Promise<ReadonlyMap<string, Cost>> {
  let nth = 0;
  const fresh = () => `fresh-${made}-${++nth}`;
  const needs = { agent: 'orders', mode: DEFAULT_MODE };
  const own = loadOf(0);
  const deeds: Readonly<Record<string, () => Promise<unknown>>> = {
    'a host says that it lives': () => store.hosts.announce(hostOf(0), own, ANNOUNCED_MS, [`held-${nth++}`]),
    'admission: a place is kept': () => store.hosts.reserve(fresh(), needs, 2_000),
    'admission: how a call is opened': () => store.hosts.offers(),
    'a session is created': () => store.create({ ...newCall(0), id: fresh(), callConnectionId: fresh() }),
    'a browser comes: places to spare': () => store.hosts.spare(hostOf(0), own, []),
    'the scale rule asks for what is taken': () => store.hosts.taken(),
    'list: the first 50 of all': () => store.list({ limit: 50 }),
    'list: the first 50 of a status': () => store.list({ limit: 50, status: 'connected' }),
    'list: of a number': () => store.list({ limit: 50, number: '+15550000007' }),
    'placement: by the call': () => store.findByCall('call-7'),
    'take-over: from whom': async () => {
      await store.owner('held-7');
      await store.hosts.silentMs(hostOf(7 % many.hosts));
    },
    'the watch over calls, with nothing due': () => store.watched.due(50, 10_000),
  };
  const costs = new Map<string, Cost>();
  for (const [name, deed] of Object.entries(deeds)) {
    await deed();
    costs.set(name, await costOf(deed));
  }
  return costs;
}

async function costOf(deed: () => Promise<unknown>): Promise<Cost> {
  const [beforeMs, since] = [await busyMs(), performance.now()];
  const use: RedisUse = await useDuring(redis, async () => {
    for (let i = 0; i < TIMES; i += 1) await deed();
  });
  return {
    commands: use.commands / TIMES,
    kb: use.bytes / TIMES / 1000,
    busyMs: ((await busyMs()) - beforeMs) / TIMES,
    tookMs: (performance.now() - since) / TIMES,
  };
}

async function busyMs(): Promise<number> {
  const info = await redis.info('cpu');
  const used = ['user', 'sys'].map((kind) => Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(info)?.[1] ?? 0));
  return used.reduce((sum, seconds) => sum + seconds * 1000, 0);
}

function report(few: ReadonlyMap<string, Cost>, lots: ReadonlyMap<string, Cost>): void {
  const line = (cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  const head = ({ hosts, sessions }: typeof many) => `${hosts} hosts, ${sessions} sessions`;
  line(['', 'commands', 'kB', 'ms of Redis', 'commands', 'kB', 'ms of Redis']);
  line(Array<string>(7).fill('---'));
  line(['', head(FEW), '', '', head(many), '', '']);
  const cells = ({ commands, kb, busyMs: ms }: Cost) => [commands.toFixed(1), kb.toFixed(2), ms.toFixed(3)];
  for (const [name, cost] of few) line([name, ...cells(cost), ...cells(lots.get(name) ?? cost)]);
  const callsASecond = many.sessions / MINUTES_A_CALL / 60;
  const busy = (name: string) => lots.get(name)?.busyMs ?? Number.NaN;
  const each = [
    ['announcements', many.hosts * ANNOUNCED_A_SECOND * busy('a host says that it lives')],
    [
      'admissions',
      callsASecond *
        (busy('admission: a place is kept') + busy('a session is created') + busy('placement: by the call')),
    ],
  ] as const;
  const parts = each.map(([name, ms]) => `${name} ${(ms / 10).toFixed(1)} %`).join(', ');
  process.stdout.write(
    `\nWith calls of ${MINUTES_A_CALL} minutes ${callsASecond.toFixed(0)} begin each second. Of one core of Redis that takes: ${parts}.\n`,
  );
}
