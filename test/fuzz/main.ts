import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fuzzDecoders } from './decoder-run.ts';
import { fuzzSockets } from './sockets.ts';
import { FuzzStack, SESSION_TTL_SECONDS } from './stack.ts';
import { fuzzWebhooks } from './webhooks.ts';

const HELP = `npm run fuzz -- [options]

Gives damaged inputs to everything that reads what comes from outside: in one process to the decoders, and over sockets
and webhooks to a stack of its own (both halves as processes, scripted providers), beside calls that do no wrong. Ends
with 1 where something crashed, leaked, or disturbed those calls more than as many valid messages do.

  --decodes N    inputs for the decoders (10000000)
  --messages N   frames and bodies for the stack (1000000), a fifth of them bodies
  --rate N       of them a second (2500)
  --calls N      good calls beside them (3)
  --seed TEXT    another seed, other damage (1)
`;

const options = {
  decodes: { type: 'string', default: '10000000' },
  messages: { type: 'string', default: '1000000' },
  rate: { type: 'string', default: '2500' },
  calls: { type: 'string', default: '3' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', default: false },
} as const;

/** Of each message's workers; a handful keep the rate, as most of their time is waiting. */
const WORKERS = { sockets: 12, bodies: 8 };
const BODIES_SHARE = 0.2;
/**
 * What a half may hold more of than as many valid messages leave behind: code that is compiled late. The good calls, of
 * which memory grows while they talk, and caches that fill are in both.
 */
const MOST_GROWN_MB = 6;
/** How long sockets may take to be gone, and how often it is looked. */
const GONE_WITHIN_MS = 60_000;
const FORGOTTEN_WITHIN_MS = 4 * SESSION_TTL_SECONDS * 1000;

const problems: string[] = [];
const say = (text: string) => process.stdout.write(`${text}\n`);
const expect = (holds: boolean, what: string) => {
  say(`${holds ? 'ok  ' : 'FAIL'} ${what}`);
  if (!holds) problems.push(what);
};
const progress = (what: string) => (done: number) => say(`     ${what}: ${done}`);

const { values } = parseArgs({ options });
if (values.help) {
  say(HELP);
  process.exit(0);
}
const [decodes, messages, rate, calls] = [values.decodes, values.messages, values.rate, values.calls].map(Number);
if ([decodes, messages, rate, calls].some((value) => !Number.isSafeInteger(value) || Number(value) < 0) || !rate) {
  process.stderr.write(HELP);
  process.exit(2);
}
if (decodes) await decoders(decodes);
if (messages) await stack(messages, rate, calls ?? 0);
say(problems.length === 0 ? 'all of it holds' : `${problems.length} do not hold`);
process.exit(problems.length === 0 ? 0 : 1);

async function decoders(inputs: number): Promise<void> {
  const report = await fuzzDecoders({ inputs, seed: values.seed, onProgress: progress('decoders') });
  const { read, refused, crashes, slowestMs, seconds, grownMb } = report;
  for (const { decoder, input, problem } of crashes)
    say(`     ${decoder}: ${problem}\n     ${JSON.stringify(input.slice(0, 200))}`);
  expect(
    crashes.length === 0,
    `${report.inputs} inputs for decoders: ${read} read, ${refused} refused, ${crashes.length} crashes`,
  );
  expect(
    grownMb < 5,
    `memory grew by ${grownMb.toFixed(1)} MB; slowest ${slowestMs.toFixed(1)} ms; ${seconds.toFixed(0)} s`,
  );
}

async function stack(all: number, perSecond: number, goodCalls: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-fuzz-'));
  say(`     logs are in ${folder}`);
  const running = await FuzzStack.start(folder);
  try {
    const connected = await running.dial(goodCalls);
    expect(connected === goodCalls, `${connected} good calls of ${goodCalls}`);
    await sleep(5000);
    // First a little of both, so that everything has been done once before anything is measured.
    for (const isValid of [true, false]) await send(running, Math.max(3000, all / 20), perSecond, isValid, 'warm');
    await quiet(running, connected);
    const before = await running.heldMb();
    const valid = await running.listen(() => send(running, all, perSecond, true, `valid ${values.seed}`));
    await quiet(running, connected);
    const between = await running.heldMb();
    const fuzz = await running.listen(() => send(running, all, perSecond, false, `fuzz ${values.seed}`));
    await quiet(running, connected);
    compare(valid, fuzz);
    const after = await running.heldMb();
    for (const half of ['host', 'functions'] as const) {
      const byValidMb = between[half] - before[half];
      const byFuzzMb = after[half] - between[half];
      const told = `by ${byValidMb.toFixed(1)} MB beside valid messages, ${byFuzzMb.toFixed(1)} beside damaged ones`;
      expect(
        byFuzzMb < Math.max(0, byValidMb) + MOST_GROWN_MB,
        `${half} holds ${after[half].toFixed(1)} MB and grew ${told}`,
      );
    }
    const faults = await running.faults();
    for (const fault of faults.slice(0, 10)) say(`     ${fault}`);
    expect(faults.length === 0, `${faults.length} processes or log lines that tell of a fault`);
    const held = await running.keys();
    expect(
      held.endless.length === 0,
      `${held.count} keys in Redis, ${held.endless.length} of them for ever ${held.endless.slice(0, 3)}`,
    );
    await forgotten(running, connected);
  } finally {
    await running.close();
  }
}

async function send(running: FuzzStack, all: number, perSecond: number, valid: boolean, seed: string): Promise<void> {
  const bodies = Math.round(all * BODIES_SHARE);
  const common = { seed, valid };
  const [sockets, hooks] = await Promise.all([
    fuzzSockets(running.sockets, {
      ...common,
      frames: all - bodies,
      perSecond: perSecond * (1 - BODIES_SHARE),
      workers: WORKERS.sockets,
      onProgress: progress(`frames (${seed})`),
    }),
    fuzzWebhooks(running.webhooks, { ...common, bodies, perSecond: perSecond * BODIES_SHARE, workers: WORKERS.bodies }),
  ]);
  say(`     ${seed}: ${sockets.frames} frames on ${sockets.sockets} sockets ${JSON.stringify(sockets.fates)}`);
  say(`     ${seed}: ${hooks.bodies} bodies ${JSON.stringify(hooks.statuses)}`);
  for (const problem of hooks.problems) say(`     ${problem}`);
  expect(hooks.problems.length === 0, `${hooks.problems.length} answers that nobody should get (${seed})`);
}

/** Waits until nobody but the good calls has a socket. */
async function quiet(running: FuzzStack, goodCalls: number): Promise<void> {
  let open = Number.POSITIVE_INFINITY;
  for (const giveUpAtMs = performance.now() + GONE_WITHIN_MS; performance.now() < giveUpAtMs && open > goodCalls; ) {
    await sleep(500);
    open = await running.openSockets();
  }
  expect(open === goodCalls, `${open} sockets are open, those of the ${goodCalls} good calls`);
  // What the last ones have begun comes to its end.
  await sleep(5000);
}

/** Waits until Redis knows no session but those of the good calls: some are looked after for a while, and live on from there. */
async function forgotten(running: FuzzStack, goodCalls: number): Promise<void> {
  const sessions = async () => {
    const { kinds } = await running.keys();
    return { kinds, count: (kinds['parley:{}:session'] ?? 0) + (kinds['parley:ticket'] ?? 0) };
  };
  let left = await sessions();
  for (
    const giveUpAtMs = performance.now() + FORGOTTEN_WITHIN_MS;
    performance.now() < giveUpAtMs;
    left = await sessions()
  ) {
    if (left.count <= goodCalls) break;
    await sleep(5000);
  }
  expect(
    left.count <= goodCalls,
    `${left.count} sessions and tickets are left in Redis; keys: ${JSON.stringify(left.kinds)}`,
  );
}

type Heard = Awaited<ReturnType<FuzzStack['listen']>>;

function compare(valid: Heard, fuzz: Heard): void {
  for (const [name, { counts, seconds, ownLateMs }] of Object.entries({ valid, fuzz })) {
    const { frames, lateFrames, gapMs, closed, unanswered } = counts;
    say(
      `     good calls beside ${name} messages: ${frames} frames in ${seconds.toFixed(0)} s, ${lateFrames} late (${gapMs.toFixed(0)} ms of gaps), ${closed} closed, ${unanswered} unanswered; the phones themselves late by ${ownLateMs.toFixed(1)} ms (p99.9)`,
    );
  }
  expect(fuzz.counts.closed === 0, `${fuzz.counts.closed} good calls were closed`);
  // Late frames are rare and come by chance: so many more may.
  const expected = (valid.counts.lateFrames / Math.max(1, valid.counts.frames)) * fuzz.counts.frames;
  const most = expected + 3 * Math.sqrt(expected) + 3;
  expect(
    fuzz.counts.lateFrames <= most,
    `${fuzz.counts.lateFrames} late frames beside damaged messages, ${expected.toFixed(1)} expected by valid ones`,
  );
}
