import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { writeBenchAgent } from '../../bench/acs/bench-agent.ts';
import type { SpokenClip } from '../../bench/acs/phone-call.ts';
import { startProviders } from '../../bench/acs/start-providers.ts';
import { Random } from '../../bench/random.ts';
import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { DependencyMap } from '../../shared/protocol/traces.ts';
import { newTalk, Talker } from '../soak/identity/talker.ts';
import { RunningStack } from '../testing/running-stack.ts';
import { traceOf } from './whole-traces.ts';

/**
 * `node test/telemetry/hundred.ts [--calls 100] [--seconds 20]`: so many calls at once on a local stack, each answered, talked
 * in and hung up; then each one's trace from the emulator's Application Insights intake must be whole. Speech and model are
 * scripted, as so many would be too much for the emulator's own. Exits with 1 where a trace is missing or torn.
 */
const { values } = parseArgs({
  options: { calls: { type: 'string', default: '100' }, seconds: { type: 'string', default: '20' } },
});
const [calls, seconds] = [Number(values.calls), Number(values.seconds)];
const DIAL_EVERY_MS = 100;
/** So many ring at a time: a call costs most as it is answered, and a host that is too busy turns the next ones away. */
const MOST_RINGING = 5;
const REACH_MS = 180_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const folder = await mkdtemp(join(tmpdir(), 'parley-traces-'));
await using opened = new AsyncDisposableStack();
opened.defer(() => rm(folder, { recursive: true, force: true }));
const agent = await writeBenchAgent(folder);
const { clips, far, process: providers } = await startProviders(folder);
opened.defer(() => providers.close());
const stack = await RunningStack.start({
  ...{ SPEECH_HOST: `ws://${far}`, AZURE_OPENAI_BASE_URL: `http://${far}/openai/v1` },
  ...{ ...agent, MAX_SESSIONS: String(calls + 10) },
});
opened.defer(async () => void (await stack.close()));

const talk = newTalk();
const spoken = clips.callers.map(({ kind, pcm }): SpokenClip => ({ kind, frames: framesOf(pcm) }));
const quiet = [new Uint8Array(FRAME_BYTES)];
const talkers = Array.from({ length: calls }, (_, n) => {
  const number = `+1555${String(1_000_000 + n)}`;
  const random = new Random(`caller ${n}`);
  return new Talker({ emulatorUrl: stack.emulatorUrl, number, clips: spoken, noise: quiet, random, talk });
});
const ticking = setInterval(() => {
  for (const talker of talkers) talker.tick();
}, FRAME_MS);
const standing = () => talkers.flatMap(({ callId }) => callId ?? []);
const giveUpAt = performance.now() + REACH_MS;
const untilStand = async (wanted: number) => {
  while (standing().length < wanted && performance.now() < giveUpAt) await sleep(50);
};
for (const [n, talker] of talkers.entries()) {
  await untilStand(n + 1 - MOST_RINGING);
  await talker.dial();
  await sleep(DIAL_EVERY_MS);
}
await untilStand(calls);
const callIds = standing();
say(`${callIds.length} of ${calls} calls stand at once; they talk for ${seconds} s`);
await sleep(seconds * 1000);
clearInterval(ticking);
for (const talker of talkers) talker.hangUp();

const found = await Promise.allSettled(
  callIds.map(async (callId) => {
    const { session_id: id, events } = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${callId}`);
    const reached = z.array(z.object({ type: z.string() })).parse(events);
    // A host that is too busy takes no socket: the phone network has answered, and nobody talks.
    if (!reached.some(({ type }) => type === 'media.connected')) throw new Error(`${id} never reached a host.`);
    return (await traceOf(stack.emulatorUrl, String(id))).items.length;
  }),
);
const torn = found.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
const spans = found.reduce((sum, each) => sum + (each.status === 'fulfilled' ? each.value : 0), 0);
const map = (await stack.getJson(`${stack.emulatorUrl}/telemetry/map`)) as unknown as DependencyMap;
for (const { role, type, target, calls: asked, failures, p95Ms } of map.edges) {
  say(`${role} → ${target} (${type}): ${asked} calls, ${failures} failures, p95 ${p95Ms.toFixed(1)} ms`);
}
say(`${callIds.length - torn.length} whole traces of ${calls}; ${spans} spans; ${JSON.stringify(talk)}`);
for (const reason of torn) say(reason);
for (const line of stack.log) if (/too busy for more/.test(line)) say(line);
if (torn.length > 0 || callIds.length < calls) process.exitCode = 1;

function framesOf(pcm: Uint8Array): Buffer[] {
  return Array.from({ length: Math.floor(pcm.length / FRAME_BYTES) }, (_, n) =>
    Buffer.from(pcm.subarray(n * FRAME_BYTES, (n + 1) * FRAME_BYTES)),
  );
}
