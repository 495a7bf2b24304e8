import { parseArgs } from 'node:util';
import { Random } from '../../bench/random.ts';
import type { TurnPolicyChanges } from '../../stream-host/conversation/turns/turn-policy.ts';
import { Player } from '../../stream-host/replay/player.ts';
import { HurriedClock } from './hurried-clock.ts';
import { type RecordedCall, recordCall, runsOf } from './recorded-call.ts';

/**
 * Records calls of the soak and plays them again: `node test/soak/replayed.ts --calls 50 --seed 1`. Every second one is on
 * the machine's own clock, eight times as fast, several at once: with real jitter. Then each is played with a threshold
 * changed.
 */
const { values } = parseArgs({
  options: { calls: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
});
const random = new Random(`replayed ${values.seed}`);
const seeds = Array.from({ length: Number(values.calls) }, () => random.whole(1, 2 ** 31));
const AT_ONCE = 5;
const TIMES = 8;

const CHANGED: Readonly<Record<string, TurnPolicyChanges>> = {
  'endpointing.hold_ms 500 → 540': { endpointing: { holdMs: 540 } },
  'interruption.resume_ms 350 → 351': { interruption: { resumeMs: 351 } },
  'onset.speech_probability 0.4 → 0.5': { onset: { speechProbability: 0.5 } },
  'playout.lead_ms 400 → 380': { playout: { leadMs: 380 } },
};

const hurried = seeds.filter((_, at) => at % 2 === 1);
const calls: RecordedCall[] = [];
for (const seed of seeds.filter((_, at) => at % 2 === 0)) calls.push(await recordCall(seed));
for (let at = 0; at < hurried.length; at += AT_ONCE) {
  const some = hurried.slice(at, at + AT_ONCE);
  calls.push(...(await Promise.all(some.map((seed) => recordCall(seed, new HurriedClock(TIMES))))));
}

const sums = {
  calls: 0,
  same: 0,
  seconds: 0,
  bytes: 0,
  interruptions: 0,
  resumes: 0,
  faults: 0,
  decisions: 0,
  steps: 0,
};
const found = new Map<string, number>();
let recordedAgainMs = 0;
for (const { report, text } of calls) {
  const [run] = await runsOf(text);
  if (!run) throw new Error('There is no run.');
  const startMs = performance.now();
  const outcome = await new Player(run).play();
  recordedAgainMs += performance.now() - startMs;
  const isSame = run.isWhole && !outcome.difference && !outcome.guessed;
  sums.calls += 1;
  sums.same += isSame ? 1 : 0;
  sums.seconds += (run.steps.at(-1)?.t ?? 0) / 1000;
  sums.bytes += text.length;
  for (const what of ['interruptions', 'resumes', 'faults'] as const) sums[what] += report[what];
  sums.decisions += outcome.decisions;
  sums.steps += outcome.steps;
  if (!isSame) console.log(report.seed, JSON.stringify(outcome));
  for (const [name, changes] of Object.entries(CHANGED)) {
    const { difference } = await new Player(run, { changes }).play();
    if (difference) found.set(name, (found.get(name) ?? 0) + 1);
    if (difference && found.get(name) === 1) console.log(name, report.seed, JSON.stringify(difference));
  }
}
console.log({
  ...sums,
  bytesPerSecond: sums.bytes / sums.seconds,
  replayedTimesAsFast: (sums.seconds * 1000) / recordedAgainMs,
});
console.log('calls that came out otherwise with', Object.fromEntries(found));
process.exitCode = sums.same === sums.calls ? 0 : 1;
