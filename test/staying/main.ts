import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RedisWatch } from '../testing/redis-watch.ts';
import { failOver } from './failover.ts';
import { loseFunctions } from './functions-away.ts';
import { RedisPair } from './redis-pair.ts';
import { type Before, medianOf, StayingRun } from './run.ts';
import type { StayingStack } from './stack.ts';

/**
 * `node test/staying/main.ts kill|freeze|drain|roll|redis|failover|functions [--calls 20] [--old FOLDER]`: what callers hear
 * when a host, Redis or the functions go. Two hosts, so many calls with scripted speech over the real SDKs. `--old` with
 * `roll`: a folder of the release that is replaced. Exits with 1 where something is not as promised; KEEP_LOGS=1 keeps the
 * logs of the hosts.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: 'string', default: '20' },
    old: { type: 'string' },
    reports: { type: 'string', default: '0,2,10' },
  },
});
const calls = Number(values.calls);
/** What is ours beyond the carrier's report of a lost socket. */
const MOST_OURS_MS = 1_500;
const MOVED_WITHIN_MS = 5_000;
const FROZEN_MS = 20_000;
const REDIS_AWAY_MS = 30_000;

const two = (stack: StayingStack) => Promise.all([stack.startHost('A', {}), stack.startHost('B', {})]);

const SCENES: Readonly<Record<string, () => Promise<boolean>>> = {
  async kill() {
    let isGood = true;
    // Each on a stack of its own, so that the calls are spread over two hosts.
    for (const reportS of values.reports.split(',').map(Number)) {
      isGood = (await StayingRun.use(calls, two, (run) => kill(run, reportS))) && isGood;
    }
    return isGood;
  },
  async freeze() {
    const watches: RedisWatch[] = [];
    const startWatched = async (stack: StayingStack) => {
      // Before there is anything to see: a connection that goes over to watching must have nothing else on its way.
      watches.push(await RedisWatch.start(`redis://127.0.0.1:${stack.redisPort}`));
      await two(stack);
    };
    return StayingRun.use(calls, startWatched, async (run) => {
      for (const watch of watches) await freeze(run, watch).finally(() => watch.close());
    });
  },
  drain: () => StayingRun.use(calls, two, drain),
  roll: () =>
    StayingRun.use(
      calls,
      (stack) => Promise.all([stack.startHost('old-A', {}, values.old), stack.startHost('old-B', {}, values.old)]),
      roll,
    ),
  redis: () => StayingRun.use(calls, two, loseRedis),
  failover: () => StayingRun.use(calls, two, failOver, RedisPair.start),
  functions: () => StayingRun.use(calls, two, loseFunctions),
};

// However it ends, its processes end with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const scene = SCENES[positionals[0] ?? ''];
if (scene === undefined) {
  console.error(`usage: node test/staying/main.ts ${Object.keys(SCENES).join('|')} [--calls 20] [--old FOLDER]`);
  process.exit(2);
}
process.exitCode = (await scene()) ? 0 : 1;

/** A host dies without a word; ACS tells of it after so long. */
async function kill(run: StayingRun, reportS: number): Promise<void> {
  const { stack } = run;
  if (reportS > 0) stack.faults.order({ 'acs.media_loss': { times: 1000, ms: reportS * 1000 } });
  const befores = await run.snapshot();
  const victim = busiest(run, befores);
  const own = befores.filter(({ holder }) => holder === victim.name);
  const killedMs = performance.now();
  victim.kill('SIGKILL');
  await run.endOf(victim);
  const silent = (await run.allHeardAgain(own, killedMs, 40_000)).map((atMs) => atMs - killedMs);
  const ours = silent.map((ms) => Math.max(0, ms - reportS * 1000));
  run.found(
    `kill -9, told after ${reportS} s: ours beyond the report`,
    ours.length === own.length && medianOf(ours) <= MOST_OURS_MS,
    `${StayingRun.spread(ours)}; in all ${StayingRun.spread(silent)}; of ${own.length}`,
  );
  await run.untilAllGoOn(own, 'after the kill');
}

/** A host stands still for 20 s, keeps its sockets, and wakes. */
async function freeze(run: StayingRun, watch: RedisWatch): Promise<void> {
  const befores = await run.snapshot();
  const victim = busiest(run, befores);
  const own = befores.filter(({ holder }) => holder === victim.name);
  const frozenMs = performance.now();
  victim.kill('SIGSTOP');
  const moved = (await run.allHeardAgain(own, frozenMs, FROZEN_MS)).map((atMs) => atMs - frozenMs);
  const takenWallMs = Date.now();
  run.found(
    'SIGSTOP: heard again at another host',
    moved.length === own.length && Math.max(...moved) <= MOVED_WITHIN_MS + MOST_OURS_MS,
    `${StayingRun.spread(moved)}; of ${own.length}`,
  );
  const opened = own.flatMap(
    ({ caller }) => caller.media.find(({ atMs, state }) => state === 'started' && atMs > frozenMs) ?? [],
  );
  const movedMs = opened.map(({ atMs }) => atMs - frozenMs);
  run.found(
    'SIGSTOP: moved',
    movedMs.length === own.length && Math.max(...movedMs) <= MOVED_WITHIN_MS,
    StayingRun.spread(movedMs),
  );
  await sleep(Math.max(0, FROZEN_MS - (performance.now() - frozenMs)));
  victim.kill('SIGCONT');
  await sleep(6_000);
  const late = own.flatMap(({ sessionId }) =>
    watch
      .writes(victim.sources, sessionId)
      .filter(({ at, command }) => at * 1000 > takenWallMs && !command[1]?.endsWith(':inbox-owner')),
  );
  run.found('SIGSTOP: what it writes after it woke lands nowhere', late.length === 0, `${late.length} writes`);
  for (const { command } of late.slice(0, 5)) run.say(`     ${command.slice(0, 3).join(' ')}`);
  await run.untilAllGoOn(own, 'after the freeze');
}

/** A host is asked to end. */
async function drain(run: StayingRun): Promise<void> {
  const befores = await run.snapshot();
  await replaced(run, befores, busiest(run, befores).name);
  await run.untilAllGoOn(befores, 'after the drain');
}

/** Both hosts are replaced, one after the other, each by a new one that is ready before the old one is asked to end. */
async function roll(run: StayingRun): Promise<void> {
  for (const name of ['old-A', 'old-B']) {
    await run.stack.startHost(name.replace('old', 'new'), {});
    const befores = await run.snapshot();
    await replaced(run, befores, name, values.old !== undefined);
    await run.untilAllGoOn(befores, `after ${name} was replaced`);
  }
}

/** @param isOld of a release that cuts its calls */
async function replaced(run: StayingRun, befores: readonly Before[], name: string, isOld = false): Promise<void> {
  const host = run.stack.hosts.find((each) => each.name === name);
  if (host === undefined) throw new Error(`There is no host ${name}.`);
  const own = befores.filter(({ holder }) => holder === name);
  const [sinceMs, sinceWallMs] = [performance.now(), Date.now()];
  host.kill('SIGTERM');
  const code = await run.endOf(host);
  run.found(
    `${name} ends when it is asked to`,
    code === 0,
    `exit ${code}, after ${Math.round(performance.now() - sinceMs)} ms`,
  );
  await run.until(() => own.every(({ caller }) => caller.media.at(-1)?.state === 'started'), 20_000);
  const cut = await run.wordsCut(own, sinceWallMs);
  run.found(`${name}: turns cut`, isOld || cut === 0, `${cut} of ${own.length} calls`);
  const away = run.mediaAwayMs(own, sinceMs);
  run.found(`${name}: media away`, away.length >= own.length, StayingRun.spread(away));
}

/** Redis stands still, then dies with its data; then a host dies, whose calls only what was written again can save. */
async function loseRedis(run: StayingRun): Promise<void> {
  const { stack } = run;
  const before = await run.snapshot();
  const pausedMs = performance.now();
  const pid = await stack.redisPid();
  process.kill(pid, 'SIGSTOP');
  await sleep(REDIS_AWAY_MS);
  process.kill(pid, 'SIGCONT');
  await sleep(12_000);
  const moved = before.filter(({ caller }) => caller.media.some(({ atMs }) => atMs > pausedMs));
  run.found('Redis stopped for 30 s: calls whose media was touched', moved.length === 0, String(moved.length));
  const pauses = run.callers.flatMap(({ onsets }) =>
    onsets.filter(({ atMs }) => atMs > pausedMs).map(({ afterMs }) => afterMs),
  );
  run.say(`     silences of the agent meanwhile, callers' questions in them: ${StayingRun.spread(pauses)}`);
  await run.untilAllGoOn(before, 'after Redis stood still');

  const killed = await run.snapshot();
  process.kill(await stack.redisPid(), 'SIGKILL');
  await sleep(3_000);
  await stack.startRedisAgain();
  const backMs = performance.now();
  const restored = async () => {
    const sessions = await Promise.all(
      killed.map(({ sessionId }) => stack.store.get(sessionId).catch(() => undefined)),
    );
    return sessions.every((session) => session !== undefined);
  };
  const isWhole = await run.until(restored, 20_000);
  run.found(
    'Redis killed with its data: all sessions are on record again',
    isWhole,
    `${Math.round(performance.now() - backMs)} ms after it was back`,
  );
  const kept = await Promise.all(
    killed.map(async ({ sessionId, history }) => (await stack.store.history(sessionId)).length >= history.length - 1),
  );
  run.found('their histories too', kept.every(Boolean), `${kept.filter(Boolean).length} of ${kept.length}`);
  await sleep(6_000);
  const befores = await run.snapshot();
  const victim = busiest(run, befores);
  const own = befores.filter(({ holder }) => holder === victim.name);
  const diedMs = performance.now();
  victim.kill('SIGKILL');
  await run.endOf(victim);
  const silent = (await run.allHeardAgain(own, diedMs, 40_000)).map((atMs) => atMs - diedMs);
  run.found(
    'and a host that dies then leaves nobody in silence',
    silent.length === own.length,
    StayingRun.spread(silent),
  );
  await run.untilAllGoOn(own, 'after both');
}

function busiest(run: StayingRun, befores: readonly Before[]) {
  const of = (name: string) => befores.filter(({ holder }) => holder === name).length;
  const [host] = run.stack.hosts.filter(({ hasEnded }) => !hasEnded).toSorted((a, b) => of(b.name) - of(a.name));
  if (host === undefined) throw new Error('No host is left.');
  // Of no calls everything holds.
  if (of(host.name) === 0) throw new Error(`No call is known to be at ${host.name}.`);
  return host;
}
