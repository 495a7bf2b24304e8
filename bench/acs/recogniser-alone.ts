import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Recogniser } from '../../stream-host/contract/speech.ts';
import { openAzureRecogniser } from '../../stream-host/speech/recognition/azure-recogniser.ts';
import { monotonicMs } from '../harness/protocol.ts';
import { serve } from './child.ts';
import type { Clip } from './clips.ts';

const WARM_MS = 3000;
/** What they differ by is the spread. */
const PARTS = 5;
/** One in three: how much of a caller's line is speech. */
const SPEECH_EVERY_FRAMES = 450;
const nobody: Recogniser = { write: () => {}, restart: () => {}, close: () => {} };

export interface RecogniserAloneOptions {
  readonly clips: readonly Clip[];
  readonly speechHost: string;
  readonly calls: number;
  readonly seconds: number;
  readonly silent: boolean;
}

const api = {
  /**
   * Does nothing but feed so many of the product's recognisers at the pace of speech, and takes this process's own CPU
   * time: what the Speech SDK costs, apart from everything else. With `silent`, nobody listens: what is left is the
   * feeding itself, to be taken off.
   */
  async use({ clips, speechHost, calls, seconds, silent }: RecogniserAloneOptions) {
    const open = openAzureRecogniser({
      service: { host: speechHost, key: 'bench' },
      clock: systemClock,
      log: pino({ level: 'silent' }),
      random: Math.random,
      language: 'en-US',
    });
    let phrases = 0;
    const events = { onPartial: () => {}, onFinal: () => void phrases++, onNoWords: () => {}, onState: () => {} };
    const recognisers = Array.from({ length: calls }, (): Recogniser => (silent ? nobody : open(events)));
    const quiet = new Uint8Array(FRAME_BYTES);
    const beganMs = monotonicMs();
    let beat = 0;
    const timer = setInterval(() => {
      for (; beganMs + beat * FRAME_MS <= monotonicMs(); beat += 1) {
        for (const [call, recogniser] of recognisers.entries()) {
          const { pcm = quiet } = clips[call % clips.length] ?? {};
          const at = ((beat + call * 7) % SPEECH_EVERY_FRAMES) * FRAME_BYTES;
          recogniser.write(at < pcm.length ? pcm.subarray(at, at + FRAME_BYTES) : quiet);
        }
      }
    }, FRAME_MS);
    await sleep(WARM_MS);
    const parts: { readonly cpu: number; readonly rssMb: number }[] = [];
    for (let part = 0; part < PARTS; part += 1) {
      const before = process.cpuUsage();
      const sinceMs = monotonicMs();
      await sleep((seconds * 1000) / PARTS);
      const { user, system } = process.cpuUsage(before);
      parts.push({
        cpu: (user + system) / 10 / (monotonicMs() - sinceMs),
        rssMb: process.memoryUsage.rss() / 1e6,
      });
    }
    clearInterval(timer);
    for (const recogniser of recognisers) recogniser.close();
    // Phrases that were heard: proof that the recognisers were at work.
    if (!silent && phrases === 0) throw new Error('The recognisers heard nothing.');
    return parts;
  },
};
export type RecogniserAloneApi = typeof api;
serve(api);
