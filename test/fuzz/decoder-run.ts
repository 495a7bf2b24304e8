import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '../../bench/random.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import { DECODERS, type Decoder } from './decoders.ts';
import { fuzzed } from './mutations.ts';

/** An input that should not have done this. */
export interface Crash {
  readonly decoder: string;
  readonly input: string;
  readonly problem: string;
}

export interface DecoderReport {
  readonly inputs: number;
  /** Inputs that were read, and those that were refused on purpose. */
  readonly read: number;
  readonly refused: number;
  readonly crashes: readonly Crash[];
  readonly slowestMs: number;
  readonly seconds: number;
  /** What the process holds after the run beyond what it held after the first tenth of it, in MB. */
  readonly grownMb: number;
}

export interface DecoderRunOptions {
  readonly inputs: number;
  readonly seed: string;
  readonly onProgress?: (done: number) => void;
}

/** More processor than any input of some kilobytes may take: a pattern that runs wild. Once more, as garbage counts too. */
const TOO_SLOW_MS = 250;
const MOST_CRASHES = 20;
const PROGRESS_EVERY = 100_000;

/** Gives damaged inputs to everything that reads what comes from outside, in this process. */
export async function fuzzDecoders({ inputs, seed, onProgress }: DecoderRunOptions): Promise<DecoderReport> {
  const random = new Random(`decoders ${seed}`);
  const beganMs = performance.now();
  const counts = { read: 0, refused: 0 };
  const crashes: Crash[] = [];
  let [slowestMs, heldMb] = [0, 0];
  for (let n = 0; n < inputs && crashes.length < MOST_CRASHES; n += 1) {
    const decoder = DECODERS[n % DECODERS.length] ?? random.pick(DECODERS);
    const input = fuzzed(random, random.pick(decoder.seeds), decoder.isJson ?? false);
    const tookMs = await give(decoder, input, counts, crashes);
    if (tookMs > TOO_SLOW_MS && (await give(decoder, input, counts, crashes)) > TOO_SLOW_MS) {
      crashes.push({ decoder: decoder.name, input, problem: `took ${Math.round(tookMs)} ms` });
    }
    slowestMs = Math.max(slowestMs, tookMs);
    if (n === Math.floor(inputs / 10)) heldMb = collectedMb();
    if (n % PROGRESS_EVERY === PROGRESS_EVERY - 1) onProgress?.(n + 1);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  return { inputs, ...counts, crashes, slowestMs, seconds, grownMb: collectedMb() - heldMb };
}

/** Resolves with the milliseconds of processor that it took: time on the clock is also that of the others on the machine. */
async function give(
  decoder: Decoder,
  input: string,
  counts: { read: number; refused: number },
  crashes: Crash[],
): Promise<number> {
  const before = process.cpuUsage();
  try {
    const given = decoder.decode(input);
    if (given instanceof Promise) await given;
    counts.read += 1;
  } catch (error) {
    if (error instanceof ParleyError && error.code !== 'internal') counts.refused += 1;
    else crashes.push({ decoder: decoder.name, input, problem: messageOf(error) });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What this process holds once its garbage is collected. */
function collectedMb(): number {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  for (let round = 0; round < 2 && typeof gc === 'function'; round += 1) gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}
