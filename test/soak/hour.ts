import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeClips } from '../../bench/acs/clips.ts';
import { Random } from '../../bench/random.ts';
import { Callers, sumOf, type Tally } from './hour/callers.ts';
import { FAULTS, faultOrder } from './hour/fault-order.ts';
import { notFlat, SLOPE_MINUTES } from './hour/flat.ts';
import { keysByKind, type Reading, read, readRedis } from './hour/reading.ts';
import { HourStack, NUMBERS, PROCESSES, TTL_SECONDS } from './hour/stack.ts';
import { faultTable, type MadeFault, notWhole } from './hour/whole.ts';

const HELP = `usage: node test/soak/hour.ts [--minutes 60] [--calls 20] [--fault-every 20] [--seed 1] [--only TEXT] [--keep]

So many calls at once, all the time, on all of \`npm start\` as processes (functions, stream host, Redis, the emulator, whose
speech, voice and model are scripted and asked over the real SDKs), while every so many seconds something fails for half of
that time: each dependency in each way, in an order of the seed. What everything holds is printed at rest before it, each
minute, and at rest after it, when what has to expire has expired. Exits with 1, and says why, where memory, sockets, timers,
file handles or keys of Redis are not flat or were not read; where a process or Redis ended by itself; where a call was lost,
mute or silent for ever; and where it proves nothing: no call was done, fewer were answered than refused, a fault was never
felt. --only has nothing fail but those with the text in their names, such as redis=; --keep keeps the log.
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
const { emulatorUrl } = stack;
const callers = new Callers({ emulatorUrl, calls, clips, random: random.fork('callers'), to: NUMBERS });
const faults = faultOrder(random.fork('faults'), chosen);
const made: MadeFault[] = [];
const minutesRead: Reading[] = [];
const talking: number[] = [];
let isGood = false;
try {
  const start = await read(stack);
  tell('at the start', start);
  callers.start();
  await pause(WARM_MS);
  await callers.end();
  await pause(SETTLE_MS);
  // What the calls until now have left in Redis has not expired yet.
  const warm = { ...(await read(stack)), redis: start.redis };
  tell('at rest before', warm);
  const warmUp = callers.takeTally();
  callers.start();
  await soak();
  await callers.end();
  const after = await atRest();
  tell('at rest after', after);
  isGood = await verdict(warmUp, { start, warm, end: minutesRead.at(-1) ?? after, after });
} catch (error) {
  if (!ended.signal.aborted) throw error;
  say('ended by the user');
} finally {
  callers.close();
  await stack.close(values.keep || !isGood);
}
process.exit(isGood ? 0 : 1);

/** Has one thing after the other fail, and reads each minute. */
async function soak(): Promise<void> {
  const beganMs = performance.now();
  const lastFaultAtMs = beganMs + minutes * 60_000 - faultEveryS * 1000;
  let faultAtMs = beganMs;
  let mended: { readonly fault: string; readonly felt: number } | undefined;
  let failing: { readonly fault: string; readonly untilMs: number } | undefined;
  let [lost, refused] = [0, 0];
  const mend = async () => {
    if (failing) mended = { fault: failing.fault, felt: await stack.fail('') };
    failing = undefined;
  };
  // What a fault has brought about is seen until the next one begins.
  const book = () => {
    const silentMs = callers.takeWorstWaitMs();
    const { tally } = callers;
    if (mended) {
      const since = { lost: sumOf(tally.lost) - lost, refused: sumOf(tally.refused) - refused };
      made.push({ ...mended, silentMs, ...since });
      const when = ((performance.now() - beganMs) / 60_000).toFixed(1);
      say(
        `  ${when} min ${mended.fault}: felt ${mended.felt} times, longest silence ${(silentMs / 1000).toFixed(1)} s`,
      );
    }
    mended = undefined;
    [lost, refused] = [sumOf(tally.lost), sumOf(tally.refused)];
  };
  while (minutesRead.length < minutes) {
    const nowMs = performance.now();
    if (failing !== undefined && nowMs >= failing.untilMs) await mend();
    else if (nowMs >= faultAtMs && nowMs <= lastFaultAtMs) {
      await mend();
      book();
      const fault = faults.next().value;
      await stack.fail(fault);
      failing = { fault, untilMs: nowMs + (faultEveryS * 1000) / 2 };
      faultAtMs += faultEveryS * 1000;
    }
    if (nowMs - beganMs >= (minutesRead.length + 1) * 60_000) {
      const reading = await read(stack);
      minutesRead.push(reading);
      talking.push(callers.talking);
      tell(`minute ${minutesRead.length}`, reading);
    }
    await pause(100);
  }
  await mend();
  book();
}

/** When all calls have ended and what is short-lived has expired. */
async function atRest(): Promise<Reading> {
  await pause(SETTLE_MS);
  const giveUpAtMs = performance.now() + EXPIRED_WITHIN_MS;
  while ((await readRedis(stack)).short > SHORT_KEYS && performance.now() < giveUpAtMs) await pause(2_000);
  return read(stack);
}

function tell(when: string, reading: Reading): void {
  const { tally } = callers;
  const silence = (callers.takeLongestSilenceMs() / 1000).toFixed(1);
  say(
    `${when}: ${callers.talking} talk, ${tally.done} done, ${sumOf(tally.lost)} lost, ${tally.wedged} wedged, ` +
      `${sumOf(tally.refused)} not answered; ${tally.unanswered} of ${tally.questions} questions asked again; ` +
      `longest silence ${silence} s; ${made.length} faults`,
  );
  for (const line of heldBy(reading)) say(`    ${line}`);
}

function heldBy({ processes, redis }: Reading): string[] {
  const { forEver, short, long, mb, clients } = redis;
  return [
    ...PROCESSES.map((name) => {
      const { rssMb, heapMb, externalMb, sockets, timers, handles, files } = processes[name];
      const memory = `RSS ${rssMb.toFixed(0)} MB, heap ${heapMb.toFixed(1)}, buffers ${externalMb.toFixed(1)}`;
      return `${name.padEnd(11)} ${memory}; ${sockets} sockets, ${timers} timers, ${handles} handles, ${files} files`;
    }),
    `Redis       ${mb.toFixed(1)} MB; ${short} keys, ${forEver} without an end, ${long} for a day; ${clients} clients`,
  ];
}

interface Held {
  readonly start: Reading;
  readonly warm: Reading;
  readonly end: Reading;
  readonly after: Reading;
}

async function verdict(warmUp: Tally, held: Held): Promise<boolean> {
  const { tally } = callers;
  const top = [...stack.complaints].toSorted(([, a], [, b]) => b - a).slice(0, MOST_COMPLAINTS);
  say('\nwarnings and errors in the log, the most frequent:');
  for (const [kind, count] of top) say(`  ${count} × ${kind}`);
  for (const [why, count] of tally.refused) say(`not answered: ${count} × ${why}`);
  const { warm: before, after } = held;
  const faultsDue = Math.floor((minutes * 60) / faultEveryS);
  const wrong = [
    ...notFlat({ before, after, minutes: minutesRead, calls: warmUp.dialled + tally.dialled }),
    ...notWhole({ tally, warmUp, faults: made, faultsDue, calls, talking, restarts: stack.restarts }),
  ];
  if (wrong.some((line) => line.startsWith('Redis'))) say(`keys that are left: ${await keysByKind(stack)}`);
  say('');
  for (const line of faultTable(made)) say(line);
  const columns = {
    start: 'start',
    warm: 'after the warm-up',
    end: 'last minute',
    after: 'after a cool-down',
  } as const;
  for (const [when, title] of Object.entries(columns)) {
    say(`\n${title}`);
    for (const line of heldBy(held[when as keyof Held])) say(`  ${line}`);
  }
  say(
    `\n${tally.dialled} dialled, ${tally.done} done, ${sumOf(tally.lost)} lost, ${tally.mute} mute, ${tally.wedged} wedged, ${sumOf(tally.refused)} not answered; ${made.length} faults`,
  );
  if (minutes < SLOPE_MINUTES) say(`Too short to see memory climb: that takes ${SLOPE_MINUTES} minutes.`);
  for (const line of wrong) say(`NOT GOOD ${line}`);
  say(wrong.length === 0 ? 'flat' : 'NOT flat, or not whole');
  return wrong.length === 0;
}
