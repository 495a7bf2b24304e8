import { pino } from 'pino';
import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Recogniser } from '../../stream-host/contract/speech.ts';
import { openAzureRecogniser } from '../../stream-host/speech/recognition/azure-recogniser.ts';
import { readClips } from './clips.ts';
import type { FromRecogniserAlone, RecogniserAloneStart } from './messages.ts';
import { monotonicMs } from './monotonic.ts';

/**
 * A process that does nothing but feed so many of the product's recognisers at the pace of speech, and takes its own
 * CPU time: what the Speech SDK costs a call, apart from everything else. With `silent`, nobody listens: what is left is
 * the feeding itself, to be taken off.
 */
const WARM_MS = 3000;
/** What they differ by is the spread. */
const PARTS = 5;
/** One in three: how much of a caller's line is speech. */
const SPEECH_EVERY_FRAMES = 450;

process.once('message', (start: RecogniserAloneStart) => void run(start));
process.once('disconnect', () => process.exit(0));

async function run({ folder, speechHost, calls, seconds, silent }: RecogniserAloneStart): Promise<void> {
  const clips = await readClips(folder);
  const open = openAzureRecogniser({
    service: { host: speechHost, key: 'bench' },
    clock: systemClock,
    log: pino({ level: 'silent' }),
    random: Math.random,
    language: 'en-US',
  });
  let heard = 0;
  const events = { onPartial: () => {}, onFinal: () => void heard++, onNoWords: () => {}, onState: () => {} };
  const recognisers = Array.from({ length: calls }, (): Recogniser => (silent ? nobody : open(events)));
  const quiet = new Uint8Array(FRAME_BYTES);
  const beganMs = monotonicMs();
  let beat = 0;
  const timer = setInterval(() => {
    for (; beganMs + beat * FRAME_MS <= monotonicMs(); beat += 1) {
      for (const [call, recogniser] of recognisers.entries()) {
        const clip = clips[call % clips.length];
        const at = ((beat + call * 7) % SPEECH_EVERY_FRAMES) * FRAME_BYTES;
        const frame = clip && at < clip.pcm.length ? clip.pcm.subarray(at, at + FRAME_BYTES) : quiet;
        recogniser.write(frame);
      }
    }
  }, FRAME_MS);
  await new Promise((resolve) => setTimeout(resolve, WARM_MS));
  const parts: FromRecogniserAlone['parts'][number][] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const cpu = process.cpuUsage();
    const sinceMs = monotonicMs();
    await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / PARTS));
    const { user, system } = process.cpuUsage(cpu);
    const elapsedMs = monotonicMs() - sinceMs;
    parts.push({ cpuMs: (user + system) / 1000, elapsedMs, rssMb: process.memoryUsage.rss() / 1e6 });
  }
  clearInterval(timer);
  for (const recogniser of recognisers) recogniser.close();
  const answer: FromRecogniserAlone = {
    type: 'used',
    parts,
    phrases: heard,
  };
  process.send?.(answer);
}

const nobody: Recogniser = { write: () => {}, restart: () => {}, close: () => {} };
