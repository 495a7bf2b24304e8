import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeClips } from '../../bench/acs/clips.ts';
import { Random } from '../../bench/random.ts';
import { Callers, sumOf } from './hour/callers.ts';
import { FAULTS, faultOrder } from './hour/fault-order.ts';
import { notFlat } from './hour/flat.ts';
import { keysByKind, type Reading, read, readRedis } from './hour/reading.ts';
import { HourStack, PROCESSES, TTL_SECONDS } from './hour/stack.ts';

const HELP = `usage: node test/soak/hour.ts [--minutes 60] [--calls 20] [--fault-every 20] [--seed 1] [--only TEXT] [--keep]

So many calls at once, all the time, on all of \`npm start\` as processes (functions, stream host, Redis, the emulator, whose
speech, voice and model are scripted and asked over the real SDKs), while every so many seconds something fails for half of
that time: each dependency in each way, in an order of the seed. What everything holds is printed at rest before it, each
minute, and at rest after it, when what has to expire has expired. Exits with 1 where memory, sockets, timers, file handles or
keys of Redis are not flat, a process ended by itself, a call was lost, or one was silent for ever. --only has nothing fail but
those with the text in their names, such as redis=; --keep keeps the log.
`;
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    minutes: { type: 'string', default: '60' },
    calls: { type: 'string', default: '20' },
    'fault-every': { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});
const [minutes, calls, faultEveryS] = [Number(values.minutes), Number(values.calls), Number(values['fault-every'])];
const chosen = FAULTS.filter((fault) => fault.includes(values.only));
const isGiven = [minutes, calls, faultEveryS, chosen.length].every((value) => Number.isFinite(value) && value > 0);
if (values.help || !isGiven) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}
/** Code is compiled, buffers have grown, connections that stay are open. */
const WARM_MS = 45_000;
/** Connections that are kept for a next request are closed by then. */
const SETTLE_MS = 20_000;
const EXPIRED_WITHIN_MS = 2 * TTL_SECONDS * 1000;
/** There are always some. */
const SHORT_KEYS = 6;
const MOST_COMPLAINTS = 15;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
// However it ends, its processes end with it.
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
const pause = (ms: number) => sleep(ms, undefined, { signal: ended.signal });

const stack = await HourStack.start(calls);
say(
  `${calls} calls, ${minutes} minutes, a fault every ${faultEveryS} s, seed ${values.seed}; the log: ${stack.folder}/stack.log`,
);
const random = new Random(`hour ${values.seed}`);
const clips = (await makeClips()).callers.filter(({ kind }) => kind === 'turn');
const callers = new Callers({ emulatorUrl: stack.emulatorUrl, calls, clips, random: random.fork('callers') });
const faults = faultOrder(random.fork('faults'), chosen);
const { tally } = callers;
let failed = 0;
let isGood = false;
try {
  const redis = await readRedis(stack);
  callers.start();
  await pause(WARM_MS);
  await callers.end();
  await pause(SETTLE_MS);
  // What the calls until now have left in Redis has not expired yet.
  const before = { ...(await read(stack)), redis };
  tell('at rest before', before);
  callers.start();
  const readings = await soak();
  await stack.fail('');
  await callers.end();
  const after = await atRest();
  tell('at rest after', after);
  isGood = await verdict(before, after, readings);
} catch (error) {
  if (!ended.signal.aborted) throw error;
  say('ended by the user');
} finally {
  callers.close();
  await stack.close(values.keep || !isGood);
}
process.exit(isGood ? 0 : 1);

/** @returns a reading for each minute */
async function soak(): Promise<Reading[]> {
  const beganMs = performance.now();
  const readings: Reading[] = [];
  let faultAtMs = beganMs;
  let endsAtMs = Number.POSITIVE_INFINITY;
  let told = '';
  for (;;) {
    const nowMs = performance.now();
    if (nowMs >= endsAtMs) {
      endsAtMs = Number.POSITIVE_INFINITY;
      told += `: felt ${await stack.fail('')} times`;
    } else if (nowMs >= faultAtMs) {
      // What it has brought about is seen until the next one begins.
      const silentMs = callers.takeWorstWaitMs();
      if (told !== '') say(`  ${told}, longest silence ${(silentMs / 1000).toFixed(1)} s`);
      const fault = faults.next().value;
      told = `${((nowMs - beganMs) / 60_000).toFixed(1)} min ${fault}`;
      failed += 1;
      await stack.fail(fault);
      faultAtMs += faultEveryS * 1000;
      endsAtMs = nowMs + (faultEveryS * 1000) / 2;
    }
    if (nowMs - beganMs >= (readings.length + 1) * 60_000) {
      const reading = await read(stack);
      readings.push(reading);
      tell(`minute ${readings.length}`, reading);
      if (readings.length >= minutes) return readings;
    }
    await pause(100);
  }
}

/** When all calls have ended and what is short-lived has expired. */
async function atRest(): Promise<Reading> {
  await pause(SETTLE_MS);
  const giveUpAtMs = performance.now() + EXPIRED_WITHIN_MS;
  while ((await readRedis(stack)).short > SHORT_KEYS && performance.now() < giveUpAtMs) await pause(2_000);
  return read(stack);
}

function tell(when: string, { processes, redis }: Reading): void {
  const silence = (callers.takeLongestSilenceMs() / 1000).toFixed(1);
  say(
    `${when}: ${callers.talking} talk, ${tally.done} done, ${sumOf(tally.lost)} lost, ${tally.wedged} wedged, ` +
      `${sumOf(tally.refused)} not answered; ${tally.unanswered} of ${tally.questions} questions asked again; ` +
      `longest silence ${silence} s; ${failed} faults; Redis ${redis.short + redis.forEver} keys and ${redis.long} for a day, ${redis.mb.toFixed(1)} MB, ${redis.clients} clients`,
  );
  for (const name of PROCESSES) {
    const { rssMb, heapMb, sockets, timers, handles, files } = processes[name];
    const held = `${sockets} sockets, ${timers} timers, ${handles} handles, ${files} files`;
    say(`    ${name.padEnd(11)} RSS ${rssMb.toFixed(0)} MB, heap ${heapMb.toFixed(1)} MB, ${held}`);
  }
}

async function verdict(before: Reading, after: Reading, readings: readonly Reading[]): Promise<boolean> {
  const top = [...stack.complaints].toSorted(([, a], [, b]) => b - a).slice(0, MOST_COMPLAINTS);
  say('warnings and errors in the log, the most frequent:');
  for (const [kind, count] of top) say(`  ${count} × ${kind}`);
  for (const [why, count] of tally.refused) say(`not answered: ${count} × ${why}`);
  const wrong = [
    ...notFlat(before, after, readings),
    ...[...tally.lost].map(([why, count]) => `calls lost: ${count} × ${why}`),
    ...(tally.wedged > 0 ? [`calls wedged: ${tally.wedged}`] : []),
    ...stack.restarts.map((name) => `${name} ended by itself`),
  ];
  if (wrong.some((line) => line.startsWith('Redis'))) say(`keys that are left: ${await keysByKind(stack)}`);
  for (const line of wrong) say(`NOT GOOD ${line}`);
  say(wrong.length === 0 ? 'flat' : 'NOT flat, or not whole');
  return wrong.length === 0;
}
