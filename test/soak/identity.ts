import { parseArgs } from 'node:util';
import type { SpokenClip } from '../../bench/acs/phone-call.ts';
import { Random } from '../../bench/random.ts';
import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { IdentityStack, type IdentityStatus } from './identity/stack.ts';
import { newTalk, Talker } from './identity/talker.ts';

/**
 * `npm run soak:identity -- [--calls 20] [--seconds 600] [--token-seconds 60]`: calls on a local stack in which nobody has
 * a key. So many calls stand all the time; two more are ended by the functions and dialled again, so that ACS is asked for
 * something throughout. Exits with 1 where a request failed or a call broke.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '600' },
    'token-seconds': { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const [calls, seconds, tokenSeconds] = [Number(values.calls), Number(values.seconds), Number(values['token-seconds'])];
const CHURNING = 2;
const CHURN_EVERY_MS = 15_000;
const DIAL_EVERY_MS = 250;
const REPORT_EVERY_MS = 30_000;
const NOISE_PEAK = 28;
/** At most so many requests a token and process. */
const MOST_REQUESTS = 2;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const stack = await IdentityStack.start(tokenSeconds, calls + CHURNING);
const began = await stack.status();
const startedMs = performance.now();
const elapsedSeconds = () => (performance.now() - startedMs) / 1000;
const talk = newTalk();
const failedHangUps: number[] = [];
try {
  stack.watchRedis();
  const talkers = makeTalkers();
  const stopTicking = tickAll(talkers);
  for (const talker of talkers) {
    await talker.dial();
    await pause(DIAL_EVERY_MS);
  }
  const before = await stack.status();
  let churnAtMs = performance.now() + CHURN_EVERY_MS;
  let reportAtMs = performance.now() + REPORT_EVERY_MS;
  while (elapsedSeconds() < seconds) {
    await pause(500);
    if (performance.now() > churnAtMs) {
      churnAtMs += CHURN_EVERY_MS;
      for (const talker of talkers.slice(calls)) await churn(talker);
    }
    if (performance.now() > reportAtMs) {
      reportAtMs += REPORT_EVERY_MS;
      say(`${Math.round(elapsedSeconds())} s: ${JSON.stringify({ ...talk, cut: (await stack.status()).redis.cut })}`);
    }
  }
  const after = await stack.status();
  const door = await stack.door();
  for (const talker of talkers) talker.hangUp();
  stopTicking();
  report(before, after, door);
} finally {
  await stack.close();
}

function makeTalkers(): Talker[] {
  const clips = stack.clips.callers.map(({ kind, pcm }): SpokenClip => ({ kind, frames: framesOf(pcm) }));
  const random = new Random(`noise ${values.seed}`);
  const length = 50 * (FRAME_BYTES / 2);
  const noise = framesOf(bytesOf(Int16Array.from({ length }, () => random.between(-NOISE_PEAK, NOISE_PEAK))));
  return Array.from({ length: calls + CHURNING }, (_, at) => {
    const number = `+1555100${String(at).padStart(4, '0')}`;
    const own = new Random(`caller ${values.seed} ${at}`);
    return new Talker({ emulatorUrl: stack.emulatorUrl, number, clips, noise, random: own, talk });
  });
}

function framesOf(pcm: Uint8Array): Buffer[] {
  return Array.from({ length: pcm.length / FRAME_BYTES }, (_, at) =>
    Buffer.from(pcm.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES)),
  );
}

/** What is due now is said now, however late the timer was. */
function tickAll(talkers: readonly Talker[]): () => void {
  const beganMs = performance.now();
  let beats = 0;
  const timer = setInterval(() => {
    for (; beganMs + beats * FRAME_MS <= performance.now(); beats++) for (const talker of talkers) talker.tick();
  }, FRAME_MS / 2);
  return () => clearInterval(timer);
}

/** Has the functions end a call, and dials again. */
async function churn(talker: Talker): Promise<void> {
  const { callId } = talker;
  if (callId === undefined) return;
  // Its end is no break.
  const standing = talk.broken.length;
  const answer = await stack.hangUp(callId);
  if (answer !== 200) failedHangUps.push(answer);
  await pause(1_000);
  talk.broken.splice(standing);
  talk.hungUp += 1;
  await talker.dial();
}

function report(before: IdentityStatus, after: IdentityStatus, door: { accepted: number; refused: number }): void {
  const tokens = elapsedSeconds() / tokenSeconds;
  say(`\n${calls} calls for ${Math.round(elapsedSeconds())} s, tokens of ${tokenSeconds} s, no key in any environment`);
  let most = 0;
  for (const [resource, clients] of Object.entries(after.identity.requests)) {
    for (const [client, all] of Object.entries(clients)) {
      const count = all - (began.identity.requests[resource]?.[client] ?? 0);
      most = Math.max(most, count / tokens);
      say(`requests for tokens  ${resource} by ${client}: ${count}, ${(count / tokens).toFixed(2)} a token`);
    }
  }
  const cutOfOurs = after.redis.cut - before.redis.cut - stack.witnessCuts;
  const warned = stack.log.filter((line) => /\b(WARN|ERROR|FATAL)\b/.test(line) && !/cut: its token/.test(line));
  const kinds = new Map<string, number>();
  for (const line of warned) {
    const kind = line
      .replace(/session=\S+/, 'session=#')
      .replace(/[\d:.]+/g, '#')
      .slice(0, 160);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const failed = {
    'refused by speech and model': door.refused,
    'refused by Redis': after.redis.refused,
    'refused by the identity endpoint': after.identity.refused,
    'hang-ups refused': failedHangUps.length,
    'told in the log': warned.filter((line) => /token|refused the key|out of reach|NOAUTH|WRONGPASS/.test(line)).length,
    'refused by ACS': stack.log.filter((line) => /emulator.*: refused/.test(line)).length,
  };
  say(`requests and sockets taken by speech and model: ${door.accepted}`);
  say(`failed requests: ${JSON.stringify(failed)}`);
  say(`calls: ${JSON.stringify(talk)}`);
  say(`Redis: ${JSON.stringify(after.redis)}; cut: ${stack.witnessCuts} of the witness, ${cutOfOurs} of ours`);
  say(`warnings and errors in the log: ${warned.length}`);
  for (const [kind, count] of kinds) say(`  ${count} × ${kind}`);
  const isGood =
    Object.values(failed).every((count) => count === 0) &&
    talk.broken.length === 0 &&
    talk.unanswered === 0 &&
    cutOfOurs <= 0 &&
    most <= MOST_REQUESTS;
  say(isGood ? 'good' : 'NOT good');
  process.exitCode = isGood ? 0 : 1;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
